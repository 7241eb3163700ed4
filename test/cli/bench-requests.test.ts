import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadRequests } from '../../cli/bench-requests.ts'
import type { Decision, Engine, EngineRequest } from '../../engine-wasm/host/index.ts'
import { folderOf } from './command.ts'
import { machineIn } from './machine.ts'

/** Refuses agents that are not text, as the engine does, and remembers what it was asked. */
function engineThat(asked: EngineRequest[]): Engine {
  const decide = (request: EngineRequest): Decision => {
    asked.push(request)
    const isSound = typeof request.agent === 'string'
    const refusal = request.agent === '' ? 'engine-fault' : isSound ? undefined : 'invalid-request'
    // Tests look at nothing else.
    return { decision: refusal === undefined ? 'allow' : 'deny', reason: refusal ?? 'allowed' } as Decision
  }
  return { policy: { name: 'p', generation: 1, digest: '' }, decide, decideBatch: () => [], reload: () => undefined }
}

async function load(text: string | Uint8Array, now?: number) {
  const folder = folderOf()
  writeFileSync(join(folder, 'r.ndjson'), text)
  const asked: EngineRequest[] = []
  const loaded = await loadRequests(machineIn(folder).terminal, 'r.ndjson', { engine: engineThat(asked), now })
  return { ...loaded, engineAsked: asked }
}

const READ = { agent: 'reader', action: 'read', resource: 'mcp:docs:home' }

test('lines that are no requests are left out, each with its number and why', async () => {
  const bad = Buffer.concat([
    Buffer.from(`\n${JSON.stringify(READ)}\n{"agent":\n[1]\n7\n`),
    Buffer.from([0xff, 0x0a]),
    Buffer.from(`${JSON.stringify({ ...READ, agent: 7 })}\n${'['.repeat(100_000)}\n{"agent":""}\n`),
  ])
  const { requests, faults } = await load(bad)
  expect(requests.map(({ asked }) => asked)).toEqual([{ ...READ, verdict: 'allow' }])
  expect(faults).toEqual([
    { line: 3, kind: 'no-request', fault: 'it is not JSON' },
    { line: 4, kind: 'no-request', fault: 'it is not an object' },
    { line: 5, kind: 'no-request', fault: 'it is not an object' },
    { line: 6, kind: 'no-request', fault: 'it is not UTF-8' },
    { line: 7, kind: 'no-request', fault: 'the engine answers invalid-request' },
    { line: 8, kind: 'no-request', fault: expect.stringMatching(/^it (is not JSON|nests too deeply)$/) },
    { line: 9, kind: 'engine-fault', fault: 'the engine answers engine-fault' },
  ])
})

test('a fresh request is equal to the one of the file, whatever it holds', async () => {
  const text = `{"agent":"réader 🙂","action":"read","resource":"mcp:docs:home","via":["a","b"],"now":1775000000000,
    "args":{"to":["x",1,null,true,{"deep":"\\ud800 \\u4e2d"}],"__proto__":{"polluted":"yes"},"none":null,"":"empty"}}`
  const { requests } = await load(text.replace(/\n\s*/g, ''))
  const [request] = requests
  const expected = { ...JSON.parse(text.replace(/\n\s*/g, '')), readings: {} }
  expect(request?.fresh()).toEqual(expected)
  expect(JSON.stringify(request?.fresh())).toBe(JSON.stringify(expected))
  expect(request?.fresh()).not.toBe(request?.fresh())
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
})

test('an absent time is filled in, and a given one stays', async () => {
  const lines = [READ, { ...READ, now: null }, { ...READ, now: 5 }].map((line) => JSON.stringify(line)).join('\n')
  const { requests, engineAsked } = await load(lines, 42)
  expect(requests.map(({ fresh }) => fresh().now)).toEqual([42, 42, 5])
  expect(engineAsked.map(({ now }) => now)).toEqual([42, 42, 5])
  expect((await load(lines)).requests.map(({ fresh }) => fresh().now)).toEqual([undefined, null, 5])
})
