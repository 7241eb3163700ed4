/** Programs on other runtimes, in the folder of an application that has kavachos as users have it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

export interface Runtime {
  readonly name: string
  readonly driver: 'better-sqlite3' | 'node:sqlite'
  /** The program, and what stands before the name of a script. */
  readonly run: readonly string[]
}

const { NODE_20, NODE_22, NODE_24, BUN, DENO } = process.env

export const RUNTIMES: readonly Runtime[] = [
  { name: 'Node 20', driver: 'better-sqlite3', run: [named(NODE_20)] },
  { name: 'Node 22', driver: 'node:sqlite', run: [named(NODE_22)] },
  { name: 'Node 24', driver: 'node:sqlite', run: [named(NODE_24)] },
  { name: 'Bun', driver: 'node:sqlite', run: [named(BUN)] },
  {
    name: 'Deno',
    driver: 'node:sqlite',
    run: [named(DENO), 'run', '--no-prompt', '--allow-all', '--node-modules-dir=manual'],
  },
]

/** Those on which `node:sqlite` serves. */
export const OTHERS: readonly Runtime[] = RUNTIMES.filter(({ driver }) => driver === 'node:sqlite')

function named(program: string | undefined): string {
  if (program === undefined) throw new TypeError('the program is not named: run `npm run test:runtimes`')
  return program
}

/** The folder of the application. Every file that needs it makes it anew, with the same in it. */
export const APP = resolve('build/runtimes/sqlite')

const MODULES = join(APP, 'node_modules')
mkdirSync(MODULES, { recursive: true })
writeFileSync(join(APP, 'package.json'), '{ "type": "module" }\n')
if (!existsSync(join(MODULES, 'kavachos'))) symlinkSync(process.cwd(), join(MODULES, 'kavachos'))
for (const name of ['program.mjs', 'faults.mjs']) copyFileSync(join(import.meta.dirname, name), join(APP, name))

/** A folder that is gone after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kavach-runtimes-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export interface Ended {
  readonly status: number | null
  readonly out: string
  readonly errors: string
}

/** Runs a script to its end; its path may be relative to the folder of the application. */
export async function run(
  { run: [program = '', ...before] }: Runtime,
  args: readonly string[],
  { input = '', env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  const child = spawn(program, [...before, ...args], { cwd: APP, env: { PATH: '/usr/bin:/bin:/sbin', ...env } })
  const texts = { out: '', errors: '' }
  child.stdout.on('data', (chunk) => (texts.out += chunk))
  child.stderr.on('data', (chunk) => (texts.errors += chunk))
  child.stdin.end(input)
  const [status] = await once(child, 'close')
  return { status, ...texts }
}

/** Runs a command of program.mjs that prints JSON, and nothing else. */
export async function ask(runtime: Runtime, ...args: readonly string[]): Promise<unknown> {
  const { status, out, errors } = await run(runtime, ['program.mjs', ...args], {
    env: { KAVACH_RUN: JSON.stringify(runtime.run) },
  })
  if (status !== 0 || errors !== '') throw new Error(`exit code ${status}\n${out}\n${errors}`)
  return JSON.parse(out)
}

/** A program that goes on: its lines, and what it is told. */
export interface Running {
  readonly child: ChildProcess
  readonly lines: AsyncIterable<string>
  readonly nextLine: () => Promise<string>
  readonly tell: (text: string) => void
}

export function start({ run: [program = '', ...before] }: Runtime, ...args: readonly string[]): Running {
  const child = spawn(program, [...before, 'program.mjs', ...args], {
    cwd: APP,
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  const said = lines[Symbol.asyncIterator]()
  return {
    child,
    lines: { [Symbol.asyncIterator]: () => said },
    nextLine: async () => String((await said.next()).value),
    tell: (text) => void child.stdin.write(`${text}\n`),
  }
}
