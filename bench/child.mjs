// Programs that measure in processes of their own: one that prints a line of JSON and ends, and one that stays and measures when it
// is told to, so that contenders take turns without loading anew.
import { fork, spawn } from 'node:child_process'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Interrupted, interrupted } from './interrupt.mjs'

const here = dirname(fileURLToPath(import.meta.url))

/** What a child that stays throws when a signal ended it: its engine broke down, and may be started anew. */
export class Crashed extends Error {}

/** The last line of what the program prints, parsed. `program` is a file of this folder or an absolute path. */
export async function runOnce(program, args, { allLines = false, node = process.execPath, execArgv = [] } = {}) {
  const child = spawn(node, [...execArgv, resolve(here, program), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Out of the reach of Ctrl-C: it is ended from here.
    detached: true,
  })
  const stop = () => child.kill('SIGKILL')
  interrupted.addEventListener('abort', stop)
  const outputs = [collect(child.stdout), collect(child.stderr)]
  const status = await new Promise((done) => child.once('close', done))
  interrupted.removeEventListener('abort', stop)
  if (interrupted.aborted) throw new Interrupted(program)
  const [stdout, stderr] = await Promise.all(outputs)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${lastLines(stderr)}`)
  const lines = stdout.trim().split('\n')
  return allLines ? lines.map((line) => JSON.parse(line)) : JSON.parse(lines.at(-1))
}

/**
 * A process that answers each message with one of its own. `ready` is its first; `ask` resolves to the answer.
 */
export async function openChild(program, args, { execArgv = [] } = {}) {
  const child = fork(resolve(here, program), args, {
    execArgv: ['--expose-gc', ...execArgv],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
  })
  const errors = collect(child.stderr)
  const name = `${program} ${args.join(' ')}`
  const ended = async (signal) => {
    const text = `${name}: ${lastLines(await errors)}`
    return signal === null ? new Error(text) : new Crashed(text)
  }
  const answer = () =>
    new Promise((fulfil, reject) => {
      const settle = (done) => (value) => {
        child.off('message', onMessage)
        child.off('close', onClose)
        interrupted.removeEventListener('abort', onAbort)
        done(value)
      }
      const onMessage = settle(fulfil)
      const onClose = (_, signal) => settle(async () => reject(await ended(signal)))()
      const onAbort = settle(() => {
        child.kill('SIGKILL')
        reject(new Interrupted(name))
      })
      child.once('message', onMessage)
      child.once('close', onClose)
      interrupted.addEventListener('abort', onAbort)
      if (interrupted.aborted) onAbort()
    })
  return {
    ready: await answer(),
    ask(message) {
      child.send(message)
      return answer()
    },
    close() {
      child.kill('SIGKILL')
    },
  }
}

async function collect(stream) {
  let text = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) text += chunk
  return text
}

function lastLines(text) {
  return text.trim().split('\n').slice(-8).join('\n')
}
