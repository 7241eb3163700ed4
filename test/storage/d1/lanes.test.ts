import { expect, test } from 'vitest'
import { Lane, type Mode } from '../../../storage/d1/lanes.ts'

/** Who is in, after everybody has had a turn. */
function visitors() {
  const lane = new Lane()
  const inside = new Set<string>()
  const enter = (name: string, mode: Mode) => {
    const { turn, leave } = lane.enter(mode)
    if (turn === undefined) inside.add(name)
    else void turn.then(() => inside.add(name))
    return () => {
      inside.delete(name)
      leave()
    }
  }
  const look = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return [...inside].join('')
  }
  return { lane, enter, look }
}

test('readers go in together, a writer alone, and nobody overtakes', async () => {
  const { lane, enter, look } = visitors()
  const leave = [enter('a', 'reading'), enter('b', 'reading'), enter('C', 'writing'), enter('d', 'reading')]
  expect(await look()).toBe('ab')
  leave[0]?.()
  expect(await look()).toBe('b')
  leave[1]?.()
  expect(await look()).toBe('C')
  leave[2]?.()
  expect(await look()).toBe('d')
  leave[3]?.()
  expect([await look(), lane.isEmpty]).toEqual(['', true])
})

test('whoever stops waiting holds nobody up, and leaving twice is leaving once', async () => {
  const { enter, look } = visitors()
  const leave = [enter('A', 'writing'), enter('B', 'writing'), enter('c', 'reading'), enter('d', 'reading')]
  leave[1]?.()
  expect(await look()).toBe('A')
  leave[0]?.()
  leave[0]?.()
  expect(await look()).toBe('cd')
})
