/** A site over the memory store, whose clock stands still until it is moved, and whose randomness is a sequence. */
import { createHash } from 'node:crypto'
import { LogTail } from '../../runtime/audit/index.ts'
import { makeChange } from '../../runtime/change.ts'
import type { Host } from '../../runtime/host.ts'
import { type HostOptions, resolveSettings } from '../../runtime/options.ts'
import { builtInImage } from '../../runtime/policy/built-in.ts'
import { loadPolicy } from '../../runtime/policy/load.ts'
import type { ActivePolicy, Site } from '../../runtime/site.ts'
import type { Store } from '../../runtime/store.ts'
import { createMemoryStore } from '../../storage/memory.ts'

export const NOW = Date.UTC(2026, 3, 1, 12)

export interface TestHost extends Host {
  /** Moves the clock and wakes up whoever slept until then, one after the other. */
  readonly advance: (ms: number) => Promise<void>
  /** Sets the clock, which nobody notices until it is moved. */
  readonly setNow: (now: number) => void
  /** How many are asleep. */
  readonly sleepers: () => number
}

export interface TestSite extends Site {
  readonly host: TestHost
  readonly warnings: readonly string[]
  /** The bodies of all rows of the log, oldest first. */
  readonly log: () => Promise<readonly LoggedBody[]>
}

/** A body as JSON says it, and the personal values beside it. */
export type LoggedBody = { readonly kind: string; readonly [member: string]: unknown }

interface SiteParts {
  readonly options?: HostOptions
  readonly store?: Store
  readonly host?: TestHost
  readonly policy?: ActivePolicy
}

export function siteOf({
  options = {},
  store = createMemoryStore(),
  host = hostAt(NOW),
  policy,
}: SiteParts = {}): TestSite {
  const warnings: string[] = []
  const warn = (message: string) => void warnings.push(message)
  const settings = resolveSettings({ warn, ...options })
  const { project } = settings
  const tail = new LogTail()
  let enforced = policy
  const site: Site = {
    project,
    host,
    store,
    settings,
    sha256,
    tail,
    read: (work) => store.read(project, work),
    change: (work) => makeChange({ store, host, project, sha256, tail }, work),
    policy() {
      enforced ??= loadPolicy(builtInImage())
      return enforced
    },
    warn: settings.warn,
  }
  const log = () =>
    site.read(async (reader) => (await reader.find('audit', 'key')).map(({ body }) => JSON.parse(body ?? '{}')))
  return { ...site, host, warnings, log }
}

/** A host whose time is `now` until it is moved. */
export function hostAt(now: number): TestHost {
  let time = now
  let drawn = 0
  const asleep = new Set<{ readonly due: number; readonly wake: () => void }>()

  async function advance(ms: number): Promise<void> {
    const end = time + ms
    for (;;) {
      const [next] = [...asleep].sort((a, b) => a.due - b.due)
      if (next === undefined || next.due > end) break
      time = Math.max(time, next.due)
      asleep.delete(next)
      next.wake()
      await settled()
    }
    time = end
    await settled()
  }

  /** Numerical Recipes' linear congruential generator: its highest bits are the least regular. */
  function draw(): number {
    drawn = (Math.imul(drawn, 1_664_525) + 1_013_904_223) >>> 0
    return drawn >>> 24
  }

  return {
    now: () => time,
    elapsed: () => time - now,
    random: (bytes) => Uint8Array.from({ length: bytes }, draw),
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted()
        const sleeper = {
          due: time + ms,
          wake() {
            signal?.removeEventListener('abort', stop)
            resolve()
          },
        }
        const stop = () => {
          asleep.delete(sleeper)
          reject(signal?.reason)
        }
        asleep.add(sleeper)
        signal?.addEventListener('abort', stop, { once: true })
      }),
    rest: () => new Promise((resolve) => setImmediate(resolve)),
    fetch: (...call) => fetch(...call),
    subtle: crypto.subtle,
    advance,
    setNow(to) {
      time = to
    },
    sleepers: () => asleep.size,
  }
}

/** Lets everything happen that only waits for promises of our own. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
