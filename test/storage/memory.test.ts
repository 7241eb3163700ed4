import { expect, test } from 'vitest'
import { createMemoryStore } from '../../storage/index.ts'
import { namesIn, setting } from './sqlite/files.ts'

test('work that answers at once is done before the call returns', async () => {
  const store = createMemoryStore()
  let isDone = false
  const done = store.transaction('default', (tx) => {
    tx.put('settings', [setting('a')])
    isDone = true
  })
  expect(isDone).toBe(true)
  await done
})

test('projects do not wait for each other', async () => {
  const store = createMemoryStore()
  const stuck = store.transaction('a', () => new Promise(() => undefined))
  expect(await Promise.race([stuck, store.read('b', () => 'at once')])).toBe('at once')
})

test('two stores have nothing in common', async () => {
  const [one, other] = [createMemoryStore(), createMemoryStore()]
  await one.transaction('default', (tx) => tx.put('settings', [setting('a')]))
  expect([await namesIn(one), await namesIn(other)]).toEqual([['a'], []])
  expect({ isDurable: one.isDurable, provider: one.provider }).toEqual({ isDurable: false, provider: 'memory' })
})

test('a row that does not fit its table is refused, and the transaction undone', async () => {
  const store = createMemoryStore()
  const wrong = { name: 'b', value: 5 } as unknown as ReturnType<typeof setting> // As plain JavaScript would.
  await expect(store.transaction('default', (tx) => tx.put('settings', [setting('a'), wrong]))).rejects.toThrow(
    'settings.value cannot be a number',
  )
  expect(await namesIn(store)).toEqual([])
})
