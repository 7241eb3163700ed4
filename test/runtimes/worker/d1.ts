/** Databases of D1 as workerd has them, through miniflare. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { D1Binding } from '../../../storage/d1/binding.ts'

/** What these tests use of miniflare, which is installed beside the project. */
export interface Miniflare {
  readonly ready: Promise<URL>
  getD1Database(binding: string): Promise<D1Binding>
  getWorker(name: string): Promise<Fetcher>
  dispose(): Promise<void>
}

/** The day whose behaviour of the platform these Workers ask for. */
export const DATE = '2026-04-01'

/** A Worker, from outside. */
export interface Fetcher {
  fetch(url: string, init?: RequestInit): Promise<Response>
  scheduled(event: { readonly cron: string }): Promise<{ readonly outcome: string }>
}

export function workers(): string {
  const folder = process.env.WORKERS
  if (folder === undefined) throw new TypeError('WORKERS names no folder: run `npm run test:runtimes`')
  return folder
}

export function startMiniflare(options: object): Miniflare {
  // The package has this class.
  const { Miniflare } = createRequire(join(workers(), 'package.json'))('miniflare') as {
    readonly Miniflare: new (options: object) => Miniflare
  }
  return new Miniflare(options)
}

export interface Databases {
  /** An empty database. */
  readonly take: () => Promise<D1Binding>
  readonly stop: () => Promise<void>
}

const AT_ONCE = 64

/** One workerd with many databases: to start one for each test would take longer than the test. */
export function startDatabases(): Databases {
  const names = Array.from({ length: AT_ONCE }, (_, at) => `DB${at}`)
  const miniflare = startMiniflare({
    compatibilityDate: DATE,
    modules: true,
    script: 'export default {}',
    d1Databases: names,
  })
  let taken = 0
  return {
    take() {
      const name = names[taken++]
      if (name === undefined) throw new RangeError(`more than ${AT_ONCE} databases`)
      return miniflare.getD1Database(name)
    },
    stop: () => miniflare.dispose(),
  }
}
