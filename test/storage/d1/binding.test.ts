import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { type D1Binding, givenD1, isD1Binding } from '../../../storage/d1/binding.ts'
import { localD1 } from './over-sqlite.ts'

/** The binding as Cloudflare's own types have it. */
declare abstract class D1PreparedStatement {
  bind(...values: unknown[]): D1PreparedStatement
  first<T = unknown>(colName: string): Promise<T | null>
  run<T = Record<string, unknown>>(): Promise<CloudflareResult<T>>
  all<T = Record<string, unknown>>(): Promise<CloudflareResult<T>>
}
interface CloudflareResult<T> {
  readonly success: true
  readonly meta: Record<string, unknown>
  readonly results: T[]
}
declare abstract class D1Database {
  prepare(query: string): D1PreparedStatement
  batch<T = unknown>(statements: D1PreparedStatement[]): Promise<CloudflareResult<T>[]>
  exec(query: string): Promise<{ count: number; duration: number }>
}

test('a binding is known by its shape, alone and under Drizzle', () => {
  const { binding } = localD1()
  const drizzled = { $client: binding }
  expect([givenD1(binding), givenD1(drizzled)]).toEqual([{ binding }, { binding, db: drizzled }])
})

test('what belongs to SQLite is none', () => {
  const database = new Database(':memory:')
  onTestFinished(() => void database.close())
  expect([database, { $client: database }, {}, null, undefined, 'DB'].map((value) => isD1Binding(value))).toEqual(
    Array(6).fill(false),
  )
  expect(givenD1({ $client: database })).toBeUndefined()
})

test('the types of Cloudflare fit, with nothing in between', () => {
  const take = (_: D1Binding) => undefined
  const given = localD1().binding as unknown as D1Database // The test is that this compiles.
  expect(take(given)).toBeUndefined()
})
