/** Files in and out, with the complaints a person can act on. */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, relative } from 'node:path'
import { CliError, EXIT_NO_INPUT, EXIT_USAGE } from './exit.ts'

/** The bytes of a file. @throws {CliError} 66 when there is none, naming it as `shown`. */
export function loadBytes(path: string, shown = path): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw inputError(error, shown)
  }
}

/** Whether `path` is a folder. @throws {CliError} 66 when there is nothing there. */
export function isFolder(path: string, shown = path): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (error) {
    throw inputError(error, shown)
  }
}

/** Translates what the file system says of an input. */
export function inputError(error: unknown, shown: string): unknown {
  const code = codeOf(error)
  switch (code) {
    case undefined:
      return error
    case 'ENOENT':
    case 'ENOTDIR':
      return new CliError(
        EXIT_NO_INPUT,
        `there is no \`${shown}\``,
        'check the path; it is taken from the current folder',
      )
    case 'EISDIR':
      return new CliError(EXIT_NO_INPUT, `\`${shown}\` is a folder, a file is wanted`, 'name the file')
    case 'EACCES':
    case 'EPERM':
      return new CliError(EXIT_NO_INPUT, `\`${shown}\` may not be read`, 'check its permissions')
    default:
      return new CliError(EXIT_NO_INPUT, `\`${shown}\` cannot be read: ${code}`, 'check the path and the disk')
  }
}

/**
 * Writes all files or none: each goes to a temporary neighbour first, and they are renamed when all are on disk.
 *
 * @throws {CliError} 64 when one cannot be written, naming it as seen from `cwd`
 */
export function writeFilesAtomically(
  cwd: string,
  files: readonly { readonly path: string; readonly data: string | Uint8Array }[],
): void {
  const suffix = `.${randomBytes(6).toString('hex')}.tmp`
  const started: string[] = []
  let current = ''
  try {
    // A rename onto a folder would fail half-way.
    for (const { path } of files) {
      current = path
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    }
    for (const { path, data } of files) {
      current = path
      mkdirSync(dirname(path), { recursive: true })
      const temporary = openSync(`${path}${suffix}`, 'wx')
      started.push(`${path}${suffix}`)
      try {
        writeFileSync(temporary, data)
        fsyncSync(temporary)
      } finally {
        closeSync(temporary)
      }
    }
    for (const { path } of files) {
      current = path
      renameSync(`${path}${suffix}`, path)
    }
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    throw new CliError(EXIT_USAGE, `cannot write \`${relative(cwd, current)}\`: ${code}`, 'choose another folder')
  } finally {
    for (const temporary of started) rmSync(temporary, { force: true })
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
