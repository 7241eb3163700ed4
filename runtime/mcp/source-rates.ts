/**
 * How many requests one source makes in a minute, in all processes together.
 *
 * The meter is in the store, but not every request is a transaction: a process takes a tenth of the limit at once, and gives it out
 * by itself. So no source gets more than the limit, whatever the number of processes; one that is spread over many of them may
 * get less, by the parts that were taken and not used. A host that lives for one request takes what it needs alone.
 *
 * Where an adapter does not know addresses, nobody is counted: else one caller would lock out all others.
 */
import { toHex } from '../../compiler/model/index.ts'
import { type Change, entryOf } from '../index.ts'
import type { McpPlace } from './place.ts'
import { sourceOf } from './source.ts'

export interface SourceRates {
  /** Takes one. Gives seconds until it may help to come again when it is refused. */
  readonly take: (endpoint: string, ip: string | undefined) => Promise<number | undefined>
}

const WINDOW_MS = 60_000
/** Sources that a process tells apart; beyond, it asks the store about each request. */
const MAX_SOURCES = 10_000
/** Meters of old windows that go with each that is written. */
const CLEANED = 4
const PREFIX = 'oauth-source/'
/** The first text behind all that begin with the prefix. */
const END = 'oauth-source0'

/** That a source has had all of it, as far as this process was told. */
const REFUSED = -1

export function createSourceRates({ site, settings }: Pick<McpPlace, 'site' | 'settings'>): SourceRates {
  const most = settings.ratePerMinute
  let windowStart = 0
  /** What this process has yet to give out in this window, by key. */
  const left = new Map<string, number>()
  /** Parts that are being taken: who comes meanwhile waits for them. */
  const underWay = new Map<string, Promise<void>>()

  function takeMore(part: Part): Promise<void> {
    const window = windowStart
    const taking = site
      .change((change) => takePart(change, part))
      .then((taken) => {
        if (window === windowStart) left.set(part.key, taken === 0 ? REFUSED : taken)
      })
      .finally(() => underWay.delete(part.key))
    underWay.set(part.key, taking)
    return taking
  }

  async function take(endpoint: string, ip: string | undefined): Promise<number | undefined> {
    const source = sourceOf(ip)
    if (!Number.isFinite(most) || source === undefined) return undefined
    const key = `${PREFIX}${endpoint}/${toHex(site.sha256(new TextEncoder().encode(source)))}`
    const part = { key, asked: site.isBrief === true ? 1 : Math.max(1, Math.floor(most / 10)), most, endpoint, source }
    for (;;) {
      const now = site.host.now()
      const window = now - (now % WINDOW_MS)
      if (window !== windowStart) left.clear()
      windowStart = window
      const retryAfter = Math.ceil((window + WINDOW_MS - now) / 1000)
      const known = left.get(key)
      if (known === undefined && left.size >= MAX_SOURCES) {
        const taken = await site.change((change) => takePart(change, { ...part, asked: 1 }))
        return taken === 0 ? retryAfter : undefined
      }
      if (known === REFUSED) return retryAfter
      if (known !== undefined && known > 0) {
        left.set(key, known - 1)
        return undefined
      }
      await (underWay.get(key) ?? takeMore(part))
    }
  }

  return { take }
}

interface Part {
  readonly key: string
  readonly asked: number
  readonly most: number
  readonly endpoint: string
  readonly source: string
}

/** Takes what is asked, or what is left of the minute; the first time that nothing is left is a row of the log. */
async function takePart(change: Change, { key, asked, most, endpoint, source }: Part): Promise<number> {
  const windowStart = change.now - (change.now % WINDOW_MS)
  const used = (await change.get('meters', { key, windowStart }))?.used ?? 0
  const taken = Math.max(0, Math.min(asked, most - used))
  // One beyond the limit says that the refusal has its row.
  if (used <= most) await change.put('meters', [{ key, windowStart, used: used + Math.max(1, taken) }])
  if (used === most) {
    const members = { rate: `oauth.${endpoint}`, count: most, seconds: WINDOW_MS / 1000, code: EXCEEDED }
    change.record(entryOf({ kind: 'rate.exceed', actor: 'host', result: 'denied', personal: { source }, members }))
  }
  await clean(change, key, windowStart)
  return taken
}

const EXCEEDED = 'KVCH_E_RATE_ENDPOINT_EXCEEDED'

/** Meters of this key, and some of those behind it: keys are digests, so in time all of them have their turn. */
async function clean(change: Change, key: string, windowStart: number): Promise<void> {
  const own = await change.find('meters', 'key', { equal: [key], limit: CLEANED })
  const others = await change.find('meters', 'key', { after: key, before: END, limit: CLEANED })
  for (const meter of [...own, ...others]) {
    if (meter.windowStart < windowStart)
      await change.remove('meters', { key: meter.key, windowStart: meter.windowStart })
  }
}
