/**
 * What every store promises to the host (`runtime/store.ts`), as a list that any test runner can go through: each promise is
 * given a way to open an empty store, and throws when it is broken.
 */
import { deepStrictEqual as equal, ok, rejects } from 'node:assert/strict'
import { KavachError, type Row, type Store, type Transaction } from '../runtime/index.ts'

/** Opens an empty store, its tables made; whoever opened it closes it. */
export type Opener = () => Promise<Store>

export type StorePromise = readonly [name: string, keep: (open: Opener) => Promise<void>]

export const STORE_PROMISES: readonly StorePromise[] = [
  ['a row is read as it was written, in its transaction and after it', readsWhatWasWritten],
  ['a row of every column is read as it was written', readsEveryKind],
  ['integers up to 2^53 - 1 and texts of any characters are kept exactly', keepsExtremes],
  ['what was given or got can be changed without changing what is kept', keepsCopies],
  ['put inserts, and replaces the whole row', replacesWholeRows],
  ['remove says whether there was a row', removes],
  ['a table without key columns has one row a project', keepsOneHead],
  ['find goes in the order of the index and, behind that, of the key', ordersByIndex],
  ['find follows rows that move in an index, and forgets rows that are gone', followsMoves],
  ['find takes null as a value, which is before all others and within no bounds', findsNull],
  ['bounds are exclusive, and may stand alone, together or against each other', bounds],
  ['find reverses, and takes from the end that it begins at', reverses],
  ['find gives 1,000 rows when nobody says how many', limits],
  ['texts are in the order of their UTF-8 bytes', ordersTexts],
  ['a transaction that throws leaves nothing behind, whether at once or later', rollsBack],
  ['a taken key is a conflict, and the transaction is lost even when it is caught', losesConflicts],
  ['a unique index is a conflict too, and not with the row itself', keepsUnique],
  ['a transaction sees what it wrote, and nobody else does before it ends', isolates],
  ['transactions that wait in between still run one after another', serialises],
  ['transactions run in the order in which they were asked for', keepsOrder],
  ['a failed transaction does not hold up those behind it', goesOn],
  ['a reader sees one state, however long it reads', readsOneState],
  ['projects know nothing of each other', separatesProjects],
  ['a project is listed once it has a log', listsProjects],
  ['a transaction that is over can do nothing more', endsTransactions],
  ['what work returns and throws comes back as it is', passesResults],
  ['migrate can be called again', migratesTwice],
  ['a closed store refuses, after what had begun is done', closes],
]

async function withStore(open: Opener, use: (store: Store) => Promise<void>): Promise<void> {
  const store = await open()
  try {
    await use(store)
  } finally {
    await store.close()
  }
}

const P = 'default'

function agent(id: string, changes: Partial<Row<'agents'>> = {}): Row<'agents'> {
  return {
    id,
    name: `name of ${id}`,
    owner: null,
    type: 'autonomous',
    origin: 'runtime',
    status: 'active',
    statusReason: null,
    permissions: '[]',
    constraints: null,
    record: null,
    expiresAt: null,
    tokenTtlMs: null,
    metadata: null,
    createdAt: 1,
    updatedAt: 1,
    version: 1,
    ...changes,
  }
}

const meter = (key: string, windowStart: number, used: number): Row<'meters'> => ({ key, windowStart, used })
const setting = (name: string, value: string): Row<'settings'> => ({ name, value })
const head = (size: number): Row<'heads'> => ({ size, frontier: new Uint8Array(0), time: 0, epoch: 0 })
const apiKey = (id: string, hash: string): Row<'apiKeys'> => {
  return { id, name: id, hash, scopes: '[]', createdAt: 1, expiresAt: null, revokedAt: null }
}
const user = (id: string, email: string | null): Row<'users'> => {
  return { id, email, name: null, createdAt: 1, updatedAt: 1 }
}

