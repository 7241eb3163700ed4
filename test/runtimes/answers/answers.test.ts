/** The golden requests, the whole corpus and policies that are swapped, asked of the built door on every runtime. */
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { bundle } from '../bundle.ts'
import { askPage } from '../page.ts'
import { askWorker, WORKERD } from '../workerd.ts'
import { ACME, questionsText } from './questions.ts'
import type { Report } from './runner.mjs'

const FOLDER = 'build/runtimes/answers'
const QUESTIONS = gzipSync(questionsText())
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
    console.log(`${runtime}: ${Object.entries(answers.asked).join(', ')}, swaps ${swap.swaps}`)
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

const twice = (code: string) => [code, code]

const NOT_COMPILED = {
  isEngineError: true,
  name: 'EngineError',
  code: 'bad-module',
  message: 'this platform does not compile the bytes of a module: import the module, or give the image',
}
