import { PassThrough, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { Terminal } from '../../cli/terminal.ts'

function terminalOf(options: {
  readonly isWatched: boolean
  readonly isScreen?: boolean
  readonly now?: () => number
}) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const terminal = new Terminal({
    stdin: new PassThrough(),
    stdout,
    stderr,
    cwd: '/',
    color: true,
    errorColor: false,
    isTyped: false,
    isScreen: options.isScreen ?? false,
    isWatched: options.isWatched,
    debug: false,
    now: options.now ?? (() => 1000),
    interrupt: new AbortController().signal,
    takeInterrupts: () => undefined,
  })
  return { terminal, out: () => String(stdout.read() ?? ''), err: () => String(stderr.read() ?? '') }
}

test('progress is one line on the screen that the next output there replaces', async () => {
  let now = 1000
  const { terminal, out, err } = terminalOf({ isWatched: true, isScreen: true, now: () => now })
  terminal.progress(() => 'too soon')
  now += 200
  terminal.progress(() => '1 decided')
  terminal.progress(() => 'too soon after the first')
  now += 200
  terminal.progress(() => '2 decided')
  await terminal.print('result\n')
  await terminal.toErrors().print('finding\n')
  now += 200
  terminal.progress(() => '3 decided')
  terminal.note('remark\n')
  expect({ out: out(), err: err() }).toEqual({
    out: 'result\n',
    err: '\r\u001b[K1 decided\r\u001b[K2 decided\r\u001b[Kfinding\n\r\u001b[K3 decided\r\u001b[Kremark\n',
  })
})

test('output that goes elsewhere leaves the line of progress alone', async () => {
  let now = 1000
  const { terminal, out, err } = terminalOf({ isWatched: true, now: () => now })
  now += 200
  terminal.progress(() => '1 decided')
  await terminal.print('result\n')
  expect({ out: out(), err: err() }).toEqual({ out: 'result\n', err: '\r\u001b[K1 decided' })
})

test('where nobody watches there is no progress', () => {
  const { terminal, err } = terminalOf({ isWatched: false })
  terminal.progress(() => {
    throw new Error('nobody asked for it')
  })
  terminal.endProgress()
  expect(err()).toBe('')
})

test('what is printed to standard error has the colours of standard error', async () => {
  const { terminal, out, err } = terminalOf({ isWatched: false })
  const errors = terminal.toErrors()
  await errors.print('finding\n')
  expect({ out: out(), err: err(), colors: [terminal.color, errors.color] }).toEqual({
    out: '',
    err: 'finding\n',
    colors: [true, false],
  })
})

test('printing waits for a reader that is slower than we are', async () => {
  let release: () => void = () => undefined
  const stdout = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => {
      release = () => done()
    },
  })
  const slow = new Terminal({ ...terminalOf({ isWatched: false }).terminal.parts, stdout })
  let isPrinted = false
  const printing = slow.print('more than fits').then(() => {
    isPrinted = true
  })
  await new Promise(setImmediate)
  expect(isPrinted).toBe(false)
  release()
  await printing
  expect(isPrinted).toBe(true)
})

test('the exit code is the worst that was recorded', () => {
  const { terminal } = terminalOf({ isWatched: false })
  for (const code of [0, 3, 2, 1]) terminal.recordExit(code)
  expect(terminal.exitCode).toBe(2)
})
