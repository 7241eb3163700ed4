/**
 * Spawning multiplies nothing: in a random tree of agents made at run time, what is called below a delegation never exceeds
 * what that delegation allows, and all calls together never exceed what the root has. Counted here by hand, charged there
 * to a ledger by the keys of reservations.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emitImage, emitState } from '../../compiler/emit/index.ts'
import { checkPolicy } from '../../compiler/front/index.ts'
import { parseState } from '../../compiler/model/index.ts'
import { loadLiveEngine, type Meters } from '../../engine-wasm/host/index.ts'
import { parsePolicy } from '../../grammar/index.ts'

const CALLS_OF_ROOT = 12
const CENTS_OF_ROOT = 90
const DEEPEST = 5

const POLICY = `policy p
service agent root {
  may delegate depth 5
  allow read on **
  limit rate ${CALLS_OF_ROOT} per day
  limit budget ${CENTS_OF_ROOT / 100} USD per day
}
boundary runtime { may delegate depth 5 allow * on ** }
`

/** An agent below another: `parent` is counted among those made before it, and 0 is the root. */
const child = fc.record({
  parent: fc.nat(9),
  calls: fc.integer({ min: 0, max: 6 }),
  cents: fc.integer({ min: 1, max: 60 }),
})
const call = fc.record({ agent: fc.nat(10), cents: fc.nat(20) })

/** Names from the root to each agent; whoever would be too deep hangs on the root. */
function pathsOf(parents: readonly number[]): readonly (readonly string[])[] {
  const paths: (readonly string[])[] = [['root']]
  for (const [index, parent] of parents.entries()) {
    const above = paths[parent % paths.length] ?? ['root']
    paths.push([...(above.length > DEEPEST ? ['root'] : above), `child${index}`])
  }
  return paths
}

function ledger(): Meters {
  const used = new Map<string, bigint>()
  const text = (key: string, unit: string) => {
    const amount = used.get(key) ?? 0n
    return unit === 'calls'
      ? `${amount}`
      : `${amount / 1_000_000_000n}.${String(amount % 1_000_000_000n).padStart(9, '0')}`
  }
  return {
    read: (meters) => Object.fromEntries(meters.map(({ key, unit }) => [key, text(key, unit)])),
    take(reservations) {
      const fits = ({ key, amount, limit }: (typeof reservations)[number]) =>
        (used.get(key) ?? 0n) + BigInt(amount) <= BigInt(limit)
      if (!reservations.every(fits)) return false
      for (const { key, amount } of reservations) used.set(key, (used.get(key) ?? 0n) + BigInt(amount))
      return true
    },
  }
}

test('no tree of children calls or spends more than its root, or than the delegation it hangs on', () => {
  const { file } = parsePolicy('p.kavach', POLICY)
  const { model } = checkPolicy([file])
  if (model === undefined) throw new Error('the policy is refused')
  const image = emitImage(model)
  let allowed = 0
  let exhausted = 0
  const tree = fc.array(child, { minLength: 1, maxLength: 10 })
  const run = fc.property(tree, fc.array(call, { maxLength: 40, size: 'max' }), (children, calls) => {
    const paths = pathsOf(children.map(({ parent }) => parent))
    const edges = children.map((limits, index) => ({ ...limits, from: paths[index + 1]?.at(-2), to: `child${index}` }))
    const parsed = parseState({
      agents: edges.map(({ to }) => ({ name: to, type: 'autonomous', permissions: [] })),
      delegations: edges.map(({ from, to, calls, cents }) => ({
        from,
        to,
        depth: 5,
        permissions: [
          {
            resource: '**',
            actions: ['read'],
            constraints: { maxCallsPerDay: calls, budgetUsdPerDay: cents / 100, throttlePerMinute: 1000 },
          },
        ],
      })),
    })
    if (!parsed.ok) throw new Error(parsed.message)
    const engine = loadLiveEngine(image)
    for (const record of emitState(parsed.value)) engine.putRecord(record)
    const meters = ledger()
    const callsBelow = new Map<string, number>()
    const centsBelow = new Map<string, number>()
    for (const { agent, cents } of calls) {
      const path = paths[agent % paths.length] ?? ['root']
      const request = { via: path.slice(0, -1), agent: path.at(-1) ?? '', action: 'read', resource: 'a:b', now: 0 }
      const { allowed: isAllowed } = engine.decide({ ...request, cost: cents / 100 }, { meters })
      if (!isAllowed) exhausted++
      else allowed++
      for (const name of isAllowed ? path : []) {
        callsBelow.set(name, (callsBelow.get(name) ?? 0) + 1)
        centsBelow.set(name, (centsBelow.get(name) ?? 0) + cents)
      }
    }
    expect(callsBelow.get('root') ?? 0).toBeLessThanOrEqual(CALLS_OF_ROOT)
    expect(centsBelow.get('root') ?? 0).toBeLessThanOrEqual(CENTS_OF_ROOT)
    for (const { to, calls, cents } of edges) {
      expect(callsBelow.get(to) ?? 0).toBeLessThanOrEqual(calls)
      expect(centsBelow.get(to) ?? 0).toBeLessThanOrEqual(cents)
    }
  })
  fc.assert(run, { numRuns: 120, seed: 20_260_401 })
  // It says something only when both happen a lot.
  expect(Math.min(allowed, exhausted)).toBeGreaterThan(400)
})