const names = async (store: Store, project = P) =>
  store.read(project, async (r) => (await r.find('settings', 'key')).map(({ name }) => name))

const isCode = (code: string) => (error: unknown) => error instanceof KavachError && error.code === code

/** Lets everything go on that can. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 0))

async function readsWhatWasWritten(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const row = meter('a', 5, 7)
    await store.transaction(P, async (tx) => {
      equal(await tx.get('meters', { key: 'a', windowStart: 5 }), undefined)
      await tx.insert('meters', [row])
      equal(await tx.get('meters', { key: 'a', windowStart: 5 }), row)
    })
    equal(await store.read(P, (r) => r.get('meters', { key: 'a', windowStart: 5 })), row)
    equal(await store.read(P, (r) => r.get('meters', { key: 'a', windowStart: 6 })), undefined)
  })
}

async function readsEveryKind(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const full = agent('a', { owner: 'o', record: Uint8Array.of(0, 255, 1), expiresAt: 3, metadata: '{}' })
    const bare = agent('b')
    const bytes = agent('c', { record: new Uint8Array(0) })
    await store.transaction(P, (tx) => tx.insert('agents', [full, bare, bytes]))
    equal(await store.read(P, (r) => r.find('agents', 'key')), [full, bare, bytes])
    equal(await store.read(P, (r) => r.get('agents', { id: 'a' })), full)
  })
}

async function keepsExtremes(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const keys = ['', ' ', 'a\0b', 'é', 'e\u0301', '😀', "';--", '"', '\\', '?1', 'x'.repeat(3000)]
    const rows = keys.map((key, at) => meter(key, at, Number.MAX_SAFE_INTEGER - at))
    await store.transaction(P, (tx) => tx.insert('meters', rows))
    for (const { key, windowStart, used } of rows) {
      equal(await store.read(P, (r) => r.get('meters', { key, windowStart })), meter(key, windowStart, used))
    }
    const negative = meter('negative', -1, -5)
    await store.transaction(P, (tx) => tx.put('meters', [negative]))
    equal(await store.read(P, (r) => r.find('meters', 'byWindow', { before: 0 })), [negative])
  })
}

async function keepsCopies(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const given = Buffer.from([1, 2, 3])
    await store.transaction(P, (tx) => tx.insert('agents', [agent('a', { record: given })]))
    given[0] = 9
    const got = await store.read(P, (r) => r.get('agents', { id: 'a' }))
    equal(got?.record, Uint8Array.of(1, 2, 3))
    // A `slice` of a Buffer would be no copy; readers rely on one.
    equal(got?.record?.constructor, Uint8Array)
    if (got?.record) got.record[0] = 9
    const [found] = await store.read(P, (r) => r.find('agents', 'key'))
    equal(found?.record, Uint8Array.of(1, 2, 3))
  })
}

async function replacesWholeRows(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const later = agent('a', { name: 'other', record: null, version: 2 })
    await store.transaction(P, (tx) => tx.put('agents', [agent('a', { owner: 'o', record: Uint8Array.of(1) })]))
    await store.transaction(P, (tx) => tx.put('agents', [later, agent('b')]))
    equal(await store.read(P, (r) => r.find('agents', 'key')), [later, agent('b')])
    await store.transaction(P, (tx) => tx.put('settings', [setting('s', '1'), setting('s', '2')]))
    equal(await store.read(P, (r) => r.find('settings', 'key')), [setting('s', '2')])
  })
}

async function removes(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    await store.transaction(P, (tx) => tx.insert('settings', [setting('a', '1'), setting('b', '2')]))
    equal(await store.transaction(P, (tx) => tx.remove('settings', { name: 'a' })), true)
    equal(await store.transaction(P, (tx) => tx.remove('settings', { name: 'a' })), false)
    equal(await names(store), ['b'])
    await store.transaction(P, (tx) => tx.insert('settings', [setting('a', '3')]))
    equal(await names(store), ['a', 'b'])
  })
}

async function keepsOneHead(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    await store.transaction(P, (tx) => tx.put('heads', [head(1)]))
    await store.transaction(P, (tx) => tx.put('heads', [head(2)]))
    equal(await store.read(P, (r) => r.get('heads', {})), head(2))
    equal(await store.read(P, (r) => r.find('heads', 'key')), [head(2)])
    await rejects(
      store.transaction(P, (tx) => tx.insert('heads', [head(3)])),
      isCode('KVCH_E_STORE_CONFLICT'),
    )
    equal(await store.transaction(P, (tx) => tx.remove('heads', {})), true)
  })
}

const answer = (by: string, key: string, expiresAt: number): Row<'answers'> => {
  return { agent: by, key, digest: 'd', answer: '{}', expiresAt }
}

async function ordersByIndex(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const rows = [answer('b', 'k1', 5), answer('a', 'k2', 5), answer('a', 'k1', 9), answer('b', 'k0', 5)]
    await store.transaction(P, (tx) => tx.insert('answers', rows))
    const keys = async (index: 'key' | 'byExpiry', agentId?: string) =>
      store.read(P, async (r) =>
        (await r.find('answers', index, agentId === undefined ? {} : { equal: [agentId] })).map(
          ({ agent: by, key, expiresAt }) => `${by} ${key} ${expiresAt}`,
        ),
      )
    equal(await keys('key'), ['a k1 9', 'a k2 5', 'b k0 5', 'b k1 5'])
    equal(await keys('byExpiry'), ['a k2 5', 'b k0 5', 'b k1 5', 'a k1 9'])
    equal(await keys('key', 'b'), ['b k0 5', 'b k1 5'])
  })
}

async function followsMoves(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const owned = (owner: string | null) => async (tx: Pick<Transaction, 'find'>) =>
      (await tx.find('agents', 'byOwner', { equal: [owner] })).map(({ id }) => id)
    await store.transaction(P, (tx) => tx.insert('agents', [agent('a', { owner: 'x' }), agent('b', { owner: 'x' })]))
    await store.transaction(P, async (tx) => {
      await tx.put('agents', [agent('a', { owner: 'y' })])
      equal(await owned('x')(tx), ['b'])
      equal(await owned('y')(tx), ['a'])
      await tx.remove('agents', { id: 'b' })
      equal(await owned('x')(tx), [])
    })
    equal(await store.read(P, owned('x')), [])
    equal(await store.read(P, owned('y')), ['a'])
  })
}

async function findsNull(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    await store.transaction(P, (tx) =>
      tx.insert('users', [user('1', 'b'), user('2', null), user('3', 'a'), user('4', null)]),
    )
    const ids = async (range: { equal?: readonly (string | null)[]; after?: string; before?: string }) =>
      store.read(P, async (r) => (await r.find('users', 'byEmail', range)).map(({ id }) => id))
    equal(await ids({}), ['2', '4', '3', '1'])
    equal(await ids({ equal: [null] }), ['2', '4'])
    equal(await ids({ equal: [null], after: '2' }), ['4'])
    equal(await ids({ equal: [null, '4'] }), ['4'])
    equal(await ids({ after: '' }), ['3', '1'])
    equal(await ids({ before: 'b' }), ['3'])
    equal(await ids({ equal: ['c'] }), [])
  })
}

async function bounds(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const rows = [10, 20, 30, 40].map((windowStart) => meter('k', windowStart, 0))
    await store.transaction(P, (tx) => tx.insert('meters', [...rows, meter('a', 25, 0), meter('z', 25, 0)]))
    const starts = async (range: { after?: number; before?: number; isReversed?: boolean; limit?: number }) =>
      store.read(P, async (r) =>
        (await r.find('meters', 'key', { equal: ['k'], ...range })).map(({ windowStart }) => windowStart),
      )
    equal(await starts({ after: 20 }), [30, 40])
    equal(await starts({ before: 20 }), [10])
    equal(await starts({ after: 10, before: 40 }), [20, 30])
    equal(await starts({ after: 15, before: 35, isReversed: true }), [30, 20])
    equal(await starts({ after: 15, limit: 1 }), [20])
    equal(await starts({ after: 30, before: 20 }), [])
    equal(await starts({ after: 20, before: 20 }), [])
    equal(await starts({ after: 40 }), [])
    equal(await starts({ before: 10, isReversed: true }), [])
  })
}

async function reverses(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    await store.transaction(P, (tx) =>
      tx.insert('users', [user('1', 'a'), user('2', 'a'), user('3', null), user('4', 'b')]),
    )
    const ids = async (range: { equal?: readonly string[]; before?: string; limit?: number }) =>
      store.read(P, async (r) => (await r.find('users', 'byEmail', { ...range, isReversed: true })).map(({ id }) => id))
    equal(await ids({}), ['4', '2', '1', '3'])
    equal(await ids({ limit: 2 }), ['4', '2'])
    equal(await ids({ equal: ['a'], limit: 1 }), ['2'])
    equal(await ids({ before: 'b', limit: 1 }), ['2'])
    equal(await ids({ equal: ['a'], before: '2' }), ['1'])
  })
}

async function limits(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const rows = Array.from({ length: 1100 }, (_, at) => meter('k', at, at))
    await store.transaction(P, (tx) => tx.insert('meters', rows))
    equal(await store.read(P, (r) => r.find('meters', 'key')), rows.slice(0, 1000))
    equal(await store.read(P, (r) => r.find('meters', 'key', { limit: 1050 })), rows.slice(0, 1050))
    equal(await store.read(P, (r) => r.find('meters', 'key', { limit: 5000 })), rows)
    equal(await store.read(P, (r) => r.find('meters', 'key', { limit: 0 })), [])
  })
}

async function ordersTexts(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    // U+FFFD is before U+1F600 in UTF-8, and behind it in UTF-16.
    const sorted = [
      '',
      '\0',
      ' ',
      '-',
      'A',
      'B',
      'a',
      'aa',
      'b',
      'z',
      'é',
      '\uffee',
      '\ufffd',
      '😀',
      '😀a',
      '\u{10ffff}',
    ]
    await store.transaction(P, (tx) =>
      tx.insert(
        'settings',
        sorted.toReversed().map((name) => setting(name, '')),
      ),
    )
    equal(await names(store), sorted)
    const behind = await store.read(P, (r) => r.find('settings', 'key', { after: '\ufffd' }))
    equal(
      behind.map(({ name }) => name),
      ['😀', '😀a', '\u{10ffff}'],
    )
  })
}

async function rollsBack(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    await store.transaction(P, (tx) => tx.insert('settings', [setting('a', '1'), setting('b', '1')]))
    const spoil = async (tx: Transaction) => {
      await tx.insert('settings', [setting('c', '1')])
      await tx.put('settings', [setting('a', '2')])
      await tx.remove('settings', { name: 'b' })
      await tx.put('settings', [setting('a', '3'), setting('b', '4')])
    }
    const boom = new Error('boom')
    const isBoom = (error: unknown) => error === boom
    await rejects(
      store.transaction(P, async (tx) => {
        await spoil(tx)
        throw boom
      }),
      isBoom,
    )
    await rejects(
      store.transaction(P, async (tx) => {
        await pause()
        await spoil(tx)
        await pause()
        throw boom
      }),
      isBoom,
    )
    await rejects(
      store.transaction(P, () => {
        throw boom
      }),
      isBoom,
    )
    equal(await store.read(P, (r) => r.find('settings', 'key')), [setting('a', '1'), setting('b', '1')])
  })
}

async function losesConflicts(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    await store.transaction(P, (tx) => tx.insert('settings', [setting('a', '1')]))
    await rejects(
      store.transaction(P, (tx) => tx.insert('settings', [setting('b', '1'), setting('a', '2')])),
      isCode('KVCH_E_STORE_CONFLICT'),
    )
    await rejects(
      store.transaction(P, (tx) => tx.insert('settings', [setting('c', '1'), setting('c', '2')])),
      isCode('KVCH_E_STORE_CONFLICT'),
    )
    await rejects(
      store.transaction(P, async (tx) => {
        await tx.insert('settings', [setting('b', '1')])
        try {
          await tx.insert('settings', [setting('a', '2')])
        } catch {
          // Whoever goes on all the same finds the transaction lost.
        }
        return 'fine'
      }),
      isCode('KVCH_E_STORE_CONFLICT'),
    )
    equal(await store.read(P, (r) => r.find('settings', 'key')), [setting('a', '1')])
  })
}

async function keepsUnique(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    await store.transaction(P, (tx) => tx.insert('apiKeys', [apiKey('1', 'x'), apiKey('2', 'y')]))
    const conflict = isCode('KVCH_E_STORE_CONFLICT')
    await rejects(
      store.transaction(P, (tx) => tx.insert('apiKeys', [apiKey('3', 'x')])),
      conflict,
    )
    await rejects(
      store.transaction(P, (tx) => tx.put('apiKeys', [apiKey('2', 'x')])),
      conflict,
    )
    await store.transaction(P, (tx) => tx.put('apiKeys', [{ ...apiKey('2', 'y'), name: 'other' }]))
    await store.transaction('other', (tx) => tx.insert('apiKeys', [apiKey('1', 'x')]))
    await store.transaction(P, async (tx) => {
      await tx.remove('apiKeys', { id: '1' })
      await tx.put('apiKeys', [apiKey('2', 'x')])
    })
    equal(await store.read(P, (r) => r.find('apiKeys', 'byHash', { equal: ['x'] })), [apiKey('2', 'x')])
  })
}

async function isolates(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    let isWritten = false
    const writing = store.transaction(P, async (tx) => {
      await tx.insert('settings', [setting('a', '1')])
      isWritten = true
      await pause()
      equal((await tx.find('settings', 'key')).length, 1)
      throw new Error('never mind')
    })
    const reading = names(store)
    await rejects(writing)
    equal(isWritten, true)
    equal(await reading, [])
  })
}

async function serialises(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const work = Array.from({ length: 40 }, (_, at) =>
      store.transaction(P, async (tx) => {
        const before = (await tx.get('meters', { key: 'k', windowStart: 0 }))?.used ?? 0
        for (let turn = 0; turn < at % 4; turn++) await pause()
        await tx.put('meters', [meter('k', 0, before + 1)])
        if (at % 5 === 4) throw new Error('counted for nothing')
        return before
      }),
    )
    const ended = await Promise.allSettled(work)
    equal(
      ended.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : [])),
      Array.from({ length: 32 }, (_, at) => at),
    )
    equal(await store.read(P, (r) => r.get('meters', { key: 'k', windowStart: 0 })), meter('k', 0, 32))
  })
}

async function keepsOrder(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const begun: number[] = []
    const work = Array.from({ length: 10 }, (_, at) => {
      const note = async () => {
        begun.push(at)
        if (at % 2 === 0) await pause()
      }
      return at % 3 === 0 ? store.read(P, note) : store.transaction(P, note)
    })
    await Promise.all(work)
    equal(
      begun,
      Array.from({ length: 10 }, (_, at) => at),
    )
  })
}

async function goesOn(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const failing = Array.from({ length: 5 }, (_, at) =>
      store.transaction(P, (tx) => {
        if (at % 2 === 0) throw new Error('at once')
        return tx.insert('settings', [setting(`${at}`, ''), setting(`${at}`, '')])
      }),
    )
    const last = store.transaction(P, (tx) => tx.insert('settings', [setting('last', '')]))
    const ended = await Promise.allSettled(failing)
    ok(ended.every(({ status }) => status === 'rejected'))
    await last
    equal(await names(store), ['last'])
  })
}

async function readsOneState(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    await store.transaction(P, (tx) => tx.put('settings', [setting('a', '0'), setting('b', '0')]))
    const reading = store.read(P, async (r) => {
      const a = await r.get('settings', { name: 'a' })
      for (let turn = 0; turn < 3; turn++) await pause()
      return [a?.value, (await r.get('settings', { name: 'b' }))?.value]
    })
    const writing = store.transaction(P, (tx) => tx.put('settings', [setting('a', '1'), setting('b', '1')]))
    equal(await reading, ['0', '0'])
    await writing
  })
}

async function separatesProjects(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const projects = ['default', 'a', 'ab', 'A', 'a.b']
    for (const project of projects) {
      await store.transaction(project, (tx) => tx.insert('settings', [setting('same', project), setting('x', '')]))
    }
    await store.transaction('a', async (tx) => {
      await tx.put('settings', [setting('same', 'changed')])
      await tx.remove('settings', { name: 'x' })
    })
    for (const project of projects) {
      const expected = project === 'a' ? [setting('same', 'changed')] : [setting('same', project), setting('x', '')]
      equal(await store.read(project, (r) => r.find('settings', 'key')), expected)
      equal(await store.read(project, (r) => r.get('settings', { name: 'same' })), expected[0])
    }
    equal(await names(store, 'nobody'), [])
  })
}

async function listsProjects(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    equal(await store.projects(), [])
    await store.transaction('b', (tx) => tx.insert('settings', [setting('a', '')]))
    equal(await store.projects(), [])
    for (const project of ['b', 'é', 'a']) await store.transaction(project, (tx) => tx.put('heads', [head(1)]))
    equal(await store.projects(), ['a', 'b', 'é'])
  })
}

async function endsTransactions(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    let kept: Transaction | undefined
    await store.transaction(P, (tx) => {
      kept = tx
    })
    const late = kept
    ok(late)
    await rejects(async () => late.insert('settings', [setting('late', '')]), TypeError)
    await rejects(async () => late.put('settings', [setting('late', '')]), TypeError)
    await rejects(async () => late.remove('settings', { name: 'late' }), TypeError)
    await rejects(async () => late.get('settings', { name: 'late' }), TypeError)
    await rejects(async () => late.find('settings', 'key'), TypeError)
    equal(await names(store), [])
  })
}

async function passesResults(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    const result = { any: 'thing' }
    equal((await store.transaction(P, () => result)) === result, true)
    equal((await store.transaction(P, async () => result)) === result, true)
    equal((await store.read(P, async () => result)) === result, true)
    await rejects(
      store.read(P, () => {
        throw result
      }),
      (error) => error === result,
    )
  })
}

async function migratesTwice(open: Opener): Promise<void> {
  await withStore(open, async (store) => {
    await store.transaction(P, (tx) => tx.insert('settings', [setting('a', '1')]))
    await store.migrate()
    equal(await names(store), ['a'])
  })
}

async function closes(open: Opener): Promise<void> {
  const store = await open()
  const begun = store.transaction(P, async (tx) => {
    await pause()
    await tx.insert('settings', [setting('a', '1')])
    return 'done'
  })
  const behind = store.read(P, (r) => r.get('settings', { name: 'a' }))
  const closed = store.close()
  const refused = isCode('KVCH_E_STORE_CLOSED')
  await rejects(
    store.transaction(P, () => undefined),
    refused,
  )
  equal(await begun, 'done')
  equal(await behind, setting('a', '1'))
  await closed
  await rejects(
    store.read(P, () => undefined),
    refused,
  )
  await rejects(store.projects(), refused)
  await store.close()
}
