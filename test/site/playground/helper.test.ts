import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createHelper, type WorkerLike } from '../../../site/playground/helper.ts'
import type { Answer, Ask } from '../../../site/playground/messages.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A worker that answers when it is told to. */
class Puppet implements WorkerLike {
  onmessage: WorkerLike['onmessage'] = null
  onerror: WorkerLike['onerror'] = null
  readonly asked: Ask[] = []
  isTerminated = false

  postMessage(ask: Ask): void {
    this.asked.push(ask)
  }

  terminate(): void {
    this.isTerminated = true
  }

  answer(answer: Answer = { kind: 'decide', fault: this.asked.at(-1)?.text ?? '' }): void {
    this.onmessage?.({ data: answer } as MessageEvent<Answer>) // Nothing else of the event is read.
  }
}

function helper() {
  const workers: Puppet[] = []
  const answered: string[] = []
  const busy: (string | undefined)[] = []
  const made = createHelper({
    start: () => {
      const worker = new Puppet()
      workers.push(worker)
      return worker
    },
    patienceMs: 300,
    onAnswer: (answer, ask) => answered.push(`${ask.kind} ${ask.text}: ${answer.kind}`),
    onBusy: (ask) => busy.push(ask && `${ask.kind} ${ask.text}`),
  })
  return { ...made, workers, answered, busy, worker: (index = 0) => workers[index] ?? expect.fail('no such worker') }
}

const decide = (text: string): Ask => ({ kind: 'decide', text, state: '', request: '{}' })
const check = (text: string): Ask => ({ kind: 'check', text })
const texts = (worker: Puppet) => worker.asked.map(({ kind, text }) => `${kind} ${text}`)

test('one question is under way, and of those that wait only the newest of a kind is asked', () => {
  const { ask, worker, answered, busy } = helper()
  for (const text of ['a', 'b', 'c']) {
    ask(check(text))
    ask(decide(text))
  }
  expect(texts(worker())).toEqual(['check a'])
  worker().answer()
  worker().answer()
  worker().answer()
  expect(texts(worker())).toEqual(['check a', 'check c', 'decide c'])
  // The answer about `a` came when `c` had been asked.
  expect(answered).toEqual(['check c: decide', 'decide c: decide'])
  expect(busy).toEqual(['check a', 'check c', 'decide c', undefined])
})

test('what keeps a newer question waiting is ended with its worker', () => {
  const { ask, workers, worker, answered } = helper()
  ask(check('a'))
  vi.advanceTimersByTime(10_000)
  expect(worker().isTerminated).toBe(false)
  ask(check('b'))
  vi.advanceTimersByTime(299)
  ask(check('c'))
  vi.advanceTimersByTime(1)
  expect([worker().isTerminated, workers.length, texts(worker(1))]).toEqual([true, 2, ['check c']])
  // What the old one says now, nobody hears.
  worker(0).answer()
  worker(1).answer()
  expect(answered).toEqual(['check c: decide'])
})

test('a question of another kind waits as long as it takes', () => {
  const { ask, worker } = helper()
  ask(check('a'))
  ask(decide('a'))
  vi.advanceTimersByTime(10_000)
  expect(worker().isTerminated).toBe(false)
  worker().answer()
  expect(texts(worker())).toEqual(['check a', 'decide a'])
})

test('stopping ends what is under way and forgets what waits', () => {
  const { ask, stop, workers, worker, answered, busy } = helper()
  stop()
  ask(check('a'))
  ask(check('b'))
  stop()
  vi.advanceTimersByTime(10_000)
  worker().answer()
  expect([worker().isTerminated, workers.length, answered]).toEqual([true, 1, []])
  ask(check('c'))
  worker(1).answer()
  expect(answered).toEqual(['check c: decide'])
  expect(busy).toEqual(['check a', undefined, 'check c', undefined])
})

test('a worker that fails is said, and the next question has a new one', () => {
  const { ask, workers, worker, answered } = helper()
  ask(check('a'))
  worker().onerror?.({ message: 'out of memory' } as ErrorEvent) // Nothing else of the event is read.
  ask(check('b'))
  worker(1).answer()
  expect([workers.length, answered]).toEqual([2, ['check a: failed', 'check b: decide']])
})
