/**
 * I2: money and calls spent never exceed a cap, whatever the number of processes.
 *
 * `../races.test.ts` has calls from four processes against a cap, 200 at once against five, and agents of a user.
 */
import { expect, test } from 'vitest'
import { createMemoryStore } from '../../../../storage/index.ts'
import { Random } from '../../../properties/generate/random.ts'
import { slowly } from '../../slow-store.ts'
import {
  DAY,
  errorOf,
  freshFile,
  HOUR,
  MINUTE,
  makeAgent,
  metersOf,
  openFile,
  openHost,
  queryFile,
  READ,
  START,
  setClock,
} from '../hosts.ts'
import { startHost } from './child.ts'

const SEED = Number(process.env.KAVACH_CAPS_SEED ?? 20_261_125)

function spender(budgetUsdPerDay: number, more: object = {}) {
  return { permissions: [{ resource: 'doc:**', actions: ['read'], constraints: { budgetUsdPerDay, ...more } }] }
}

/** Slowing down begins at 80 %, and is not what is asked about here. */
const FAST = { throttlePerMinute: 1_000_000 }

test('two hosts and another process that spend at once are allowed what the budget holds, and not a cent more', async () => {
  const file = freshFile()
  // Who asks for money that is not there, again and again, would be suspended.
  const options = { anomaly: { consecutiveDenials: false } } as const
  const [one, two, three] = [
    await openFile(file, options),
    await openFile(file, options),
    await startHost(file, options),
  ]
  const { id } = await makeAgent(one, spender(1, FAST))
  const spend = { ...READ, cost: 0.03 }
  const answers = (
    await Promise.all([
      three.authorizeAll(id, spend, 40),
      ...[one, two].flatMap((kavach) => Array.from({ length: 40 }, async () => [await kavach.authorize(id, spend)])),
    ])
  ).flat()
  expect(answers.filter(({ allowed }) => allowed)).toHaveLength(33)
  expect(new Set(answers.flatMap(({ code }) => code ?? []))).toEqual(new Set(['KVCH_E_RATE_BUDGET_EXCEEDED']))
  expect(moneyOf(file)).toBe(990_000_000)
})

test('with a store that has to be waited for, 100 at once spend no more than there is', async () => {
  const kavach = await openHost({ database: slowly(createMemoryStore()) })
  const { id } = await makeAgent(kavach, spender(1, { ...FAST, maxCallsPerHour: 8 }))
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, call) => kavach.authorize(id, { ...READ, cost: call % 2 === 0 ? 0.2 : 0 })),
  )
  const costs = answers.flatMap(({ allowed }, call) => (allowed ? [call % 2 === 0 ? 0.2 : 0] : []))
  expect(costs).toEqual([0.2, 0, 0.2, 0, 0.2, 0, 0.2, 0])
})

test('what is reserved, completed, left to expire and overrun adds up, step by step', async () => {
  setClock(START)
  const file = freshFile()
  const hosts = [await openFile(file), await openFile(file)] as const
  const { id } = await makeAgent(hosts[0], spender(1, FAST))
  const random = new Random(SEED)
  /** Nano-USD that the meter must read, and what is reserved for calls that are not completed. */
  let used = 0
  let now = START
  const open = new Map<string, { readonly reserved: number; readonly due: number }>()
  let refused = 0
  for (let step = 0; step < 400; step++) {
    const kavach = random.pick(hosts)
    const roll = random.below(10)
    if (roll < 6) {
      const cost = random.pick([10_000_000, 70_000_000, 1, 250_000_000, 0])
      const { allowed, auditId = '' } = await kavach.authorize(id, { ...READ, cost: cost / 1e9 })
      expect({ step, allowed }).toEqual({ step, allowed: used < 1e9 && used + cost <= 1e9 })
      if (allowed) {
        used += cost
        open.set(auditId, { reserved: cost, due: now + 10 * MINUTE })
      } else refused++
    } else if (roll < 9) {
      if (open.size === 0) continue
      const [auditId, { reserved, due }] = random.pick([...open])
      open.delete(auditId)
      const actual = random.chance(0.93) ? Math.floor(reserved * random.pick([0, 0.25, 1])) : reserved + 5
      const { isLate, overrunUsd } = await kavach.complete(auditId, { outcome: 'success', costUsd: actual / 1e9 })
      expect({ step, isLate }).toEqual({ step, isLate: due <= now })
      if (due > now) used = actual > reserved ? Math.max(1e9, used + actual - reserved) : used + actual - reserved
      expect(Math.round(overrunUsd * 1e9)).toBe(Math.max(0, actual - reserved))
      expect((await errorOf(kavach.complete(auditId, { outcome: 'failure' }))).code).toBe('KVCH_E_RESERVATION_CLOSED')
    } else if (random.chance(0.1) && now + 9 * HOUR < START + 100 * DAY) {
      // The next day, with a budget of its own.
      now += DAY - (now % DAY) + HOUR
      used = 0
      open.clear()
      setClock(now)
    } else {
      now += random.pick([1000, MINUTE, 4 * MINUTE])
      setClock(now)
    }
    expect({ step, used: moneyOf(file, now) }).toEqual({ step, used })
  }
  expect(refused).toBeGreaterThan(20)
})

