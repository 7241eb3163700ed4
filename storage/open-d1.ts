/** D1, as `database` may name it. */
import { KavachError, type Store } from '../runtime/index.ts'
import { type D1Binding, givenD1, openD1Store } from './d1/index.ts'
import type { OpenOptions } from './open.ts'

/** A binding of D1, alone or by name, or Drizzle over one. */
export type D1Option =
  | { readonly provider: 'd1'; readonly binding: D1Binding }
  | D1Binding
  | { readonly $client: D1Binding }

/** Nothing where no D1 is named. @throws {KavachError} KVCH_E_CONFIG_INVALID */
export function openGivenD1(given: object, { deadlineMs, host }: OpenOptions): Store | undefined {
  const open = givenD1(given)
  if (open !== undefined) return openD1Store({ ...open, deadlineMs, host })
  const { provider, binding, ...rest }: { provider?: unknown; binding?: unknown } = given
  if (provider !== 'd1') return undefined
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) fail(`database.${unknown}`, 'is not known; `provider` and `binding` are')
  const named = typeof binding === 'object' && binding !== null ? givenD1(binding) : undefined
  if (named === undefined) fail('database.binding', 'give the binding of a D1 database, such as `env.KAVACH_DB`')
  return openD1Store({ ...named, deadlineMs, host })
}

function fail(path: string, message: string): never {
  throw new KavachError('KVCH_E_CONFIG_INVALID', `${path}: ${message}`, { details: { path } })
}
