/** One Worker in workerd, as Cloudflare runs it, with nothing but what a bundle holds: no `nodejs_compat`, and nothing is compiled. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Bundle } from './bundle.ts'

/** What we use of miniflare. */
interface Miniflare {
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

/** The answer of a Worker to one request. */
export async function askWorker({ code, modules }: Bundle, request: RequestInit): Promise<unknown> {
  const { Miniflare } = load('miniflare') as Tools
  const worker = new Miniflare({
    compatibilityDate: '2026-04-01',
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: code },
      ...[...modules].map(([path, file]) => ({ type: 'CompiledWasm', path, contents: readFileSync(file) })),
    ],
  })
  try {
    const response = await worker.dispatchFetch('http://worker/', request)
    expect(response.status, response.ok ? '' : await response.text()).toBe(200)
    return await response.json()
  } finally {
    await worker.dispose()
  }
}
