/** A million decisions, and ten thousand swaps of each kind, on Bun fewer of one: none is wrong, and memory stays as it is. */
import { expect, test } from 'vitest'
import { expectSteady, type Way } from './steady.ts'

const { NODE_20 = '', NODE_22 = '', NODE_24 = '', BUN = '', DENO = '' } = process.env
const GC = '--expose-gc'
const DENO_ARGS = ['run', '--no-prompt', '--allow-read', '--allow-sys', `--v8-flags=${GC}`]

const RUNTIMES: readonly [string, readonly [string, ...string[]]][] = [
  ['Node 20', [NODE_20, GC]],
  ['Node 22', [NODE_22, GC]],
  ['Node 24', [NODE_24, GC]],
  ['Bun', [BUN]],
  ['Deno', [DENO, ...DENO_ARGS]],
]

const COUNTS: readonly [Way, number][] = [
  ['decide', 1_000_000],
  ['requests', 50_000],
  ['reload', 10_000],
  ['slices', 10_000],
  ['instances', 10_000],
]

/** Bun takes about seven milliseconds for an instance of the module: ten thousand of them would take more than a minute. */
const INSTANCES_OF_BUN = 2000

const TABLE = RUNTIMES.flatMap(([name, command]) =>
  COUNTS.map(([way, count]) => {
    const isSlow = name === 'Bun' && way === 'instances'
    return [name, way, isSlow ? INSTANCES_OF_BUN : count, command] as const
  }),
)

test.each(TABLE)('on %s: %s %i times', async (name, way, count, command) => {
  if (command[0] === '') expect.fail('the program is not named: run `npm run test:runtimes`')
  const { decisions, swaps } = await expectSteady(command, way, count)
  console.log(`${name}, ${way}: ${swaps} swaps, ${decisions} decisions, none wrong`)
})
