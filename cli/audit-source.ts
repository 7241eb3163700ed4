/** Where the commands of `kavach audit` find a log: the database of a host, or an export with proofs. */
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CheckpointOptions } from '../runtime/index.ts'
import { createHost, createLogSite, KavachError } from '../runtime/index.ts'
import { openSqliteStore } from '../storage/index.ts'
import { CliError, EXIT_FINDINGS, EXIT_NO_INPUT, EXIT_USAGE } from './exit.ts'
import { openInput } from './input.ts'
import { readLines } from './lines.ts'
import { loadText } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

export type LogSite = ReturnType<typeof createLogSite>

export interface DatabaseOptions {
  readonly db: string
  readonly project: string
}

export const PROJECT = ['--project <name>', 'project of the database', 'default'] as const

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

/** Does `work` with the log in a SQLite file, and nothing else: no policy is loaded, no table is made. */
export async function withLog<R>(
  terminal: Terminal,
  { db, project }: DatabaseOptions,
  work: (site: LogSite) => Promise<R>,
  checkpoints: CheckpointOptions = {},
): Promise<R> {
  const url = resolve(terminal.cwd, db)
  if (statSync(url, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new CliError(
      EXIT_NO_INPUT,
      `there is no database \`${db}\``,
      'check the path; a host makes the file when it starts',
    )
  }
  return withErrors(async () => {
    const store = await openSqliteStore({ url })
    try {
      const warn = (message: string) => terminal.note(`kavach: ${message}\n`)
      const options = { project, warn, audit: { checkpoints } }
      return await work(createLogSite({ store, host: createHost(), sha256, options }))
    } finally {
      await store.close()
    }
  }, db)
}

/** Translates what the host says. */
export async function withErrors<R>(work: () => Promise<R>, named: string): Promise<R> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof KavachError)) throw error
    const { code, message } = error
    if (code === 'KVCH_E_AUDIT_TAMPERED') throw new CliError(EXIT_FINDINGS, `\`${named}\`: ${message}`, VERIFY_IT)
    if (code === 'KVCH_E_AUDIT_NOT_FOUND') throw new CliError(EXIT_NO_INPUT, `\`${named}\`: ${message}`)
    if (code.startsWith('KVCH_E_STORE_'))
      throw new CliError(EXIT_NO_INPUT, `\`${named}\`: ${message}`, `${code} has a page`)
    throw new CliError(EXIT_USAGE, message)
  }
}

const VERIFY_IT = '`kavach audit verify` says where'

/** The lines of a file, once for each call. A line that cannot be read is one that nobody understands. */
export function linesOf(terminal: Terminal, named: string): () => AsyncIterable<string> {
  return async function* () {
    for await (const lines of readLines(openInput(terminal, named, 'an export'))) {
      for (const line of lines) yield 'fault' in line ? '?' : line.text
    }
  }
}

/** Public keys: files, or the keys themselves. @throws {CliError} 66 when there is no such file */
export function loadKeys(terminal: Terminal, named: readonly string[]): readonly string[] {
  return named.map((key) => (isKey(key) ? key : loadText(resolve(terminal.cwd, key), key)))
}

function isKey(text: string): boolean {
  return /^[0-9a-f]{64}$/i.test(text) || /^\S+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/.test(text)
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
