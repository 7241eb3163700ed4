/** A command that runs beside the watch, and is started anew for each policy. */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { CliError, EXIT_NO_INPUT } from '../exit.ts'

export interface Command {
  /** Ends the one that runs, and starts another. @throws {CliError} 66 when there is no such command */
  readonly restart: (environment: Readonly<Record<string, string>>) => Promise<void>
  /** Ends the one that runs. */
  readonly stop: () => Promise<void>
  /** Its exit code, when it ended by itself. */
  readonly ended: Promise<number>
}

export interface CommandLine {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  /** How long it may take to end when it is asked to. */
  readonly patienceMs: number
}

export function createCommand({ file, args, cwd, patienceMs }: CommandLine): Command {
  let running: { readonly child: ChildProcess; readonly gone: Promise<void> } | undefined
  let isAsked = false
  let end = (_: number) => {}
  const ended = new Promise<number>((resolve) => {
    end = resolve
  })

  async function start(environment: Readonly<Record<string, string>>): Promise<void> {
    isAsked = false
    const child = spawn(file, [...args], { cwd, stdio: 'inherit', env: { ...process.env, ...environment } })
    const gone = new Promise<void>((resolve) => {
      child.once('exit', (code, signal) => {
        running = undefined
        resolve()
        if (!isAsked) end(code ?? 128 + constants.signals[signal ?? 'SIGKILL'])
      })
    })
    running = { child, gone }
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (error) => {
        running = undefined
        const code = 'code' in error ? String(error.code) : error.message
        reject(new CliError(EXIT_NO_INPUT, `\`${file}\` cannot be started: ${code}`, 'check the command after --'))
      })
    })
  }

  async function stop(): Promise<void> {
    if (running === undefined) return
    const { child, gone } = running
    isAsked = true
    child.kill('SIGTERM')
    const timeout = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    await gone
    clearTimeout(timeout)
  }

  return {
    async restart(environment) {
      await stop()
      await start(environment)
    },
    stop,
    ended,
  }
}