test('a call that nobody completed counts as spent for good', async () => {
  setClock(START)
  const kavach = await openHost()
  const { id } = await makeAgent(kavach, spender(1, FAST))
  const { auditId = '' } = await kavach.authorize(id, { ...READ, cost: 0.9 })
  setClock(START + 10 * MINUTE)
  expect(await kavach.complete(auditId, { outcome: 'success', costUsd: 0.1 })).toMatchObject({ isLate: true })
  expect(await kavach.authorize(id, { ...READ, cost: 0.2 })).toMatchObject({
    allowed: false,
    code: 'KVCH_E_RATE_BUDGET_EXCEEDED',
  })
  setClock(START + DAY)
  expect(await kavach.authorize(id, { ...READ, cost: 0.2 })).toMatchObject({ allowed: true })
})

test('ten completions at once of one call give its money back once', async () => {
  const file = freshFile()
  const hosts = [await openFile(file), await openFile(file)]
  const [first] = hosts
  if (first === undefined) throw new TypeError('there are two')
  const { id } = await makeAgent(first, spender(1, FAST))
  const other = await first.authorize(id, { ...READ, cost: 0.5 })
  const { auditId = '' } = await first.authorize(id, { ...READ, cost: 0.4 })
  const completed = await Promise.allSettled(
    Array.from({ length: 10 }, (_, at) => hosts[at % 2]?.complete(auditId, { outcome: 'success', costUsd: 0.1 })),
  )
  expect(completed.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect([other.allowed, moneyOf(file)]).toEqual([true, 600_000_000])
})

test('a host that remembers a delegation that has ended counts an equal one where a new host does', async () => {
  setClock(START)
  const file = freshFile()
  const old = await openFile(file)
  const [{ id: fromAgent }, { id: toAgent }] = [await makeAgent(old), await makeAgent(old, { type: 'delegated' })]
  const lend = { fromAgent, toAgent, ...spender(1, FAST) }
  await old.delegate({ ...lend, expiresAt: new Date(START + HOUR) })
  await old.delegate(lend)
  const spend = { ...READ, cost: 0.6 }
  expect((await old.authorize(toAgent, READ)).allowed).toBe(true)
  setClock(START + DAY)
  expect(await old.authorize(toAgent, spend)).toMatchObject({ allowed: true })
  const young = await openFile(file)
  expect(await young.authorize(toAgent, spend)).toMatchObject({ allowed: false, code: 'KVCH_E_RATE_BUDGET_EXCEEDED' })
})

/** The meter of the one budget, in the day of `now`. */
function moneyOf(file: string, now?: number): number {
  if (now === undefined) {
    return Object.entries(metersOf(file)).reduce((sum, [key, used]) => (key.includes('/day/') ? sum + used : sum), 0)
  }
  const rows = queryFile(
    file,
    'SELECT used FROM kavach_meters WHERE key LIKE ? AND windowStart = ?',
    '%/day/%',
    now - (now % DAY),
  )
  const [row] = rows as { used: number }[] // The column that the statement names.
  return row?.used ?? 0
}
