import { expect, test } from 'vitest'
import { compilePattern } from '../../../compiler/algebra/index.ts'
import { patternOfAutomaton, patternOfKey } from '../../../compiler/emit/decompile-pattern.ts'
import { toForms } from '../../../compiler/emit/patterns.ts'
import { formatPattern, parsePattern } from '../../../compiler/model/index.ts'

function patternOf(text: string) {
  const parsed = parsePattern(text)
  if (!parsed.ok) throw new TypeError(`${text}: ${parsed.fault.message}`)
  return parsed.value
}

/** What is read of the automaton of a pattern, as text. */
function readBack(text: string): string | undefined {
  const found = patternOfAutomaton(compilePattern(patternOf(text)))
  return found && formatPattern(found)
}

const KEYS = ['a', 'a:b', 'a:*', 'a:b:**', '**', '"odd name":b', '"é c":*']

test.each(KEYS)('the key of %s says the pattern', (text) => {
  const [form] = toForms(patternOf(text))
  if (form === undefined || form.kind === 'dfa') throw new TypeError('no key')
  expect(patternOfKey(form.kind, new TextDecoder().decode(form.bytes))).toEqual(patternOf(text))
})

test('one segment, whatever it is, is a lone star', () => {
  expect(patternOfKey('star', '')).toEqual({ segments: [[{ kind: 'any' }]], rest: false })
})

const FOUND = [
  'pr-*',
  '*-prod',
  'a*b*c',
  '*a*',
  'a*a',
  'aa*aa',
  '*:x',
  'mcp:*:*',
  '*:**',
  'mcp:*:tool:**',
  'v*:*:x-*:**',
  '*:"odd name"',
  '"é c":*:x',
  'a*:"ümlaut"',
]

test.each(FOUND)('%s is found in its automaton', (text) => {
  expect(readBack(text)).toBe(text)
})

test('many alternatives are found, sorted', () => {
  const names = Array.from({ length: 20 }, (_, index) => `t${String(index).padStart(2, '0')}`)
  expect(readBack(`mcp:{${names.toReversed().join(',')}}`)).toBe(`mcp:{${names.join(',')}}`)
  expect(readBack('{a,b,c,d,e}:{f,g,h,i}')).toBe('{a,b,c,d,e}:{f,g,h,i}')
  expect(readBack('{a,bb,c}*:x')).toBe(undefined)
})

test('an automaton that no text of ours compiles to is left as it is', () => {
  expect(readBack('{a*,b}:c')).toBe(undefined)
  // These would be stored as texts, not as an automaton.
  expect(['a:b', '{a,b}', 'a:*', '**'].map(readBack)).toEqual([undefined, undefined, undefined, undefined])
  const none = { classes: new Uint8Array(256), classCount: 1, stateCount: 1, next: Uint16Array.of(0) }
  expect(patternOfAutomaton({ ...none, accepting: Uint8Array.of(0) })).toBe(undefined)
  expect(patternOfAutomaton({ ...none, accepting: Uint8Array.of(1) })).toBe(undefined)
})
