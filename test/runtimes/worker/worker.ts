/** The Worker of these tests, bundled as an application would be, in one or more workerd over the same databases. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from '../bundle.ts'
import { DATE, type Miniflare, startMiniflare } from './d1.ts'

export interface Worker {
  readonly miniflare: Miniflare
  /** What a scenario gives. @throws with what it threw */
  readonly run: (scenario: string, given?: object) => Promise<unknown>
}

/** Two Workers with the same database, in isolates of their own. */
export function startPair(): Promise<Pair> {
  return start(['one', 'other'])
}

export async function startWorker(): Promise<Worker> {
  const { miniflare, runs } = await start(['one'])
  const [run] = runs
  if (run === undefined) throw new TypeError('there is no Worker')
  return { miniflare, run }
}

export interface Pair {
  readonly miniflare: Miniflare
  readonly runs: readonly Worker['run'][]
}

async function start(names: readonly string[]): Promise<Pair> {
  const { code, modules } = await bundle(join(import.meta.dirname, 'worker.mjs'), ['workerd', 'worker'])
  const shared = {
    compatibilityDate: DATE,
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: code },
      ...[...modules].map(([path, file]) => ({ type: 'CompiledWasm', path, contents: readFileSync(file) })),
    ],
    d1Databases: { KAVACH_DB: 'shared' },
  }
  const miniflare = startMiniflare({ workers: names.map((name) => ({ name, ...shared })) })
  return { miniflare, runs: names.map((name) => runnerOf(miniflare, name)) }
}

function runnerOf(miniflare: Miniflare, name: string): Worker['run'] {
  return async (scenario, given = {}) => {
    const worker = await miniflare.getWorker(name)
    const response = await worker.fetch(`http://worker/run/${scenario}`, {
      method: 'POST',
      body: JSON.stringify(given),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${scenario}: ${text}`)
    return JSON.parse(text)
  }
}
