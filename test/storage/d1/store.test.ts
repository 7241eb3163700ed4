import { drizzle } from 'drizzle-orm/d1'
import { describe, expect, test } from 'vitest'
import { createHost, type Host, type Row, type Store } from '../../../runtime/index.ts'
import { type D1Options, openD1Store } from '../../../storage/d1/index.ts'
import { openStore } from '../../../storage/index.ts'
import { setting } from '../sqlite/files.ts'
import { type LocalD1, localD1, type Step } from './over-sqlite.ts'

const P = 'default'

interface Opened extends LocalD1 {
  readonly store: Store
  /** Another program over the same database. */
  readonly other: Store
}

async function open(options: Omit<Partial<D1Options>, 'binding'> = {}): Promise<Opened> {
  const d1 = localD1()
  const store = openD1Store({ ...options, binding: d1.binding })
  await store.migrate()
  return { ...d1, store, other: openD1Store({ binding: d1.binding }) }
}

const used = async (store: Store) =>
  (await store.read(P, (reader) => reader.get('meters', { key: 'k', windowStart: 0 })))?.used ?? 0

const countUp = (store: Store) =>
  store.transaction(P, async (tx) => {
    const before = (await tx.get('meters', { key: 'k', windowStart: 0 }))?.used ?? 0
    await tx.put('meters', [{ key: 'k', windowStart: 0, used: before + 1 }])
    return before
  })

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: { readonly code?: unknown; readonly message?: unknown }) => [error.code, error.message],
  )

const lost = (): undefined => {
  throw new Error('D1_ERROR: Network connection lost.')
}

describe('two programs over one database', () => {
  test('count every call once, and none twice', async () => {
    const { store, binding } = await open({ deadlineMs: 20_000 })
    const other = openD1Store({ binding, deadlineMs: 20_000 })
    const before = await Promise.all(Array.from({ length: 60 }, (_, at) => countUp(at % 2 === 0 ? store : other)))
    expect(before.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, at) => at))
    expect(await used(store)).toBe(60)
  })

  test('run work again that another one was faster than, on what that one left', async () => {
    const { store, other } = await open()
    const seen: number[] = []
    await store.transaction(P, async (tx) => {
      const before = (await tx.get('meters', { key: 'k', windowStart: 0 }))?.used ?? 0
      seen.push(before)
      if (seen.length === 1) await countUp(other)
      await tx.put('meters', [{ key: 'k', windowStart: 0, used: before + 10 }])
    })
    expect({ seen, used: await used(store) }).toEqual({ seen: [0, 1], used: 11 })
  })

  test('never see two states in one transaction, nor in one reading', async () => {
    const { store, other } = await open()
    await store.transaction(P, (tx) => tx.put('settings', [setting('a', '0'), setting('b', '0')]))
    for (const mode of ['read', 'transaction'] as const) {
      const seen: unknown[] = []
      let runs = 0
      await store[mode](P, async (reader) => {
        const a = await reader.get('settings', { name: 'a' })
        if (runs++ === 0) {
          const value = `${mode}`
          await other.transaction(P, (tx) => tx.put('settings', [setting('a', value), setting('b', value)]))
        }
        seen.push([a?.value, (await reader.get('settings', { name: 'b' }))?.value])
      })
      expect(seen).toEqual([[mode, mode]])
    }
  })

  test('throw what work throws only when it saw what is there', async () => {
    const { store, other } = await open()
    let runs = 0
    const result = await store.transaction(P, async (tx) => {
      const isFirst = runs++ === 0
      await tx.get('settings', { name: 'a' })
      if (isFirst) await other.transaction(P, (own) => own.put('settings', [setting('b', '1')]))
      if ((await tx.get('settings', { name: 'b' })) === undefined) throw new Error('b is missing')
      return runs
    })
    expect(result).toBe(2)
  })

  test('give up in time when others write all the time', async () => {
    const { store, other } = await open({ deadlineMs: 1000 })
    const busy = store.transaction(P, async (tx) => {
      await tx.get('settings', { name: 'a' })
      await countUp(other)
      await tx.put('settings', [setting('a', '1')])
    })
    expect(await codeOf(busy)).toEqual(['KVCH_E_STORE_LOCKED', 'other programs write to the database all the time'])
    expect(await store.read(P, (reader) => reader.find('settings', 'key'))).toEqual([])
  })

  test('migrate at once, and find the tables made', async () => {
    const { binding, database } = localD1()
    await Promise.all(Array.from({ length: 4 }, () => openD1Store({ binding }).migrate()))
    expect(database.prepare('SELECT max(version) AS version, count(*) AS rows FROM kavach_migrations').get()).toEqual({
      version: 5,
      rows: 5,
    })
  })
})

