import { expect, test } from 'vitest'
import type { Range, Row, Store } from '../../../runtime/index.ts'
import { mergeMeters, orderOf } from '../../../storage/sqlite/cold-meters.ts'
import { codeOf, connectionOf, openStoreAt } from './files.ts'

type Meter = Row<'meters'>

/** Keys in no order, some of which have characters that UTF-16 and UTF-8 order differently. */
const keyAt = (i: number) => `${((i * 7919) % 10_007).toString(16)}${i % 3 === 0 ? '\uff5e' : '\u{1f600}'}`
const meter = (i: number, used = i): Meter => ({ key: keyAt(i), windowStart: (i % 4) * 60_000, used })
const meters = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => meter(from + i))

const put = (store: Store, rows: readonly Meter[]) => store.transaction('default', (tx) => tx.put('meters', rows))
const get = (store: Store, { key, windowStart }: Meter) =>
  store.read('default', (reader) => reader.get('meters', { key, windowStart }))
const find = (store: Store, index: 'key' | 'byWindow', range?: Range) =>
  store.read('default', (reader) => reader.find('meters', index, range))

const countsOf = (store: Store) =>
  ['kavach_meters', 'kavach_cold_meters'].map((table) =>
    Number((connectionOf(store).prepare(`SELECT count(*) AS n FROM ${table}`).get() as { readonly n: number }).n),
  )

/** A store with 6,000 meters, of which the last 1,000 were changed again after they had cooled down. */
async function filled(): Promise<Store> {
  const store = await openStoreAt(':memory:')
  for (let at = 0; at < 6000; at += 500) await put(store, meters(at, at + 500))
  await put(
    store,
    meters(0, 100).map((row) => ({ ...row, used: row.used + 1_000_000 })),
  )
  return store
}

test('what is in use stands in a small table, however many meters there are', async () => {
  const store = await openStoreAt(':memory:')
  for (let at = 0; at < 20_000; at += 500) {
    await put(store, meters(at, at + 500))
    const [hot = 0] = countsOf(store)
    expect(hot).toBeLessThanOrEqual(2 * 4096)
  }
  const [hot = 0, cold = 0] = countsOf(store)
  expect(hot + cold).toBe(20_000)
})

test('a meter reads what was written last, wherever it stands', async () => {
  const store = await filled()
  const [hot, cold] = countsOf(store)
  expect([hot !== 0, cold !== 0]).toEqual([true, true])
  expect(await get(store, meter(50))).toEqual(meter(50, 1_000_050))
  expect(await get(store, meter(150))).toEqual(meter(150))
  expect(await get(store, meter(5900))).toEqual(meter(5900))
  expect(await get(store, meter(7000))).toBeUndefined()
})

test.each(['key', 'byWindow'] as const)(
  'meters of both tables are found in the order of %s, each of them once',
  async (index) => {
    const store = await filled()
    const all = [...meters(0, 100).map((row) => ({ ...row, used: row.used + 1_000_000 })), ...meters(100, 6000)]
    const bytes = (key: string) => Buffer.from(key)
    const sorted = all.toSorted((a, b) => {
      const byKey = Buffer.compare(bytes(a.key), bytes(b.key))
      const byWindow = a.windowStart - b.windowStart
      return index === 'key' ? byKey || byWindow : byWindow || byKey
    })
    expect(await find(store, index, { limit: 10_000 })).toEqual(sorted)
    expect(await find(store, index, { limit: 700 })).toEqual(sorted.slice(0, 700))
    expect(await find(store, index, { limit: 700, isReversed: true })).toEqual(sorted.toReversed().slice(0, 700))
  },
)

test('a meter is taken as long as it stands in either table, and gone from both when it is removed', async () => {
  const store = await filled()
  for (const row of [meter(50), meter(150)]) {
    const insert = () => store.transaction('default', (tx) => tx.insert('meters', [row]))
    const remove = () => store.transaction('default', (tx) => tx.remove('meters', row))
    expect(await codeOf(insert())).toBe('KVCH_E_STORE_CONFLICT')
    expect([await remove(), await remove()]).toEqual([true, false])
    expect(await get(store, row)).toBeUndefined()
    await insert()
    expect(await get(store, row)).toEqual(row)
  }
})

test('what a lost transaction moved stands where it stood', async () => {
  const store = await openStoreAt(':memory:')
  for (let at = 0; at < 4000; at += 500) await put(store, meters(at, at + 500))
  const before = countsOf(store)
  const lost = store.transaction('default', async (tx) => {
    await tx.put('meters', meters(4000, 9000))
    throw new RangeError('lost')
  })
  await expect(lost).rejects.toThrow('lost')
  expect(countsOf(store)).toEqual(before)
  expect(await get(store, meter(3999))).toEqual(meter(3999))
})

test('projects that share the tables do not see each other', async () => {
  const store = await filled()
  await store.transaction('other', (tx) => tx.put('meters', [meter(150, 7)]))
  expect(await store.read('other', (reader) => reader.find('meters', 'key'))).toEqual([meter(150, 7)])
  expect(await get(store, meter(150))).toEqual(meter(150))
})

test('lists are merged whichever ends first', () => {
  const isBefore = orderOf('byWindow', false)
  const at = (windowStart: number, used: number): Meter => ({ key: 'k', windowStart, used })
  const merge = (hot: readonly Meter[], cold: readonly Meter[], limit = 10) =>
    mergeMeters(hot, cold, { isBefore, limit })
  expect(merge([at(2, 20)], [at(1, 1), at(2, 2), at(3, 3)])).toEqual([at(1, 1), at(2, 20), at(3, 3)])
  expect(merge([at(1, 10), at(4, 40)], [at(2, 2)])).toEqual([at(1, 10), at(2, 2), at(4, 40)])
  expect(merge([], [at(1, 1), at(2, 2)], 1)).toEqual([at(1, 1)])
})
