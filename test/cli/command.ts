/** The real `kavach`, in a process of its own and a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'

export const MAIN = resolve('dist/cli/main.js')

export interface Result {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A folder that is gone after the test, with `files` in it. */
export function folderOf(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'kavach-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, data] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), data)
  }
  return folder
}

/** A folder for all tests of a file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kavach-cli-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts `kavach ARGS` in `cwd`. */
export function start(cwd: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { cwd })
}

/** Runs `kavach ARGS` in `cwd`, with `input` as its standard input. */
export async function kavach(cwd: string, args: readonly string[], input: string | Uint8Array = ''): Promise<Result> {
  const child = start(cwd, args)
  child.stdin?.on('error', () => undefined) // A command that does not read its input closes it.
  child.stdin?.end(input)
  return finished(child)
}

/** The same without the right to read and write everything, also for root. */
export async function unprivileged(cwd: string, args: readonly string[]): Promise<Result> {
  chmodSync(cwd, 0o755)
  const child = spawn(process.execPath, [resolve('test/fixtures/unprivileged.mjs'), ...args], { cwd })
  child.stdin.end()
  return finished(child)
}

/** What a command printed, and how it ended. */
export async function finished(child: ChildProcess): Promise<Result> {
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
}
