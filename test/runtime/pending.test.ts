import { expect, test } from 'vitest'
import { pendingObject } from '../../runtime/pending.ts'

interface Thing {
  readonly name: string
  add(a: number, b: number): Promise<number>
  readonly part: { twice(a: number): Promise<number>; count(to: number): AsyncIterable<number> }
}

function thing(): Thing {
  return {
    name: 'thing',
    add: async (a, b) => a + b,
    part: {
      twice: async (a) => 2 * a,
      async *count(to) {
        for (let i = 0; i < to; i++) yield i
      },
    },
  }
}

function pendingThing(opening: Promise<Thing>) {
  return pendingObject<Thing>(
    { name: 'later', add: 'method', part: { twice: 'method', count: 'stream' } },
    opening,
    (member) => new Error(`await it before \`${member}\` is read`),
  )
}

test('methods and streams can be used before the object is there', async () => {
  let open: (made: Thing) => void = () => undefined
  const pending = pendingThing(new Promise((resolve) => (open = resolve)))
  const sum = pending.add(1, 2)
  const twice = pending.part.twice(4)
  open(thing())
  expect(await sum).toBe(3)
  expect(await twice).toBe(8)
  const counted: number[] = []
  for await (const i of pending.part.count(3)) counted.push(i)
  expect(counted).toEqual([0, 1, 2])
})

test('what is awaited is the same object, without its `then`', async () => {
  const pending = pendingThing(Promise.resolve(thing()))
  expect(() => pending.name).toThrow('await it before `name` is read')
  const opened = await pending
  expect(opened).toBe(pending)
  expect('then' in opened).toBe(false)
  expect(opened.name).toBe('thing')
  expect(await opened.part.twice(2)).toBe(4)
  // Awaited once more it is an ordinary value.
  expect(await (opened as object)).toBe(pending)
})

test('an opening that fails rejects whoever awaits it, and every method', async () => {
  const pending = pendingThing(Promise.reject(new Error('no such file')))
  await expect(pending.add(1, 2)).rejects.toThrow('no such file')
  await expect(Promise.resolve(pending)).rejects.toThrow('no such file')
  await expect(pending.part.twice(1)).rejects.toThrow('no such file')
})
