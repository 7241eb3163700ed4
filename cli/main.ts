#!/usr/bin/env node
/** The `kavach` command: connects the process to the program. */
import { runProgram } from './program.ts'
import { Terminal } from './terminal.ts'

const interrupt = new AbortController()

// A reader that goes away (`kavach eval ... | head`) ends the command; that is no fault of anybody.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const terminal = new Terminal({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  color: Boolean(process.stdout.isTTY) && (process.env['NO_COLOR'] ?? '') === '',
  debug: (process.env['KAVACH_DEBUG'] ?? '') !== '',
  now: () => Date.now(),
  interrupt: interrupt.signal,
  takeInterrupts: () => process.once('SIGINT', () => interrupt.abort()),
})

const code = await runProgram(process.argv.slice(2), terminal)
// The import commands leave their own code in process.exitCode.
process.exitCode = code === 0 ? (process.exitCode ?? 0) : code