describe('a call whose answer is lost', () => {
  test('was made where the stamp says so', async () => {
    const { store, next } = await open()
    // The reading, and the batch: it is done, and its answer does not arrive.
    next(...([() => undefined, () => lost] satisfies readonly Step[]))
    expect(await countUp(store)).toBe(0)
    expect(await used(store)).toBe(1)
  })

  test('was not made where it never arrived, and says that it failed', async () => {
    const { store, next } = await open()
    next(() => undefined, lost)
    expect(await codeOf(countUp(store))).toEqual(['KVCH_E_STORE_UNAVAILABLE', 'the database does not answer'])
    expect(await used(store)).toBe(0)
  })

  test('ends in time, and holds nobody up for longer', async () => {
    const { store, next } = await open({ deadlineMs: 1000 })
    next(() => new Promise<undefined>(() => undefined))
    const stuck = codeOf(countUp(store))
    expect((await stuck)?.[0]).toBe('KVCH_E_STORE_TIMEOUT')
    expect(await countUp(store)).toBe(0)
  })

  test('that is late writes nothing any more', async () => {
    const { store, other } = await open({ deadlineMs: 300 })
    let go: (value: undefined) => void = () => undefined
    const gate = new Promise<undefined>((resolve) => {
      go = resolve
    })
    const late = store.transaction(P, async (tx) => {
      await tx.get('settings', { name: 'a' })
      await gate
      await tx.put('settings', [setting('a', '1')])
    })
    expect((await codeOf(late))?.[0]).toBe('KVCH_E_STORE_TIMEOUT')
    go(undefined)
    expect(await other.read(P, (reader) => reader.find('settings', 'key'))).toEqual([])
  })
})

describe('what goes to the database', () => {
  test('is one call to read and one to write, however many rows', async () => {
    const { store, calls } = await open()
    const rows = Array.from({ length: 500 }, (_, at) => setting(`s${at}`, ''))
    const before = calls()
    await store.transaction(P, async (tx) => {
      await Promise.all(rows.slice(0, 50).map(({ name }) => tx.get('settings', { name })))
      await tx.put('settings', rows)
    })
    expect(calls() - before).toBe(2)
  })

  test('is nothing more for a row that the transaction has read or written', async () => {
    const { store, calls } = await open()
    await store.transaction(P, (tx) => tx.put('settings', [setting('a', '1'), setting('b', '2')]))
    const before = calls()
    await store.transaction(P, async (tx) => {
      const rows = await tx.find('settings', 'key')
      for (const { name } of rows) expect(await tx.remove('settings', { name })).toBe(true)
      expect(await tx.remove('settings', { name: 'a' })).toBe(false)
      await tx.put('settings', [setting('c', '3')])
      expect(await tx.get('settings', { name: 'c' })).toEqual(setting('c', '3'))
    })
    expect(calls() - before).toBe(2)
  })
})

