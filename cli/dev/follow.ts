/** Follows a policy while it is written: reads, checks and proves it whenever its text, or a catalog that it names, is another. */
import { readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { PolicyModel } from '../../compiler/model/index.ts'
import { type AnalyzedFolder, analyzeFolder } from '../checked.ts'
import { CliError } from '../exit.ts'
import { hasErrors } from '../findings.ts'
import { loadCatalogText, loadPolicyFolder, type PolicyFolder, shownPath } from '../policy-folder.ts'
import type { Terminal } from '../terminal.ts'
import { watchDirectories } from './directories.ts'

/** What became of a text. */
export type Outcome =
  /** Everything that it claims is proved; there may be warnings. */
  | {
      readonly kind: 'sound'
      readonly folder: PolicyFolder
      readonly checked: AnalyzedFolder
      readonly model: PolicyModel
    }
  /** It has errors, or claims what is refuted or could not be proved. */
  | { readonly kind: 'refused'; readonly folder: PolicyFolder; readonly checked: AnalyzedFolder }
  /** There is no policy, or no text. */
  | { readonly kind: 'unreadable'; readonly error: CliError }

export interface Following {
  /** Resolves when nothing is under way any more, with what the handler threw, if it did. */
  readonly ended: Promise<void>
  /** Resolves when the text was looked at for the first time, and not when it ends before. */
  readonly first: Promise<void>
}

/** Editors write in several steps. */
const SETTLE_MS = 50
/** Where there is no folder, nothing tells that there is one again. */
const RETURN_MS = 500

/**
 * Calls `handle` for the text as it is, and for every other one after it, one at a time. Ends when `signal` is aborted, or
 * when `handle` throws.
 */
export function followPolicy(
  terminal: Terminal,
  named: string,
  { signal, handle }: { readonly signal: AbortSignal; readonly handle: (outcome: Outcome) => Promise<void> },
): Following {
  let haveLooked = () => {}
  const first = new Promise<void>((done) => {
    haveLooked = done
  })
  const ended = run()
  // Whoever asks for `ended` is told; a process must not end because nobody has asked yet.
  ended.catch(() => undefined)
  return { ended, first }

  async function run(): Promise<void> {
    const bell = createBell(signal)
    const watch = watchDirectories(bell.ring)
    let last: Reading | undefined
    try {
      while (!signal.aborted) {
        const path = resolve(terminal.cwd, named)
        // Watched before it is read, so that nothing can happen in between.
        const isNew = watch.follow([...foldersOf(path), ...foldersOfCatalogs(last)])
        const reading = read(terminal, named, last)
        if (reading !== undefined) {
          last = reading
          const outcome = await judge(terminal, reading)
          if (signal.aborted) break
          await handle(outcome)
          haveLooked()
        }
        if (isNew || watch.follow([...foldersOf(path), ...foldersOfCatalogs(last)])) continue
        await bell.rung(last?.folder === undefined ? RETURN_MS : undefined)
      }
    } finally {
      watch.close()
    }
  }
}

/** What a policy was made of. */
interface Reading {
  /** Absent when it could not be read. */
  readonly folder?: PolicyFolder
  readonly error?: CliError
  /** Absolute paths of catalogs that were asked for, and what was there. */
  readonly catalogs: Map<string, string | undefined>
}

/** What is there now; nothing when it is what was there before. */
function read(terminal: Terminal, named: string, last: Reading | undefined): Reading | undefined {
  try {
    const folder = loadPolicyFolder(terminal, named)
    return last !== undefined && isSame(folder, last) ? undefined : { folder, catalogs: new Map() }
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    return last?.error?.message === error.message ? undefined : { error, catalogs: new Map() }
  }
}

function isSame(folder: PolicyFolder, last: Reading): boolean {
  if (JSON.stringify(folder.files) !== JSON.stringify(last.folder?.files)) return false
  return [...last.catalogs].every(([path, text]) => loadCatalogText(folder, path, '') === text)
}

async function judge(terminal: Terminal, { folder, error, catalogs }: Reading): Promise<Outcome> {
  if (folder === undefined) return { kind: 'unreadable', error: error ?? new CliError(1, 'there is no policy') }
  const remembering: PolicyFolder = {
    ...folder,
    elsewhere: {
      show: (path) => shownPath(terminal, folder.root, path),
      loadCatalog(path, fromFile) {
        const text = loadCatalogText(folder, path, fromFile)
        catalogs.set(resolve(folder.root, dirname(fromFile), path), text)
        return text
      },
    },
  }
  const checked = await analyzeFolder(terminal, remembering, { strict: false })
  const { model, analysis, diagnostics } = checked
  const isSound = model !== undefined && !hasErrors(diagnostics) && analysis?.unknown === 0
  return isSound ? { kind: 'sound', folder, checked, model } : { kind: 'refused', folder, checked }
}

/** The folder and those below it in which there may be policies, or the folder of a file. */
function foldersOf(path: string): readonly string[] {
  const folders = [path]
  for (let at = 0; at < folders.length; at++) {
    const folder = folders[at] ?? path
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const isLeftOut = entry.name.startsWith('.') || entry.name === 'node_modules'
        if (entry.isDirectory() && !isLeftOut) folders.push(join(folder, entry.name))
      }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'ENOTDIR') return [dirname(path)]
      // Gone meanwhile, or not for us to read: reading the policy says which.
      if (code !== 'ENOENT' && code !== 'EACCES') throw error
    }
  }
  return folders
}

function foldersOfCatalogs(last: Reading | undefined): readonly string[] {
  return [...(last?.catalogs.keys() ?? [])].map(dirname)
}

interface Bell {
  readonly ring: () => void
  /** Resolves when it was rung since it was last heard, and has been silent for a while; when it was aborted, or after `ms`. */
  readonly rung: (ms?: number) => Promise<void>
}

function createBell(signal: AbortSignal): Bell {
  let isRung = false
  let hear = () => {}
  let silence: NodeJS.Timeout | undefined
  function settle(): void {
    clearTimeout(silence)
    silence = setTimeout(() => hear(), SETTLE_MS)
  }
  return {
    ring() {
      isRung = true
      settle()
    },
    async rung(ms) {
      await new Promise<void>((done) => {
        const timeout = ms === undefined ? undefined : setTimeout(() => hear(), ms)
        hear = () => {
          clearTimeout(timeout)
          clearTimeout(silence)
          signal.removeEventListener('abort', hear)
          hear = () => {}
          done()
        }
        signal.addEventListener('abort', hear)
        if (signal.aborted) hear()
        else if (isRung) settle()
      })
      isRung = false
    },
  }
}
