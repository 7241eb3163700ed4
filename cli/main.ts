#!/usr/bin/env node
/** The `kavach` command: connects the process to the program. */
import { EXIT_INTERNAL } from './exit.ts'
import { runProgram } from './program.ts'
import { Terminal } from './terminal.ts'

const interrupt = new AbortController()

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that goes away (`kavach eval ... | head`) ends the command; that is no fault of anybody.
    if (error.code === 'EPIPE') process.exit(0)
    if (stream === process.stdout)
      process.stderr.write(`kavach: cannot write to standard output: ${error.code ?? error.message}\n`)
    process.exit(EXIT_INTERNAL)
  })
}

const wantsNoColor = (process.env.NO_COLOR ?? '') !== ''
const terminal = new Terminal({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  color: Boolean(process.stdout.isTTY) && !wantsNoColor,
  errorColor: Boolean(process.stderr.isTTY) && !wantsNoColor,
  isTyped: Boolean(process.stdin.isTTY),
  isScreen: Boolean(process.stdout.isTTY),
  isWatched: Boolean(process.stderr.isTTY),
  debug: (process.env.KAVACH_DEBUG ?? '') !== '',
  now: () => Date.now(),
  interrupt: interrupt.signal,
  takeInterrupts: () => process.once('SIGINT', () => interrupt.abort()),
})

const code = await runProgram(process.argv.slice(2), terminal)
// The import commands leave their own code in process.exitCode.
process.exitCode = code === 0 ? (process.exitCode ?? 0) : code
