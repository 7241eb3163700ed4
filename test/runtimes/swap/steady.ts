/** Runs steady.mjs, and holds what it prints to what must stay as it is. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'

/** What is done over and over: decisions, those on the requests of acme, or swaps of one of three kinds. */
export type Way = 'decide' | 'requests' | 'reload' | 'slices' | 'instances'

interface Point {
  /** The heap of JavaScript, and what it holds outside. */
  readonly heldBytes: number
  readonly linearBytes: number
}

interface Steady {
  readonly swaps: number
  readonly decisions: number
  readonly wrong: readonly object[]
  readonly points: readonly Point[]
}

/** How far memory may grow while nothing is kept. */
const BOUND = 2 * 2 ** 20

/** Does it `count` times after a tenth of it to warm up. Nothing is wrong, linear memory stays, and all else is let go. */
export async function expectSteady(
  [program, ...args]: readonly [string, ...string[]],
  way: Way,
  count: number,
): Promise<Steady> {
  const command = [...args, 'test/runtimes/swap/steady.mjs', way, String(count)]
  const { stdout } = await promisify(execFile)(program, command, { env: {} })
  const found: Steady = JSON.parse(stdout)
  expect(found.wrong).toEqual([])
  expect(found[way === 'decide' || way === 'requests' ? 'decisions' : 'swaps']).toBe(count + count / 10)
  const [linearBytes = 0] = found.points.map((point) => point.linearBytes)
  // Zero would mean that no memory was seen, which stays as it is, too.
  expect(linearBytes).toBeGreaterThan(0)
  expect(found.points.map((point) => point.linearBytes)).toEqual(found.points.map(() => linearBytes))
  const held = found.points.map(({ heldBytes }) => heldBytes)
  expect(growthOf(held), `${way}: ${held}`).toBeLessThan(BOUND)
  return found
}

/** The most by which a value is larger than one before it. What shrinks was let go late, which a busy machine does. */
function growthOf(values: readonly number[]): number {
  return Math.max(...values.map((value, index) => value - Math.min(...values.slice(0, index + 1))))
}
