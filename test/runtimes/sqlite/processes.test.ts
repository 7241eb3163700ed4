/** Several processes, of one runtime and of several, on one file: caps are exact, and what was acknowledged stays. */
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ask, folder, OTHERS, RUNTIMES, type Runtime, start } from './runtimes.ts'

const [NODE_20] = RUNTIMES as [Runtime, ...Runtime[]] // The first.
const KILLS = 3

describe.each(OTHERS)('on $name', (runtime) => {
  test('two processes with 400 calls each against a cap of 500 are allowed exactly 500', async () => {
    expect(await race([runtime, runtime])).toEqual({ allowed: 500, limited: 300, isIntact: true })
  })

  test('one beside one of Node 20 is counted with it', async () => {
    expect(await race([runtime, NODE_20])).toEqual({ allowed: 500, limited: 300, isIntact: true })
  })

  test(`no acknowledged row is lost in ${KILLS} kills, the log verifies, and what is used is what was allowed`, async () => {
    const file = join(folder(), 'kavach.db')
    const { id } = (await ask(runtime, 'create', file)) as { readonly id: string } // What `create` prints.
    let acknowledged = 0
    for (let round = 0; round < KILLS; round++) {
      const ids = await runAndKill(runtime, file, id, 100 + 150 * round)
      acknowledged += ids.length
      const left = (await ask(runtime, 'left', file, id)) as Left // What `left` prints.
      const allowed = new Set(left.seqs.map((seq) => `aud_${seq}`))
      expect(ids.filter((each) => !allowed.has(each))).toEqual([])
      expect(left).toMatchObject({ isIntact: true, calls: allowed.size, nanoUsd: allowed.size * 1_000_000 })
    }
    expect(acknowledged).toBeGreaterThan(KILLS)
  })
})

interface Left {
  readonly isIntact: boolean
  readonly seqs: readonly number[]
  readonly calls: number
  readonly nanoUsd: number
}

test('a file goes from Node 20 through every other runtime and back, and its log verifies everywhere', async () => {
  const file = join(folder(), 'kavach.db')
  const { token } = (await ask(NODE_20, 'create', file)) as { readonly token: string } // What `create` prints.
  const sizes: number[] = []
  for (const runtime of [NODE_20, ...OTHERS, NODE_20, ...OTHERS.toReversed(), NODE_20]) {
    const answer = await ask(runtime, 'continue', file, token, '50')
    expect(answer).toEqual({ allowed: 50, isIntact: true, size: expect.any(Number), newest: 'mcp:github:repo-49' })
    sizes.push((answer as { readonly size: number }).size) // As was just seen.
  }
  const [first = 0] = sizes
  expect(sizes).toEqual(sizes.map((_, at) => first + 50 * at))
})

/** Each calls 400 times at once, of which 500 are allowed together. */
async function race(runtimes: readonly Runtime[]) {
  const file = join(folder(), 'kavach.db')
  const [opener = NODE_20] = runtimes
  const id = String(await ask(opener, 'capped', file, '500'))
  const racing = runtimes.map((runtime) => start(runtime, 'race', file, id, '400'))
  for (const { nextLine } of racing) expect(await nextLine()).toBe('ready')
  const reports = racing.map(({ nextLine }) => nextLine())
  for (const { tell } of racing) tell('go')
  const counts = (await Promise.all(reports)).map((line) => JSON.parse(line))
  const verified = (await ask(opener, 'left', file, id)) as Left // What `left` prints.
  return {
    allowed: counts.reduce((sum, { allowed }) => sum + allowed, 0),
    limited: counts.reduce((sum, { limited }) => sum + limited, 0),
    isIntact: verified.isIntact,
  }
}

/** The ids that were acknowledged when the process was killed. */
async function runAndKill(runtime: Runtime, file: string, id: string, ms: number): Promise<readonly string[]> {
  const { child, lines, nextLine } = start(runtime, 'crash', file, id)
  const ended = once(child, 'exit')
  expect(await nextLine()).toBe('ready')
  const killed = sleep(ms).then(() => child.kill('SIGKILL'))
  const ids: string[] = []
  for await (const line of lines) ids.push(line)
  await Promise.all([killed, ended])
  // The last line may be cut off in the middle of a write.
  return ids.filter((each) => /^aud_\d+$/.test(each))
}
