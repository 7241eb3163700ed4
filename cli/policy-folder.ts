/** A policy on disk: the `.kavach` files of one folder, or one file. */
import { type Dirent, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { CliError, EXIT_NO_INPUT } from './exit.ts'
import { inputError, isFolder, loadBytes } from './files.ts'
import type { Terminal } from './terminal.ts'

export interface PolicyFolder {
  /** Absolute; paths in the policy are taken from here. */
  readonly root: string
  /** As the command line named it. */
  readonly shown: string
  /** Ordered by the bytes of `path`, which is below `root`, with `/`. */
  readonly files: readonly SourceText[]
  /** Of a policy that does not lie on disk: how its files are named to a person, and the catalogs beside them. */
  readonly elsewhere?: {
    show(path: string): string
    /** `path` as the policy file `fromFile` names it; `undefined` when there is none. */
    loadCatalog(path: string, fromFile: string): string | undefined
  }
}

export interface SourceText {
  readonly path: string
  readonly text: string
}

/**
 * Reads a policy. Folders whose name starts with a dot and `node_modules` are left out.
 *
 * @throws {CliError} 66 when it is missing or holds no policy, 1 when a file is not text
 */
export function loadPolicyFolder(terminal: Terminal, named: string): PolicyFolder {
  const path = resolve(terminal.cwd, named)
  const isDirectory = isFolder(path, named)
  const root = isDirectory ? path : dirname(path)
  const names = isDirectory ? policyFilesBelow(path, named) : [basename(path)]
  if (names.length === 0) throw noPolicy(named)
  const files = names.map((name) => ({ path: name, text: loadText(join(root, name), shownPath(terminal, root, name)) }))
  return { root, shown: named, files }
}

export function noPolicy(named: string): CliError {
  return new CliError(
    EXIT_NO_INPUT,
    `\`${named}\` holds no policy: there is no file that ends in .kavach`,
    `run \`kavach init ${named}\` to start one, or name the folder that has it`,
  )
}

/** Names below `root` with `/`, in byte order. */
export function policyFilesBelow(root: string, shown = root): readonly string[] {
  const names: string[] = []
  const visit = (folder: string, prefix: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) {
        if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
        visit(join(folder, entry.name), `${prefix}${entry.name}/`)
      } else if (isPolicyFile(entry)) {
        names.push(`${prefix}${entry.name}`)
      }
    }
  }
  try {
    visit(root, '')
  } catch (error) {
    throw inputError(error, shown)
  }
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function isPolicyFile(entry: Dirent): boolean {
  if (!entry.isFile() && !entry.isSymbolicLink()) return false
  return entry.name.endsWith('.kavach') && entry.name !== '.kavach'
}

/** The name by which a person finds a file of the policy. */
export function shownFile(terminal: Terminal, { root, elsewhere }: PolicyFolder, path: string): string {
  return elsewhere === undefined ? shownPath(terminal, root, path) : elsewhere.show(path)
}

/** The path by which a person in `terminal.cwd` finds a file of the policy. */
export function shownPath(terminal: Terminal, root: string, path: string): string {
  const shown = relative(terminal.cwd, join(root, path)).replaceAll('\\', '/')
  return shown.startsWith('../../..') ? join(root, path) : shown
}

/** The text of a UTF-8 file. @throws {CliError} 66 when there is none, 1 when it is not text */
export function loadText(path: string, shown: string): string {
  return toText(loadBytes(path, shown), shown)
}

/** Decodes UTF-8; a byte order mark is kept, because the language forbids it and says so. */
export function toText(bytes: Uint8Array, shown: string): string {
  const zero = bytes.indexOf(0)
  const flaw = zero >= 0 ? `byte ${zero} is zero` : undefined
  if (flaw === undefined) {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
    }
  }
  throw new CliError(
    1,
    `\`${shown}\` is not a policy: ${flaw ?? 'it is not UTF-8'}`,
    'policy files are UTF-8 text; compiled modules and images are read by `kavach eval` and `kavach disassemble`',
  )
}

/** Reads a catalog: `path` as the policy file `fromFile` names it. `undefined` when there is none. */
export function loadCatalogText({ root, elsewhere }: PolicyFolder, path: string, fromFile: string): string | undefined {
  if (elsewhere !== undefined) return elsewhere.loadCatalog(path, fromFile)
  try {
    return readFileSync(resolve(root, dirname(fromFile), path), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}
