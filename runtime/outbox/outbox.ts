/**
 * Messages that leave the host. Each is written in the change that it tells of, so it is sent exactly when that change was
 * made, also by another process and after a crash. A worker claims a message by moving its next attempt into the future, so two
 * workers rarely send the same one; receivers tell the rest by the id. What fails is tried again, later and later, and given up
 * in the end, with a row in the log.
 */
import { entryOf } from '../audit/index.ts'
import { after } from '../awaitable.ts'
import type { Host } from '../host.ts'
import type { Change, Json, Site } from '../site.ts'
import type { Awaitable } from '../store.ts'
import type { Row } from '../tables.ts'
import { ulid } from '../ulid.ts'
import { createWebhook, type WebhookOptions } from './webhook.ts'

export interface Handler {
  readonly maxAttempts: number
  /** Milliseconds for one attempt. */
  readonly timeoutMs: number
  /** Rejects when the message has to be sent again. */
  readonly deliver: (message: Message, signal: AbortSignal) => Promise<unknown>
}

export interface Message {
  /** `msg_` and a ULID; the same for all attempts. */
  readonly id: string
  /** JSON. */
  readonly payload: string
}

export interface Outbox {
  /** Adds a message to a change; it is sent when the change was made. Gives its id. */
  readonly enqueue: (change: Change, message: { readonly kind: string; readonly payload: Json }) => Awaitable<string>
  /** Takes over messages of one kind; others wait for a process that does. */
  readonly handle: (kind: string, handler: Handler) => void
  /** Sends them to a URL. @throws {KavachError} KVCH_E_CONFIG_INVALID */
  readonly handleByWebhook: (kind: string, options: WebhookOptions) => void
  /** Tries everything that is due, once. Gives how many were tried. */
  readonly deliverDue: () => Promise<number>
  /** Removes messages that were sent or given up before `before` (milliseconds since 1970), at most `limit`. */
  readonly sweep: (change: Change, options: { readonly before: number; readonly limit: number }) => Promise<number>
  readonly start: () => void
  /** Resolves when nothing is under way any more. */
  readonly stop: () => Promise<void>
}

/** Messages claimed at once. */
const MAX_CLAIMED = 16
const MAX_READ = 100
/** How long a claim outlives the time for an attempt. */
const CLAIM_MARGIN_MS = 20_000
const FIRST_RETRY_MS = 5000
const LAST_RETRY_MS = 3_600_000
/** The pauses between two looks at the store. */
const SHORTEST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 2000
/** A message that nobody takes over is looked at again after this time. */
const ORPHAN_MS = 3_600_000
const ORPHAN_AFTER_MS = 60_000
const MAX_ERROR = 300

type OutboxSite = Pick<Site, 'host' | 'read' | 'change' | 'warn'>

/** @param keys those that webhooks are signed with, of all secrets in use */
export function createOutbox(site: OutboxSite, keys: () => Promise<readonly Uint8Array<ArrayBuffer>[]>): Outbox {
  const { host } = site
  const handlers = new Map<string, Handler>()
  let pause = LONGEST_PAUSE_MS
  let alarm = new AbortController()
  let running: { readonly stopped: AbortController; readonly ended: Promise<void> } | undefined

  async function deliverDue(signal?: AbortSignal): Promise<number> {
    const isAnyDue = await site.read(async (reader) => (await findDue(reader, host.now(), 1)).length > 0)
    if (!isAnyDue) return 0
    const claimed = await site.change((change) => claim(change, handlers, site.warn))
    await Promise.all(claimed.map((row) => attempt(row, signal)))
    return claimed.length
  }

  async function attempt(row: Row<'outbox'>, signal: AbortSignal | undefined): Promise<void> {
    const handler = handlers.get(row.kind)
    if (handler === undefined) return
    const error = await tryOnce(host, handler, row, signal)
    await site.change((change) =>
      after(change.get('outbox', { id: row.id }), (now) => {
        // Whoever claimed it meanwhile says what becomes of it, unless it was sent.
        if (now === undefined || now.nextAt === null) return undefined
        if (error === undefined) return change.put('outbox', [{ ...now, nextAt: null, lastError: null }])
        if (now.attempts !== row.attempts) return undefined
        if (now.attempts >= handler.maxAttempts) return giveUp(change, now, error, site.warn)
        const nextAt = change.now + retryDelay(host, now.attempts)
        return change.put('outbox', [{ ...now, nextAt, lastError: error }])
      }),
    )
  }

  async function loop(stopped: AbortController): Promise<void> {
    let isFailing = false
    while (!stopped.signal.aborted) {
      let tried = 0
      try {
        tried = await deliverDue(stopped.signal)
        isFailing = false
      } catch (error) {
        if (!isFailing) site.warn(`messages cannot be sent: ${textOf(error)}`)
        isFailing = true
      }
      pause = tried > 0 ? SHORTEST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS)
      if (stopped.signal.aborted) return
      alarm = new AbortController()
      // Woken up, or at the end of the pause: either way there may be something to do.
      await host.sleep(pause, { isBackground: true, signal: alarm.signal }).catch(() => undefined)
    }
  }

  return {
    enqueue(change, { kind, payload }) {
      const id = `msg_${ulid(host, change.now)}`
      const row = { id, kind, payload: JSON.stringify(payload), attempts: 0, nextAt: change.now, lastError: null }
      return after(change.insert('outbox', [row]), () => {
        // The change is not made yet; the loop looks again and again for a while.
        pause = SHORTEST_PAUSE_MS / 2
        alarm.abort()
        return id
      })
    },
    handle(kind, handler) {
      handlers.set(kind, handler)
    },
    handleByWebhook(kind, options) {
      handlers.set(kind, createWebhook(host, keys, options))
    },
    deliverDue: () => deliverDue(),
    sweep,
    start() {
      if (running !== undefined) return
      const stopped = new AbortController()
      running = { stopped, ended: loop(stopped) }
    },
    async stop() {
      const stopping = running
      running = undefined
      if (stopping === undefined) return
      stopping.stopped.abort()
      alarm.abort()
      await stopping.ended
    },
  }
}

