/** What the store uses of a D1 binding, by its shape: a Worker has the real one, and its types come from Cloudflare. */

export interface D1Binding {
  prepare(sql: string): D1Statement
  /** Runs all of them in one transaction. */
  batch(statements: D1Statement[]): Promise<D1Result[]>
  exec(sql: string): Promise<unknown>
}

export interface D1Statement {
  bind(...values: unknown[]): D1Statement
  all(): Promise<D1Result>
}

export interface D1Result {
  readonly results?: readonly unknown[] | undefined
}

/** True for a binding: better-sqlite3 has no `batch`, and D1 no `pragma`. */
export function isD1Binding(value: unknown): value is D1Binding {
  if (typeof value !== 'object' || value === null) return false
  const isMethod = (name: string) => typeof Reflect.get(value, name) === 'function'
  return isMethod('prepare') && isMethod('batch') && isMethod('exec') && !isMethod('pragma')
}

/** What a database may be given as: a binding, or Drizzle over one. */
export interface GivenD1 {
  readonly binding: D1Binding
  /** Drizzle over it, where there is one already. */
  readonly db?: unknown
}

/** @returns nothing for what has no D1 in it */
export function givenD1(value: object): GivenD1 | undefined {
  if (isD1Binding(value)) return { binding: value }
  const client: unknown = '$client' in value ? value.$client : undefined
  return isD1Binding(client) ? { binding: client, db: value } : undefined
}
