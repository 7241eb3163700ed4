import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  columnsOfIndex,
  type Range,
  type Store,
  TABLES,
  type TableName,
  type Transaction,
} from '../../runtime/index.ts'
import { type AnyRow, columnsOf, type Value } from '../../storage/rows.ts'
import { Model } from './model.ts'
import { STORES } from './stores.ts'

// `apiKeys` has a unique index, about which the model knows nothing: the promises hold it.
const tables = (Object.keys(TABLES) as TableName[]).filter((table) => table !== 'apiKeys')
const PROJECTS = ['default', 'b', 'ba']

type Step =
  | { readonly kind: 'put' | 'remove' | 'get' | 'insert'; readonly table: TableName; readonly row: AnyRow }
  | { readonly kind: 'find'; readonly table: TableName; readonly index: string; readonly range: Range }

interface Turn {
  readonly project: string
  readonly steps: readonly Step[]
  readonly end: 'commit' | 'throw'
  /** Whether the work waits between its steps. */
  readonly isSlow: boolean
}

// Few values, so that keys and indexes meet; among them those that UTF-16 orders otherwise than UTF-8.
const text = fc.constantFrom('', 'a', 'b', 'ab', '\ufffd', '😀')
const integer = fc.constantFrom(-1, 0, 1, 2, 1_763_700_000_000)
const bytes = fc.uint8Array({ maxLength: 3 })

function anyOf(kind: string, isNullable: boolean): fc.Arbitrary<Value> {
  const value: fc.Arbitrary<Value> = kind === 'text' ? text : kind === 'integer' ? integer : bytes
  return isNullable ? fc.oneof(fc.constant(null), value) : value
}

const rowOf = (table: TableName): fc.Arbitrary<AnyRow> =>
  fc.record(Object.fromEntries(columnsOf(table).map(([name, column]) => [name, anyOf(column.kind, column.isNullable)])))

const rangeOf = (table: TableName, index: string): fc.Arbitrary<Range> => {
  const columns = columnsOfIndex(table, index)
  const shapes = new Map(columnsOf(table))
  const valueAt = (at: number) => {
    const shape = shapes.get(columns[at] ?? '')
    return anyOf(shape?.kind ?? 'text', shape?.isNullable ?? false) as fc.Arbitrary<string | number | null>
  }
  return fc.nat({ max: columns.length }).chain((width) => {
    const value: fc.Arbitrary<string | number> = shapes.get(columns[width] ?? '')?.kind === 'integer' ? integer : text
    const bound = fc.option(value, { nil: undefined })
    const none = fc.constant(undefined)
    return fc
      .record({
        equal: fc.tuple(...columns.slice(0, width).map((_, at) => valueAt(at))),
        after: width < columns.length ? bound : none,
        before: width < columns.length ? bound : none,
        isReversed: fc.boolean(),
        limit: fc.option(fc.nat({ max: 4 }), { nil: undefined }),
      })
      .map(({ equal, ...range }): Range => {
        const given = Object.fromEntries(Object.entries(range).filter(([, value]) => value !== undefined))
        return { ...(equal.length > 0 && { equal }), ...given }
      })
  })
}

const stepOf = (table: TableName): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('put' as const), table: fc.constant(table), row: rowOf(table) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('get' as const, 'remove' as const, 'insert' as const),
        table: fc.constant(table),
        row: rowOf(table),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.constantFrom('key', ...Object.keys(TABLES[table].indexes)).chain((index) =>
        fc.record({
          kind: fc.constant('find' as const),
          table: fc.constant(table),
          index: fc.constant(index),
          range: rangeOf(table, index),
        }),
      ),
    },
  )

const turn: fc.Arbitrary<Turn> = fc.record({
  project: fc.constantFrom(...PROJECTS),
  steps: fc.array(fc.constantFrom(...tables).chain(stepOf), { maxLength: 12 }),
  end: fc.constantFrom('commit' as const, 'commit' as const, 'throw' as const),
  isSlow: fc.boolean(),
})

/** All rows of a project: what the model has, by table. */
type World = ReadonlyMap<TableName, Model>

const emptyWorld = (): World => new Map(tables.map((table) => [table, new Model(table)]))
const modelOf = (world: World, table: TableName): Model => world.get(table) ?? new Model(table)

const keyOf = (table: TableName, row: AnyRow): AnyRow =>
  Object.fromEntries(columnsOfIndex(table, 'key').map((column) => [column, row[column] ?? null]))

/** Does the step in both, and holds their answers against each other. */
async function take(step: Step, tx: Transaction, world: World): Promise<void> {
  const model = modelOf(world, step.table)
  // The table is a value here, so that the types of its rows and keys are not known; the generators made fitting ones.
  const any = tx as unknown as {
    get(table: TableName, key: AnyRow): unknown
    find(table: TableName, index: string, range: Range): unknown
    insert(table: TableName, rows: readonly AnyRow[]): unknown
    put(table: TableName, rows: readonly AnyRow[]): unknown
    remove(table: TableName, key: AnyRow): unknown
  }
  if (step.kind === 'find') {
    expect(await any.find(step.table, step.index, step.range)).toEqual(model.find(step.index, step.range))
    return
  }
  const key = keyOf(step.table, step.row)
  if (step.kind === 'get') expect(await any.get(step.table, key)).toEqual(model.get(key))
  else if (step.kind === 'remove') expect(await any.remove(step.table, key)).toBe(model.remove(key))
  else {
    if (step.kind === 'insert' && model.get(key) !== undefined) throw new Error('taken')
    await any[step.kind](step.table, [step.row])
    model.put(step.row)
  }
}

describe.each(STORES)('%s', (_, open) => {
  async function agrees(turns: readonly Turn[], run: (store: Store, turns: readonly Turn[]) => Promise<void>) {
    const store = await open()
    try {
      await run(store, turns)
    } finally {
      await store.close()
    }
  }

  async function oneByOne(store: Store, turns: readonly Turn[], isTogether: boolean) {
    const worlds = new Map(PROJECTS.map((project) => [project, emptyWorld()]))
    const boom = new Error('boom')
    const running = turns.map(
      (each) => () =>
        store
          .transaction(each.project, async (tx) => {
            const before = worlds.get(each.project) ?? emptyWorld()
            const world = new Map([...before].map(([table, model]) => [table, model.copy()]))
            for (const step of each.steps) {
              if (each.isSlow) await null
              await take(step, tx, world)
            }
            if (each.end === 'throw') throw boom
            // Whoever is behind begins before anybody here is told that this one is done.
            worlds.set(each.project, world)
          })
          .catch((error) => {
            if (error !== boom && !(error instanceof Error && error.message === 'taken')) throw error
          }),
    )
    if (isTogether) await Promise.all(running.map((start) => start()))
    else for (const start of running) await start()
    for (const [project, world] of worlds) {
      for (const table of tables) {
        const rows = await store.read(project, (reader) => reader.find(table, 'key'))
        expect(rows).toEqual(modelOf(world, table).find('key', {}))
      }
    }
  }

  test('any operations give what a list of rows would give', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { maxLength: 6 }), (turns) =>
        agrees(turns, (store, all) => oneByOne(store, all, false)),
      ),
      { numRuns: 150 },
    )
  })

  test('operations asked for together give what they give one by one, in every project', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 2, maxLength: 8 }), (turns) =>
        agrees(turns, (store, all) => oneByOne(store, all, true)),
      ),
      { numRuns: 100 },
    )
  })
})
