/** A terminal for commands in process, and git repositories in folders of their own. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { CliError } from '../../cli/exit.ts'
import { Terminal } from '../../cli/terminal.ts'
import { folderOf } from './command.ts'

export interface Machine {
  readonly terminal: Terminal
  /** What was written to standard output, and to standard error. */
  out(): string
  err(): string
}

/** `interruptAtOnce`: Ctrl-C is pressed as soon as a command listens to it. */
export function machineIn(cwd: string, { interruptAtOnce = false } = {}): Machine {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const interrupt = new AbortController()
  const terminal = new Terminal({
    stdin: new PassThrough(),
    stdout,
    stderr,
    cwd,
    color: false,
    errorColor: false,
    isTyped: false,
    isScreen: false,
    isWatched: false,
    debug: false,
    now: () => 1_775_000_000_000,
    interrupt: interrupt.signal,
    takeInterrupts: () => interruptAtOnce && interrupt.abort(),
  })
  return { terminal, out: () => String(stdout.read() ?? ''), err: () => String(stderr.read() ?? '') }
}

/** How work that must not succeed gave up. */
export async function refusalOf(
  work: Promise<unknown>,
): Promise<{ code: number; message: string; help: string | undefined }> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    return { code: error.code, message: error.message, help: error.help }
  }
  throw new Error('it was not refused')
}

export interface TestRepository {
  readonly folder: string
  git(...args: readonly string[]): string
  /** Writes files and commits everything. */
  commit(files: Readonly<Record<string, string | Uint8Array>>): void
}

/** A repository that is gone after the test, on the branch `main`. */
export function repositoryOf(files: Readonly<Record<string, string | Uint8Array>>): TestRepository {
  const folder = folderOf()
  const git = (...args: readonly string[]): string => {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false']
    const { status, stdout, stderr } = spawnSync('git', [...identity, ...args], {
      cwd: folder,
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    })
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
    return stdout.toString()
  }
  const commit = (changed: Readonly<Record<string, string | Uint8Array>>): void => {
    for (const [name, data] of Object.entries(changed)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), data)
    }
    git('add', '--all')
    git('commit', '--quiet', '--allow-empty', '--message', 'change')
  }
  git('init', '--quiet', '--initial-branch', 'main')
  commit(files)
  return { folder, git, commit }
}
