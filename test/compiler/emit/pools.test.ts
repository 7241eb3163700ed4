import { expect, test } from 'vitest'
import { emitImage } from '../../../compiler/emit/index.ts'
import { createPools } from '../../../compiler/emit/pools.ts'
import * as layout from '../../../engine-wasm/format/layout.ts'
import { modelOf, sectionOf } from './model.ts'

/** Records of a few sections of a policy's image. */
function counts(text: string): Readonly<Record<string, number>> {
  const image = emitImage(modelOf(text))
  const count = (section: number) => sectionOf(image, section, 1).count
  return {
    conditions: count(layout.S_CONDITIONS),
    atoms: count(layout.S_ATOMS),
    extras: count(layout.S_EXTRAS),
    automata: count(layout.S_DFAS),
    approvals: count(layout.S_APPROVALS),
    ranges: count(layout.S_RANGES),
    weeks: count(layout.S_WEEKS),
    numbers: count(layout.S_NUMBERS),
  }
}

const GRANT = `when ip in cidr [10.0.0.0/8, 192.168.0.0/16] and time in hours mon-tue 08:00-09:00 and trust >= 5 and
    args.p matches /x[0-9]+/ needs approval by "b" within 1h`

test('what many grants have in common is stored once', () => {
  const once = counts(`autonomous agent a { allow read on x ${GRANT} }`)
  const often = counts(`
set here = cidr [10.0.0.0/8, 192.168.0.0/16]
autonomous agent a {
  allow read on x ${GRANT}
  allow write on y:* ${GRANT}
}
service agent b { allow * on ** ${GRANT.replace('cidr [10.0.0.0/8, 192.168.0.0/16]', 'here')} }
forbid read on z when trust >= 5 and args.p matches /x[0-9]+/`)
  // The forbid has a condition of its own, of two atoms that are known.
  expect(often).toEqual({ ...once, conditions: 2, atoms: 6 })
  expect(once).toEqual({
    conditions: 1,
    atoms: 4,
    extras: 1,
    automata: 1,
    approvals: 1,
    ranges: 2,
    weeks: 2,
    numbers: 1,
  })
})

test('conditions on arguments whose names hold separators are told apart', () => {
  const { conditions, atoms } = counts(`autonomous agent a {
  allow read on x when args.a.b = 1
  allow write on x when args."a,b" = 1
  allow copy on x when args.p = true and args.q = true
  allow move on x when args."p,x,2,0;0,15,0,q" = true
}`)
  expect({ conditions, atoms }).toEqual({ conditions: 4, atoms: 5 })
})

test('clauses are not shared: each has its own key', () => {
  const image = emitImage(
    modelOf('autonomous agent a {\n  allow read on x rate 5 per day\n  allow read on x rate 5 per day\n}'),
  )
  const { count, bytes } = sectionOf(image, layout.S_LIMITS, layout.LIMIT_SIZE)
  const keys = [0, 1].map((index) => Buffer.from(bytes).readBigUInt64LE(index * layout.LIMIT_SIZE + layout.LIMIT_KEY))
  expect([count, new Set(keys).size, sectionOf(image, layout.S_METERS, 1).count]).toEqual([2, 2, 1])
})

test('equal bytes have one place, and an automaton has its own', () => {
  const pools = createPools()
  const bytes = Uint8Array.from([...new Uint8Array(256), 0, 0, 1])
  const machine = {
    stateCount: 1,
    classCount: 1,
    classes: new Uint8Array(256),
    next: Uint16Array.of(0),
    accepting: Uint8Array.of(1),
  }
  expect([pools.text(bytes), pools.text(bytes.slice()), pools.text(bytes.subarray(0, 3))]).toEqual([0, 0, bytes.length])
  expect([pools.dfa(machine), pools.dfa({ ...machine, next: Uint16Array.of(0) })]).toEqual([0, 0])
  // Its table is written again, although the same bytes are there as a text.
  expect(pools.bytes.length()).toBe(2 * bytes.length + 3)
})

test('atoms over the agent come first, so that they can be judged alone', () => {
  const image = emitImage(
    modelOf(
      'autonomous agent a { allow read on x when trust >= 5 and agent.type = service and cost <= 1 and agent.owner in ["o"] }',
    ),
  )
  const { bytes, count } = sectionOf(image, layout.S_ATOMS, layout.ATOM_SIZE)
  const operations = Array.from({ length: count }, (_, index) => bytes[index * layout.ATOM_SIZE + layout.ATOM_OP])
  expect(operations).toEqual([layout.OP_AGENT_TYPE, layout.OP_AGENT_OWNER, layout.OP_TRUST, layout.OP_COST])
  const conditions = sectionOf(image, layout.S_CONDITIONS, layout.CONDITION_SIZE).bytes
  expect([...Uint32Array.from([0, 4, 8].map((at) => Buffer.from(conditions).readUInt32LE(at)))]).toEqual([0, 4, 2])
})

test('a condition of nothing is none', () => {
  const pools = createPools()
  expect([pools.condition(undefined), pools.condition([])]).toEqual([layout.NONE, layout.NONE])
  expect([pools.limitList(undefined), pools.limitList([]), pools.approval(undefined)]).toEqual([
    layout.NONE,
    layout.NONE,
    layout.NONE,
  ])
  expect(pools.extra({ id: 0, actions: undefined, patterns: [] })).toBe(0)
})