describe('what D1 is not', () => {
  test('a clock that is set wrong is said, whichever it is', async () => {
    const at = (ms: number): Host => ({ ...createHost(), now: () => Date.now() + ms })
    for (const ms of [-60_000, 60_000]) {
      const { binding } = await open()
      const store = openD1Store({ binding, host: at(ms) })
      const [code, message] = (await codeOf(countUp(store))) ?? []
      expect(code).toBe('KVCH_E_STORE_UNAVAILABLE')
      expect(message).toMatch(
        /^the clock of this machine is (59|60)\d\d\d ms away from that of the database; set it right$/,
      )
    }
    const { binding } = await open()
    expect(await countUp(openD1Store({ binding, host: at(1500) }))).toBe(0)
  })

  test('a row that is too large is refused before it is sent, with what to do', async () => {
    const { store, calls } = await open()
    const policy = (bytes: number): Row<'policies'> => {
      return { digest: 'd', name: 'p', generation: 1, image: new Uint8Array(bytes), activatedAt: null }
    }
    const before = calls()
    expect(await codeOf(store.transaction(P, (tx) => tx.put('policies', [policy(2_000_000)])))).toEqual([
      'KVCH_E_STORE_FULL',
      'a row of `policies` has 2000018 bytes, and D1 keeps at most 2000000; use another database for a policy of this size, or let each project have a policy of its own',
    ])
    expect(calls()).toBe(before)
    await store.transaction(P, (tx) => tx.put('policies', [policy(1_999_900)]))
    const kept = await store.read(P, (reader) => reader.get('policies', { digest: 'd' }))
    expect(kept?.image.length).toBe(1_999_900)
  })

  test('meters of a SQLite file are found in both of their tables, and change in one', async () => {
    const { store, database } = await open()
    const insert = (table: string, key: string, value: number) =>
      database
        .prepare(`INSERT INTO ${table} (project, key, windowStart, used) VALUES ('default', ?, 0, ?)`)
        .run(key, value)
    insert('kavach_cold_meters', 'a', 1)
    insert('kavach_cold_meters', 'b', 2)
    insert('kavach_meters', 'b', 3)
    insert('kavach_meters', 'c', 4)
    const meters = (isReversed: boolean) => store.read(P, (reader) => reader.find('meters', 'key', { isReversed }))
    const rows = [
      { key: 'a', windowStart: 0, used: 1 },
      { key: 'b', windowStart: 0, used: 3 },
      { key: 'c', windowStart: 0, used: 4 },
    ]
    expect(await meters(false)).toEqual(rows)
    expect(await meters(true)).toEqual(rows.toReversed())
    const taken = store.transaction(P, (tx) => tx.insert('meters', [{ key: 'a', windowStart: 0, used: 9 }]))
    expect((await codeOf(taken))?.[0]).toBe('KVCH_E_STORE_CONFLICT')
    await store.transaction(P, async (tx) => {
      await tx.put('meters', [{ key: 'a', windowStart: 0, used: 5 }])
      await tx.remove('meters', { key: 'b', windowStart: 0 })
    })
    expect((await meters(false)).map(({ key, used: value }) => [key, value])).toEqual([
      ['a', 5],
      ['c', 4],
    ])
  })

  test('a store without its tables says how they are made', async () => {
    const store = openD1Store({ binding: localD1().binding })
    expect(await codeOf(countUp(store))).toEqual([
      'KVCH_E_STORE_SCHEMA',
      'the database lacks what this version needs; apply the text that `kavach migrate --print` prints',
    ])
  })
})

describe('the option `database`', () => {
  test('takes a binding by name, alone, or under Drizzle', async () => {
    const { binding } = localD1()
    const db = drizzle(binding as unknown as Parameters<typeof drizzle>[0])
    const opened = await Promise.all([
      openStore({ provider: 'd1', binding }),
      openStore(binding),
      openStore(db as never),
    ])
    expect(opened.map(({ provider, isDurable }) => [provider, isDurable])).toEqual(Array(3).fill(['d1', true]))
    expect(opened[2]?.db).toBe(db)
  })

  test.each([
    [{ provider: 'd1' }, 'database.binding: give the binding of a D1 database, such as `env.KAVACH_DB`'],
    [{ provider: 'd1', binding: {} }, 'database.binding: give the binding of a D1 database, such as `env.KAVACH_DB`'],
    [{ provider: 'd1', url: 'x' }, 'database.url: is not known; `provider` and `binding` are'],
  ])('refuses %j', async (given, message) => {
    expect(await codeOf(openStore(given as never))).toEqual(['KVCH_E_CONFIG_INVALID', message])
  })
})
