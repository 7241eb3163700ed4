/** Every pattern has an automaton that the format can hold; the parser's bound is on the text alone. */
import { AutomatonTooLarge, compilePattern, isSmallPattern } from '../../algebra/index.ts'
import type { PatternLiteral } from '../../model/index.ts'
import { type Rule, spanOf } from './context.ts'
import { walk } from './walk.ts'

/** KV0205, as the parser reports it for patterns that are too large at first sight. */
export const checkPatterns: Rule = ({ policy, report }) => {
  const judged = new Map<string, boolean>()
  walk(policy.files, {
    scope: (scope, _conditions, { file }) => {
      for (const pattern of scope.patterns) {
        if (isSmallPattern(pattern.value)) continue
        const isFine = judged.get(pattern.text) ?? fits(pattern.value)
        judged.set(pattern.text, isFine)
        if (isFine) continue
        report({
          code: 'KV0205',
          severity: 'error',
          message: 'this pattern stands for too many alternatives',
          path: file.path,
          span: spanOf(pattern),
          label: 'its automaton has more than 4096 states',
          help: 'split it into several patterns, or use fewer `*` inside `{...}`',
        })
      }
    },
  })
}

function fits(pattern: PatternLiteral): boolean {
  try {
    compilePattern(pattern)
    return true
  } catch (error) {
    if (error instanceof AutomatonTooLarge) return false
    throw error
  }
}
