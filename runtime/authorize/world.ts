/**
 * What a process remembers of agents, tokens and delegations between decisions.
 *
 * INVARIANT: nothing remembered is older than the transaction that uses it. `sync` opens each transaction by comparing epochs,
 * and forgets every agent that was changed since, by whichever process.
 */
import { countsUnnamed } from '../authority/index.ts'
import { after, both } from '../awaitable.ts'
import type { Change } from '../site.ts'
import type { Awaitable, Reader } from '../store.ts'
import type { Row } from '../tables.ts'
import { denialsKey } from './anomaly.ts'

export interface Known {
  row: Row<'agents'>
  /** Delegations that end in it and count, by id; not those that count only for requests that name them. */
  readonly incoming: readonly Row<'delegations'>[]
  /** When the first of them is over, in milliseconds since 1970; then the agent is read anew. */
  readonly until: number
  /** Hashes of its tokens that are remembered. */
  readonly hashes: string[]
  /** Denials in a row, up to now. */
  denials: number
}

/** Changed agents that are forgotten one by one; more, and everything is. */
const MAX_CHANGES = 500
/** Agents that are remembered. */
const MAX_AGENTS = 100_000
/** Delegations that are read at a time: those of years are kept, and few of them count. */
const PAGE = 1000

/** What reads for a decision; `now` is milliseconds since 1970. */
export type TimedReader = Reader & Pick<Change, 'now'>

export class World {
  private readonly agents = new Map<string, Known>()
  private readonly tokens = new Map<string, Row<'tokens'>>()
  private readonly forget: (known: Known) => void
  private epoch = -1
  /** The transaction that decides now. One that was given up on may still be reading, and what it sees may be old. */
  private open: object | undefined

  /** `forget` is told of every agent whose records must not be used again. */
  constructor(forget: (known: Known) => void) {
    this.forget = forget
  }

  /** True when something changed. */
  sync(change: Pick<Change, 'baseEpoch' | 'find'>): Awaitable<boolean> {
    const { baseEpoch } = change
    // Between transactions only: in the middle of one, somebody is being decided about.
    if (this.agents.size > MAX_AGENTS) this.clear()
    this.open = change
    if (baseEpoch === this.epoch) return false
    if (this.epoch < 0 || this.agents.size === 0) {
      this.forgetAll()
      this.epoch = baseEpoch
      return true
    }
    const changed = change.find('agents', 'byVersion', { after: this.epoch, limit: MAX_CHANGES })
    return after(changed, (rows) => {
      if (this.open !== change) return true
      if (rows.length === MAX_CHANGES) this.forgetAll()
      else for (const { id } of rows) this.drop(id)
      this.epoch = baseEpoch
      return true
    })
  }

  /** The agent and what is delegated to it, as far as it exists. */
  agent(reader: TimedReader, id: string): Awaitable<Known | undefined> {
    const known = this.agents.get(id)
    if (known !== undefined && known.until > reader.now) return known
    // Equal limits of one pair are told apart by their order among those that count, so every process counts at its own time.
    this.drop(id)
    return this.load(reader, id)
  }

  /** The token with this hash, and nothing for one that was never there or is dead. */
  token(reader: TimedReader, hash: string): Awaitable<Row<'tokens'> | undefined> {
    return (
      this.tokens.get(hash) ??
      after(reader.get('tokens', { hash }), (row) =>
        row === undefined
          ? undefined
          : after(this.agent(reader, row.agent), (known) => {
              if (known === undefined) return undefined
              // Whoever was given up on read what may be dead by now.
              if (this.open !== reader || this.agents.get(row.agent) !== known) return row
              known.hashes.push(hash)
              this.tokens.set(hash, row)
              return row
            }),
      )
    )
  }

  /** What is remembered of an agent that was read before. */
  peek(id: string): Known | undefined {
    return this.agents.get(id)
  }

  drop(id: string): void {
    const known = this.agents.get(id)
    if (known === undefined) return
    for (const hash of known.hashes) this.tokens.delete(hash)
    this.agents.delete(id)
    this.forget(known)
  }

  private load(reader: TimedReader, id: string): Awaitable<Known | undefined> {
    // All of it is asked for before anything is waited for: a store that is far away then answers once.
    const asked = both(
      both(reader.get('agents', { id }), incomingOf(reader, id)),
      reader.get('meters', { key: denialsKey(id), windowStart: 0 }),
    )
    return after(asked, ([[row, incoming], meter]) => {
      if (row === undefined) return undefined
      const known: Known = { row, incoming, until: endOf(incoming), hashes: [], denials: meter?.used ?? 0 }
      if (this.open !== reader) return known
      // Another decision may have waited for the same agent, and have changed what is remembered of it since.
      const first = this.agents.get(id)
      if (first !== undefined) return first
      this.agents.set(id, known)
      return known
    })
  }

  /** Forgets everything; the next `sync` says that something changed, because whoever was told before may have failed. */
  clear(): void {
    this.open = undefined
    this.forgetAll()
  }

  private forgetAll(): void {
    this.epoch = -1
    for (const known of this.agents.values()) this.forget(known)
    this.agents.clear()
    this.tokens.clear()
  }
}

/** All that count now, page by page. */
function incomingOf(
  reader: TimedReader,
  id: string,
  before: readonly Row<'delegations'>[] = NONE,
  last?: string,
): Awaitable<readonly Row<'delegations'>[]> {
  const range = { equal: [id], limit: PAGE, ...(last !== undefined && { after: last }) }
  return after(reader.find('delegations', 'byReceiver', range), (page) => {
    if (page.length === 0) return before
    const found = [...before, ...page.filter((row) => countsUnnamed(row, reader.now))]
    return page.length < PAGE ? found : incomingOf(reader, id, found, page.at(-1)?.id)
  })
}

function endOf(delegations: readonly Row<'delegations'>[]): number {
  let end = Number.POSITIVE_INFINITY
  for (const { expiresAt } of delegations) if (expiresAt !== null && expiresAt < end) end = expiresAt
  return end
}

const NONE: readonly Row<'delegations'>[] = []
