/** Random regexes over a small alphabet, and every text of that alphabet up to a length: what languages are held against. */
import fc from 'fast-check'
import { compilePattern, compileRegex, type Dfa } from '../../../compiler/algebra/index.ts'
import { type PatternLiteral, parsePattern, parseRegex } from '../../../compiler/model/index.ts'

export const ALPHABET = ['a', 'b', ':', 'é'] as const

/** Every text of the alphabet up to `length` characters, shorter ones first. */
export function textsUpTo(length: number): readonly string[] {
  const all = ['']
  let last = ['']
  for (let i = 0; i < length; i++) {
    last = last.flatMap((text) => ALPHABET.map((character) => text + character))
    all.push(...last)
  }
  return all
}

const atom = fc.constantFrom('a', 'b', ':', 'é', '.', '[ab]', '[^:]', '[^bé]', '[a-é]', '', '[^a-z]')

/** A regex between its slashes. */
export const regexText: fc.Arbitrary<string> = fc
  .letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'regex' },
      atom,
      fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => a + b),
      fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a}|${b})`),
      fc.tuple(tie('expression'), fc.constantFrom('*', '?', '+', '{2}', '{1,3}')).map(([a, op]) => `(${a})${op}`),
    ),
  }))
  .expression.filter((text) => parseRegex(`/${text}/`).ok)

export function regexDfa(text: string): Dfa {
  const parsed = parseRegex(`/${text}/`)
  const compiled = parsed.ok ? compileRegex(parsed.value) : undefined
  if (compiled?.ok !== true) throw new Error(`/${text}/ is no regex`)
  return compiled.dfa
}

export function pattern(text: string): PatternLiteral {
  const parsed = parsePattern(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.message}`)
  return parsed.value
}

export function patternDfa(text: string): Dfa {
  return compilePattern(pattern(text))
}
