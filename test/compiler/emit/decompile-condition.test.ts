import { expect, test } from 'vitest'
import { createConditionReader } from '../../../compiler/emit/decompile-condition.ts'
import { digestOf, emitImage } from '../../../compiler/emit/index.ts'
import { readImage } from '../../../compiler/emit/read-image.ts'
import * as layout from '../../../engine-wasm/format/layout.ts'
import { modelOf } from './model.ts'

const IMAGE = emitImage(
  modelOf('autonomous agent a {\n  allow read on x when trust >= 5 and args.p matches /a+/ and agent.owner = "o"\n}'),
)

/** The image with a byte changed and its digest made right again. */
function changed(section: number, offset: number, value: number): Uint8Array {
  const copy = IMAGE.slice()
  copy[readImage(IMAGE).at(section, 0, 1) + offset] = value
  copy.set(digestOf(copy), layout.H_DIGEST)
  return copy
}

test('conditions are atoms, those over the agent first, and none is none', () => {
  const reader = createConditionReader(readImage(IMAGE))
  expect(reader.condition(layout.NONE)).toBe(undefined)
  expect(reader.condition(0)).toEqual([
    { kind: 'agent-owner', negated: false, owners: ['o'] },
    { kind: 'number', negated: false, root: 'trust', operator: '>=', units: 5_000_000_000n },
    { kind: 'arg-matches', negated: false, path: ['p'], dfa: reader.dfa(0) },
  ])
  expect(reader.condition(0)).toBe(reader.condition(0))
})

test('what no policy says is refused', () => {
  const read = (image: Uint8Array) => () => createConditionReader(readImage(image)).condition(0)
  const trust = layout.ATOM_SIZE
  expect(read(changed(layout.S_ATOMS, trust + layout.ATOM_OP, 99))).toThrow(
    'atom 1 has the operation 99, which we do not know',
  )
  expect(read(changed(layout.S_ATOMS, trust + layout.ATOM_COMPARE, 3))).toThrow('atom 1 compares in no way we know')
  expect(read(changed(layout.S_NUMBERS, 0, 1))).toThrow('number 0 has more than 9 digits after the point')
  expect(read(changed(layout.S_CONDITIONS, layout.CONDITION_COUNT, 4))).toThrow('has no record 3')
  expect(read(changed(layout.S_DFAS, layout.DFA_STATES + 1, 200))).toThrow('are more than it holds')
  expect(() => createConditionReader(readImage(IMAGE)).condition(7)).toThrow('has no record 7')
})
