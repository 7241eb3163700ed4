import { expect, test } from 'vitest'
import { emitImage } from '../../../compiler/emit/index.ts'
import * as layout from '../../../engine-wasm/format/layout.ts'
import { modelOf, sectionOf } from './model.ts'

const IMAGE = emitImage(
  modelOf(`autonomous agent a {
  allow read on zeta, alpha:*, beta:gamma:**
  allow read on *:delta
  allow write on alpha:*, {one,two}
  allow read on x*
}`),
)
const RULES = sectionOf(IMAGE, layout.S_RULES, layout.RULE_SIZE)
const record = (index: number, at: number) => Buffer.from(RULES.bytes).readUInt32LE(index * layout.RULE_SIZE + at)
const kinds = Buffer.from(sectionOf(IMAGE, layout.S_PATTERNS, layout.PATTERN_SIZE).bytes)
const kindOf = (index: number) => kinds.readUInt32LE(record(index, layout.RULE_PATTERN) * layout.PATTERN_SIZE)

test('hashed rules are sorted, automata stand behind them', () => {
  const agent = Buffer.from(sectionOf(IMAGE, layout.S_AGENTS, layout.AGENT_SIZE).bytes)
  const [hashed, general] = [agent.readUInt32LE(layout.AGENT_HASHED), agent.readUInt32LE(layout.AGENT_GENERAL)]
  expect([hashed, general, RULES.count]).toEqual([6, 2, 8])
  const beside = sectionOf(IMAGE, layout.S_RULE_HASHES, 4)
  expect(beside.count).toBe(8)
  const hashes = Array.from({ length: hashed }, (_, index) => Buffer.from(beside.bytes).readUInt32LE(index * 4))
  expect(hashes).toEqual([...hashes].sort((a, b) => a - b))
  expect(Array.from({ length: 8 }, (_, index) => kindOf(index) === layout.PATTERN_DFA)).toEqual([
    ...new Array<boolean>(6).fill(false),
    true,
    true,
  ])
})

test('a pattern in two grants is one record, and each rule has the id of its grant', () => {
  expect(sectionOf(IMAGE, layout.S_PATTERNS, 1).count).toBe(7)
  const ids = Array.from({ length: 8 }, (_, index) => record(index, layout.RULE_ID))
  expect([...ids].sort()).toEqual([0, 0, 0, 1, 2, 2, 2, 3])
})

test('the header says after how many segments a star or a rest may stand', () => {
  const header = new DataView(IMAGE.buffer, IMAGE.byteOffset)
  expect([layout.H_STAR_DEPTHS, layout.H_REST_DEPTHS].map((at) => header.getUint32(at, true))).toEqual([0b10, 0b100])
})
