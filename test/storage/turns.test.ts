import { expect, test } from 'vitest'
import { Turns } from '../../storage/turns.ts'

test('a turn that nobody has is taken at once, and the others follow in their order', async () => {
  const turns = new Turns()
  const order: string[] = []
  expect(turns.take()).toBeUndefined()
  const waiting = ['a', 'b', 'c'].map(async (name) => {
    await turns.take()
    order.push(name)
    turns.release()
  })
  expect(turns.hasWaiters).toBe(true)
  turns.release()
  await Promise.all(waiting)
  expect(order).toEqual(['a', 'b', 'c'])
  expect(turns.take()).toBeUndefined()
})

test('whoever came too long ago is sent away, and loses the turn to those behind', async () => {
  const turns = new Turns()
  turns.take(0)
  const late = turns.take(5)
  const next = turns.take(10)
  const never = new Error('late')
  turns.expire(10, () => never)
  await expect(late).rejects.toBe(never)
  turns.release()
  await next
  expect(turns.take()).toBeInstanceOf(Promise)
})
