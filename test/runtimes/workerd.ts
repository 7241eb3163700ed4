/** One Worker in workerd, as Cloudflare runs it, with nothing but what a bundle holds: no `nodejs_compat`, and nothing is compiled. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Bundle } from './bundle.ts'

/** What we use of miniflare. */
interface Miniflare {
  getKVNamespace(name: string): Promise<{ put(key: string, value: ArrayBuffer): Promise<void> }>
  dispatchFetch(url: string, init?: RequestInit): Promise<Response>
  dispose(): Promise<void>
}

interface Tools {
  readonly Miniflare: new (options: object) => Miniflare
  readonly version: string
}

const folder = process.env.WORKERS ?? expect.fail('WORKERS names no folder: run `npm run test:runtimes`')
const load = createRequire(join(folder, 'package.json'))

/** Of workerd: the day up to which it knows the platform. */
export const WORKERD: string = (load('workerd/package.json') as Tools).version

/** Values by key, by the name of their namespace. */
export type Kv = Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>

/** The answer of a Worker to a request, the last one when it is asked several times. */
export async function askWorker(
  { code, modules }: Bundle,
  request: RequestInit,
  kv: Kv = {},
  times = 1,
): Promise<unknown> {
  const { Miniflare } = load('miniflare') as Tools
  const worker = new Miniflare({
    compatibilityDate: '2026-04-01',
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: code },
      ...[...modules].map(([path, file]) => ({ type: 'CompiledWasm', path, contents: readFileSync(file) })),
    ],
    kvNamespaces: Object.keys(kv),
  })
  try {
    for (const [name, values] of Object.entries(kv)) {
      const namespace = await worker.getKVNamespace(name)
      for (const [key, value] of Object.entries(values)) await namespace.put(key, Uint8Array.from(value).buffer)
    }
    for (let left = times; ; left--) {
      const response = await worker.dispatchFetch('http://worker/', request)
      expect(response.status, response.ok ? '' : await response.text()).toBe(200)
      const answer: unknown = await response.json()
      if (left <= 1) return answer
    }
  } finally {
    await worker.dispose()
  }
}
