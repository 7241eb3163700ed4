/** The samples of docs/runtimes.md, each as it stands, on the runtimes that it is for. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { type Block, blocksOf, printedBy } from '../../docs/blocks.ts'
import { bundle } from '../bundle.ts'
import { printedByPage } from '../page.ts'
import { askWorker } from '../workerd.ts'

// Inside the package, so that `kavachos/engine` is found from there.
const FOLDER = resolve('build/runtimes/samples')
const PAGE = readFileSync('docs/runtimes.md', 'utf8')
const SAMPLES = new Map(blocksOf(PAGE).flatMap((block) => (block.file === undefined ? [] : [[block.file, block]])))
const execute = promisify(execFile)

beforeAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(join(FOLDER, 'desk'), { recursive: true })
  for (const [file, { text }] of SAMPLES) writeFileSync(join(FOLDER, file), text)
  const main = resolve('dist/cli/main.js')
  await execute(process.execPath, [main, 'compile', 'desk', '-o', 'build'], { cwd: FOLDER })
})

function sample(file: string): Block {
  return SAMPLES.get(file) ?? expect.fail(`docs/runtimes.md has no ${file}`)
}

const { NODE_20 = '', NODE_22 = '', NODE_24 = '', BUN = '', DENO = '' } = process.env

test.each([
  ['Node 20', NODE_20, []],
  ['Node 22', NODE_22, []],
  ['Node 24', NODE_24, []],
  ['Bun', BUN, []],
  ['Deno', DENO, ['run', '--no-prompt', '--allow-read']],
])('decide.mjs on %s', async (_, program, args) => {
  if (program === '') expect.fail('the program is not named: run `npm run test:runtimes`')
  const { stdout, stderr } = await execute(program, [...args, 'decide.mjs'], { cwd: FOLDER, env: {} })
  expect({ stdout, stderr }).toEqual({ stdout: printedBy(sample('decide.mjs').text), stderr: '' })
})

test('page.mjs in Chromium', async () => {
  const page = await bundle(join(FOLDER, 'page.mjs'), ['browser'])
  const printed = await printedByPage(page, { 'desk.wasm': join(FOLDER, 'build/desk.wasm') }, 1)
  expect(printed).toBe(printedBy(sample('page.mjs').text))
})

/** `open-worker.mjs` is for bundlers that know no conditions. */
test.each([
  ['worker.mjs', ['workerd', 'worker']],
  ['image-worker.mjs', ['workerd', 'worker']],
  ['open-worker.mjs', []],
])('%s in workerd', async (file, conditions) => {
  expect(sample(file).text).toContain('export default')
  const worker = await bundle(join(FOLDER, file), conditions)
  const request = { agent: 'triage', action: 'read', resource: 'mcp:tickets:1' }
  const images = { POLICIES: { 'desk.img': readFileSync(join(FOLDER, 'build/desk.img')) } }
  const decision = await askWorker(worker, { method: 'POST', body: JSON.stringify(request) }, images)
  expect(decision).toMatchObject({ decision: 'allow', reason: 'allowed', policy: { name: 'desk' } })
  // The second request finds the engine of the first.
  expect(await askWorker(worker, { method: 'POST', body: '{}' }, images, 2)).toMatchObject({
    reason: 'invalid-request',
  })
})

test('every sample of the page is run', () => {
  const run = ['desk/desk.kavach', 'decide.mjs', 'worker.mjs', 'image-worker.mjs', 'open-worker.mjs', 'page.mjs']
  expect([...SAMPLES.keys()]).toEqual(run)
})
