/** `*.test.kavach` and `*.proof.kavach` hold examples and proofs only, so that other people can own them. */
import type { Declaration } from '../../../grammar/index.ts'
import { type Rule, spanOf } from './context.ts'

/** True for the files in which only `test` and `assert` may stand. */
export function isCompanion(path: string): boolean {
  return path.endsWith('.test.kavach') || path.endsWith('.proof.kavach')
}

/** KV1013: something else than `test` and `assert` in such a file. */
export const checkCompanionFiles: Rule = ({ policy, report }) => {
  for (const file of policy.files) {
    if (!isCompanion(file.path)) continue
    const strangers: { readonly start: number; readonly end: number; readonly word: string }[] = []
    if (file.header !== undefined) strangers.push({ ...spanOf(file.header), word: 'policy' })
    for (const declaration of file.declarations) {
      if (declaration.kind === 'test' || declaration.kind === 'assert') continue
      const word = declaration.kind === 'agent' ? `${declaration.type} agent` : WORDS[declaration.kind]
      strangers.push({ ...spanOf(declaration), word })
    }
    for (const { start, end, word } of strangers) {
      report({
        code: 'KV1013',
        severity: 'error',
        message: `\`${word}\` may not stand in a file of tests or proofs`,
        path: file.path,
        span: { start, end: Math.min(end, start + word.length) },
        label: 'only `test` and `assert` may stand here',
        help: 'move it to a file whose name ends in `.kavach` alone',
      })
    }
  }
}

const WORDS: Readonly<Record<Exclude<Declaration['kind'], 'agent' | 'test' | 'assert'>, string>> = {
  catalog: 'catalog',
  set: 'set',
  role: 'role',
  delegation: 'delegate',
  boundary: 'boundary',
  forbid: 'forbid',
  require: 'require',
  'limit-all': 'limit',
}
