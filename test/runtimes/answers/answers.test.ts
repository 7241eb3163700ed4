/** The golden requests, the whole corpus and policies that are swapped, asked of the built door on every runtime. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import * as door from '../../../engine-wasm/host/index.ts'
import { ENGINE } from '../../abi/compiled.ts'
import { bundle } from '../bundle.ts'
import { askPage } from '../page.ts'
import { askWorker, WORKERD } from '../workerd.ts'
import { NOT_COMPILED } from './not-compiled.ts'
import { ACME, questionsText } from './questions.ts'
import { askEverything, type Data, type Report } from './runner.mjs'

const FOLDER = 'build/runtimes/answers'
const TEXT = questionsText()
const QUESTIONS = gzipSync(TEXT)
mkdirSync(FOLDER, { recursive: true })
writeFileSync(`${FOLDER}/questions.json.gz`, QUESTIONS)
writeFileSync(`${FOLDER}/policy.wasm`, ACME)

interface Named extends Report {
  readonly runtime: string
}

/** What a program printed, which is given as little as it needs. */
async function askProgram(program: string | undefined, ...args: readonly string[]): Promise<unknown> {
  if (program === undefined) expect.fail('the program is not named: run `npm run test:runtimes`')
  const { stdout } = await promisify(execFile)(program, [...args, 'test/runtimes/answers/program.mjs', FOLDER], {
    env: {},
    maxBuffer: 2 ** 28,
  })
  return JSON.parse(stdout)
}

const { NODE_20, NODE_22, NODE_24, BUN, DENO } = process.env

const RUNTIMES: readonly [string, RegExp, () => Promise<unknown>][] = [
  ['Node 20', /^Node 20\./, () => askProgram(NODE_20)],
  ['Node 22', /^Node 22\./, () => askProgram(NODE_22)],
  ['Node 24', /^Node 24\./, () => askProgram(NODE_24)],
  ['Bun', /^Bun 1\./, () => askProgram(BUN)],
  ['Deno, which may only read', /^Deno 2\./, () => askProgram(DENO, 'run', '--no-prompt', '--allow-read')],
  [
    `workerd ${WORKERD}`,
    /^Cloudflare-Workers$/,
    async () => {
      const worker = await bundle('test/runtimes/answers/worker.mjs', ['workerd', 'worker'], {
        'policy.wasm': `${process.cwd()}/${FOLDER}/policy.wasm`,
      })
      return askWorker(worker, { method: 'POST', body: QUESTIONS })
    },
  ],
  [
    'Chromium',
    /Chrome\/\d+/,
    async () =>
      askPage(await bundle('test/runtimes/answers/page.mjs', ['browser']), {
        'engine.wasm': 'build/engine.wasm',
        'policy.wasm': `${FOLDER}/policy.wasm`,
        'questions.json.gz': `${FOLDER}/questions.json.gz`,
      }),
  ],
]

describe('the same answers', () => {
  let first: Named | undefined

  test.each(RUNTIMES)('on %s', async (_, name, ask) => {
    const report = (await ask()) as Named // The runner is the same everywhere; runner.d.mts has its types.
    const { runtime, answers, swap, bytes } = report
    const counts = Object.entries(answers.asked).map(([kind, count]) => `${count} ${kind}`)
    console.log(`${runtime}: ${counts.join(', ')}, ${swap.swaps} swaps; ${answers.differences.length} differences`)
    expect(runtime).toMatch(name)
    expect(answers.differences).toEqual([])
    expect(answers.asked).toEqual({ golden: 500, corpus: 1843, explained: 2343, batch: 1766, compiled: 18 })
    expect(swap).toEqual({
      swaps: 500,
      decisions: expect.any(Number),
      wrong: [],
      refused: [
        ...twice('bad-digest'),
        ...twice('same-generation'),
        ...twice('old-generation'),
        ...twice('bad-length'),
        'superseded',
      ],
      last: [502, 502],
      revoked: 'agent-revoked',
    })
    first ??= report
    expect([answers.digest, swap.decisions]).toEqual([first.answers.digest, first.swap.decisions])
    expect(bytes).toEqual(runtime === 'Cloudflare-Workers' ? NOT_COMPILED : 'acme')
  })
})

test('docs/runtimes.md says how many questions there are', () => {
  expect(readFileSync('docs/runtimes.md', 'utf8')).toContain(
    '500 golden requests and all 1,843 questions of the corpus',
  )
})

test('a wrong answer is counted, and told in full', async () => {
  const data: Data = JSON.parse(TEXT)
  const [acme] = data.sets.golden
  const [first, ...others] = acme?.questions ?? []
  if (acme === undefined || first === undefined) expect.fail('there is no golden request')
  const planted = { ...first, decision: first.decision.replace('"allow', '"deny') }
  const sets = { golden: [{ ...acme, questions: [planted, ...others] }], corpus: [] }
  const modules = { engine: new WebAssembly.Module(ENGINE), policy: new WebAssembly.Module(ACME.slice()) }
  const gzipped = new Uint8Array(gzipSync(JSON.stringify({ ...data, sets })))
  const { answers } = await askEverything(door, gzipped, modules)
  const { request, options } = planted
  const told = { request: JSON.stringify(request), options, expected: planted.decision, found: first.decision }
  expect(answers.differences).toEqual([
    { subject: 'golden: acme', kind: 'golden', ...told },
    { subject: 'golden: acme', kind: 'batch', ...told },
    { subject: 'the compiled module', kind: 'compiled', ...told },
  ])
})

const twice = (code: string) => [code, code]
