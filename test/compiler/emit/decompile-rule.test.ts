import { expect, test } from 'vitest'
import { createConditionReader } from '../../../compiler/emit/decompile-condition.ts'
import { createRuleReader } from '../../../compiler/emit/decompile-rule.ts'
import { digestOf, emitImage } from '../../../compiler/emit/index.ts'
import { readImage } from '../../../compiler/emit/read-image.ts'
import { formatPattern } from '../../../compiler/model/index.ts'
import * as layout from '../../../engine-wasm/format/layout.ts'
import { modelOf } from './model.ts'

const IMAGE = emitImage(
  modelOf('forbid read, write on zeta, a:*, *:b\nforbid * on v{1,2}-*:x\nforbid copy on {a,b}, zeta when trust <= 1'),
)

function rulesOf(image: Uint8Array) {
  const reader = readImage(image)
  return createRuleReader(reader, createConditionReader(reader)).rules(layout.H_GUARD_RULES)
}

test('the forms of a rule are one rule again, by id', () => {
  const short = rulesOf(IMAGE).map(({ id, scope, extra }) => {
    return [id, scope.actions, scope.patterns.map(formatPattern), scope.automata?.length ?? 0, extra]
  })
  expect(short).toEqual([
    [0, ['read', 'write'], ['zeta', 'a:*', '*:b'], 0, 1],
    [1, undefined, [], 1, 2],
    [2, ['copy'], ['zeta', 'a', 'b'], 0, 3],
  ])
})

test('what refers beyond the image, or to a kind that nobody knows, is refused', () => {
  const changed = (section: number, offset: number, value: number): Uint8Array => {
    const copy = IMAGE.slice()
    copy[readImage(IMAGE).at(section, 0, 1) + offset] = value
    copy.set(digestOf(copy), layout.H_DIGEST)
    return copy
  }
  expect(() => rulesOf(changed(layout.S_PATTERNS, layout.PATTERN_KIND, 9))).toThrow('is of the kind 9')
  expect(() => rulesOf(changed(layout.S_RULES, layout.RULE_PATTERN, 200))).toThrow('has no record 200')
})