function findDue(reader: Pick<Change, 'find'>, now: number, limit: number): Awaitable<readonly Row<'outbox'>[]> {
  return reader.find('outbox', 'byNext', { after: 0, before: now + 1, limit })
}

/** Moves what is due into the future, so that nobody else tries it meanwhile. */
async function claim(
  change: Change,
  handlers: ReadonlyMap<string, Handler>,
  warn: (message: string) => void,
): Promise<readonly Row<'outbox'>[]> {
  const claimed: Row<'outbox'>[] = []
  for (const row of await findDue(change, change.now, MAX_READ)) {
    const handler = handlers.get(row.kind)
    if (handler === undefined) {
      // Put aside, so that it does not stand in the way of others for ever.
      const isOrphan = row.nextAt !== null && row.nextAt + ORPHAN_AFTER_MS <= change.now
      if (isOrphan) await change.put('outbox', [{ ...row, nextAt: change.now + ORPHAN_MS }])
    } else if (row.attempts >= handler.maxAttempts) {
      await giveUp(change, row, row.lastError ?? 'the last attempt did not end', warn)
    } else if (claimed.length < MAX_CLAIMED) {
      const nextAt = change.now + handler.timeoutMs + CLAIM_MARGIN_MS
      const mine = { ...row, attempts: row.attempts + 1, nextAt }
      await change.put('outbox', [mine])
      claimed.push(mine)
    }
  }
  return claimed
}

/** What went wrong, or nothing. */
async function tryOnce(
  host: Host,
  { deliver, timeoutMs }: Handler,
  message: Message,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const late = new AbortController()
  const done = new AbortController()
  const stop = () => late.abort(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  host.sleep(timeoutMs, { isBackground: true, signal: done.signal }).then(
    () => late.abort(new Error(`no answer within ${timeoutMs} ms`)),
    // It was there in time.
    () => undefined,
  )
  try {
    await deliver(message, late.signal)
    return undefined
  } catch (error) {
    return textOf(late.signal.aborted ? late.signal.reason : error)
  } finally {
    done.abort()
    signal?.removeEventListener('abort', stop)
  }
}

function giveUp(change: Change, row: Row<'outbox'>, error: string, warn: (message: string) => void): Awaitable<void> {
  const { id, kind, attempts } = row
  const members = { message: id, message_kind: kind, attempts, error }
  change.record(entryOf({ kind: 'outbox.give-up', actor: 'host', members }))
  warn(`the message ${id} (${kind}) was given up after ${attempts} attempts: ${error}`)
  return change.put('outbox', [{ ...row, nextAt: null, lastError: error }])
}

/** Twice as long after each attempt, less a random part of up to a half, so that receivers are not hit by all at once. */
function retryDelay(host: Host, attempts: number): number {
  const whole = Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LAST_RETRY_MS)
  const [a = 0, b = 0] = host.random(2)
  return Math.round(whole / 2 + (whole / 2) * ((a * 256 + b) / 65_535))
}

/** Ids ascend with time, so the oldest come first. */
async function sweep(
  change: Change,
  { before, limit }: { readonly before: number; readonly limit: number },
): Promise<number> {
  let removed = 0
  const range = { before: `msg_${ulidFloor(before)}`, limit }
  for (const { id, nextAt } of await change.find('outbox', 'key', range)) {
    if (nextAt === null && (await change.remove('outbox', { id }))) removed++
  }
  return removed
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** No ULID made at `time` or later is before it. */
function ulidFloor(time: number): string {
  let rest = Math.max(0, time)
  let text = ''
  for (let i = 0; i < 10; i++) {
    text = (CROCKFORD[rest % 32] ?? '') + text
    rest = Math.floor(rest / 32)
  }
  return text
}

function textOf(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error))
  const text = cause instanceof Error ? `${message}: ${cause.message}` : message
  // The log could not say half a character.
  return text.slice(0, MAX_ERROR).replaceAll(/\p{Surrogate}/gu, '?')
}
