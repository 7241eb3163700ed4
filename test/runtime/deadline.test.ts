import { expect, test } from 'vitest'
import { createDeadlines } from '../../runtime/deadline.ts'
import { createHost, type Host } from '../../runtime/host.ts'

/** A host whose steady clock and sleepers are moved by hand. */
function handHost() {
  let elapsed = 0
  const sleepers: { readonly due: number; readonly wake: () => void }[] = []
  const host: Host = {
    ...createHost(),
    elapsed: () => elapsed,
    sleep: (ms) => new Promise((wake) => sleepers.push({ due: elapsed + ms, wake })),
  }
  return {
    host,
    async advance(ms: number) {
      elapsed += ms
      for (let turn = 0; turn < 20; turn++) {
        for (const sleeper of sleepers.splice(0)) {
          if (sleeper.due <= elapsed) sleeper.wake()
          else sleepers.push(sleeper)
        }
        await undefined
      }
    },
  }
}

test('what answers in time is passed on, value or error', async () => {
  const { host } = handHost()
  const { within } = createDeadlines(host, 100)
  expect(await within(Promise.resolve(7))).toBe(7)
  await expect(within(Promise.reject(new Error('broken')))).rejects.toThrow('broken')
})

test('each waits its own time, and is late after it', async () => {
  const { host, advance } = handHost()
  const { within } = createDeadlines(host, 100)
  const states: string[] = []
  const hang = () => new Promise<never>(() => undefined)
  within(hang()).catch(({ code }) => states.push(`first ${code}`))
  await advance(60)
  within(hang()).catch(({ code }) => states.push(`second ${code}`))
  await advance(39)
  expect(states).toEqual([])
  await advance(1)
  expect(states).toEqual(['first KVCH_E_STORE_TIMEOUT'])
  await advance(60)
  expect(states).toEqual(['first KVCH_E_STORE_TIMEOUT', 'second KVCH_E_STORE_TIMEOUT'])
})

test('one that was answered keeps nobody behind it waiting longer', async () => {
  const { host, advance } = handHost()
  const { within } = createDeadlines(host, 100)
  const states: string[] = []
  await within(Promise.resolve(1))
  await advance(50)
  within(new Promise<never>(() => undefined)).catch(({ code }) => states.push(code))
  await advance(99)
  expect(states).toEqual([])
  await advance(1)
  expect(states).toEqual(['KVCH_E_STORE_TIMEOUT'])
})
