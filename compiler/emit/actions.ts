/** The actions that a policy names. The thirty that most rules name have a bit of their own in a rule. */
import { ACTION_OTHER_BIT, ACTIONS_ANY, SEED_NAME } from '../../engine-wasm/format/layout.ts'
import type { ScopeModel } from '../model/index.ts'
import { hashBytes, toSlots } from './hash.ts'
import type { Pools } from './pools.ts'
import type { Sink } from './sink.ts'

export interface Actions {
  readonly slots: Uint32Array
  /**
   * The field of a rule that stands for these actions.
   *
   * @throws {RangeError} when more than thirty are excepted
   */
  field(actions: ScopeModel['actions'], exceptActions?: ScopeModel['exceptActions']): number
}

/** Writes the records of all actions of `scopes` to `records`. */
export function createActions(scopes: Iterable<ScopeModel>, pools: Pools, records: Sink): Actions {
  const uses = new Map<string, number>()
  for (const { actions, exceptActions } of scopes) {
    for (const name of new Set(actions)) uses.set(name, (uses.get(name) ?? 0) + 1)
    // Only an action with a bit of its own can be excepted.
    for (const name of exceptActions ?? []) uses.set(name, Number.POSITIVE_INFINITY)
  }
  const names = [...uses].sort(([a, m], [b, n]) => (m === n ? (a < b ? -1 : 1) : n - m)).map(([name]) => name)
  const index = new Map(names.map((name, at) => [name, at]))
  const hashes = names.map((name) => hashBytes(ENCODER.encode(name), SEED_NAME))
  for (const [at, name] of names.entries()) {
    records.u32(hashes[at] ?? 0)
    records.u32(pools.string(name))
  }
  const fields = new Map<string, number>()
  const single = new Map(names.map((name) => [name, toField([index.get(name) ?? 0], pools)]))
  return {
    slots: toSlots(hashes),
    field: (actions, exceptActions = []) => {
      if (actions === undefined)
        return exceptActions.reduce((mask, name) => mask & ~bitOf(index.get(name)), ACTIONS_ANY)
      const distinct = [...new Set(actions)]
      const [only] = distinct
      if (distinct.length === 1 && only !== undefined) return single.get(only) ?? 0
      // However they are listed, the same actions are one field.
      const indices = distinct.map((name) => index.get(name) ?? 0).sort((a, b) => a - b)
      const key = indices.join()
      const found = fields.get(key)
      if (found !== undefined) return found
      const made = toField(indices, pools)
      fields.set(key, made)
      return made
    },
  }
}

const ENCODER = new TextEncoder()

function bitOf(index: number | undefined): number {
  if (index !== undefined && index < ACTION_OTHER_BIT) return 1 << index
  throw new RangeError(`at most ${ACTION_OTHER_BIT} actions can be excepted`)
}

function toField(indices: readonly number[], pools: Pools): number {
  if (indices.every((index) => index < ACTION_OTHER_BIT)) return indices.reduce((mask, index) => mask | (1 << index), 0)
  const start = pools.words.length() / 4
  pools.words.u32(indices.length)
  for (const index of indices) pools.words.u32(index)
  return (start | 0x80000000) >>> 0
}
