/** The sample of the documents that is a Worker: it runs in workerd as printed, over D1, without `nodejs_compat`. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'rolldown/utils'
import { expect, onTestFinished, test } from 'vitest'
import { newApplication } from '../fixtures/application.ts'
import { bundle } from '../runtimes/bundle.ts'
import { DATE, startMiniflare } from '../runtimes/worker/d1.ts'
import { extractSamples } from './extract.ts'

const SEEDS = join(process.env.KAVACH_CONFORMANCE ?? '', 'seeds')
const DOCUMENT = '002'
const INDEX = 7

test(`document ${DOCUMENT}, sample ${INDEX}: a Worker opens a host over D1 and makes an agent, for each request`, async () => {
  const name = readdirSync(SEEDS).find((file) => file.startsWith(DOCUMENT)) ?? expect.fail('the document is not there')
  const sample =
    extractSamples(readFileSync(join(SEEDS, name), 'utf8'))[INDEX] ?? expect.fail('the document has no such sample')
  const folder = newApplication('conformance-worker')
  const { code, errors } = transformSync('worker.ts', `${sample.imports}\n${sample.body}`)
  expect(errors).toEqual([])
  const entry = join(folder, 'worker.js')
  writeFileSync(entry, code)
  const { code: bundled, modules } = await bundle(entry, ['workerd', 'worker'])
  const miniflare = startMiniflare({
    name: 'sample',
    compatibilityDate: DATE,
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: bundled },
      ...[...modules].map(([path, file]) => ({ type: 'CompiledWasm', path, contents: readFileSync(file) })),
    ],
    d1Databases: ['KAVACH_DB'],
  })
  onTestFinished(() => miniflare.dispose())
  const worker = await miniflare.getWorker('sample')
  const agents = []
  for (let request = 0; request < 2; request++) {
    const response = await worker.fetch('http://worker/health')
    expect(response.status).toBe(200)
    const { agent } = (await response.json()) as { readonly agent: { readonly id: string } }
    expect(agent).toMatchObject({
      id: expect.stringMatching(/^agt_/),
      ownerId: 'user-1',
      name: 'my-agent',
      type: 'autonomous',
      status: 'active',
      permissions: [{ resource: 'mcp:github:*', actions: ['read'] }],
    })
    agents.push(agent.id)
  }
  expect(new Set(agents).size).toBe(2)
})
