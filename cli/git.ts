/**
 * Reads a revision of a git repository with git itself, without touching the work tree.
 *
 * Nothing passes through a shell. A revision is made an object name before anything else is asked, and every later question
 * is about that name; paths go over standard input, where they are no options and no patterns.
 */
import { spawnSync } from 'node:child_process'
import { CliError, EXIT_NO_INPUT, EXIT_USAGE } from './exit.ts'
import { loadGrammar } from './language.ts'

export interface Revision {
  /** As the command line named it. */
  readonly name: string
  /** What lies at a path below the top, with `/`; the empty path is the top. Symbolic links inside the revision are followed. */
  find(path: string): 'folder' | 'file' | undefined
  /** Paths of all files in a folder and below it, from the folder on. Symbolic links to files are among them. */
  list(folder: string): readonly TreeEntry[]
  /** The bytes of files; `undefined` for what is no file, or a link that leads out of the revision. */
  read(paths: readonly string[]): readonly (Uint8Array | undefined)[]
}

export interface TreeEntry {
  readonly path: string
  readonly kind: 'file' | 'submodule'
}

export interface Repository {
  /** Absolute path of the work tree. */
  readonly top: string
  /** @throws {CliError} 66 when there is none of that name, 64 when the name is none */
  revision(name: string): Promise<Revision>
}

/** The repository that `cwd` lies in. @throws {CliError} 66 when there is none, or git refuses it */
export function openRepository(cwd: string): Repository {
  const found = run(cwd, ['rev-parse', '--show-toplevel'])
  if (found.status !== 0) throw refusal(found.stderr)
  const top = found.stdout.toString().replace(/\r?\n$/, '')
  return { top, revision: (name) => openRevision(top, name) }
}

async function openRevision(top: string, name: string): Promise<Revision> {
  assertName(name)
  const found = run(top, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{tree}`])
  const tree = found.stdout.toString().trim()
  if (found.status !== 0 || !/^[0-9a-f]{40,64}$/.test(tree)) throw await unknownRevision(top, name)
  const pathIn = (path: string): string => `${tree}:${path}`
  return {
    name,
    find: (path) => {
      const [kind] = kindsOf(top, [pathIn(path)])
      return kind === 'tree' ? 'folder' : kind === 'blob' ? 'file' : undefined
    },
    list: (folder) => {
      const [kind, id] = objectOf(top, pathIn(folder))
      if (kind !== 'tree' || id === undefined) return []
      const listed = succeed(top, ['ls-tree', '-r', '-z', '--full-tree', id])
      return toEntries(listed)
    },
    read: (paths) => readBlobs(top, paths.map(pathIn)),
  }
}

/** What git would take for an option, or for more than one question, is no revision. */
function assertName(name: string): void {
  const flaw = name.startsWith('-')
    ? 'it begins with `-`'
    : name === ''
      ? 'it is empty'
      : hasControl(name)
        ? 'it holds a control character'
        : undefined
  if (flaw === undefined) return
  throw new CliError(
    EXIT_USAGE,
    `\`${printable(name)}\` names no revision: ${flaw}`,
    'name a branch, a tag or a commit, such as `HEAD~1`',
  )
}

function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text)
}

function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
}

async function unknownRevision(top: string, name: string): Promise<CliError> {
  const listed = run(top, ['for-each-ref', '--format=%(refname:short)', 'refs/heads', 'refs/tags', 'refs/remotes'])
  const names = listed.status === 0 ? listed.stdout.toString().split('\n').filter(Boolean) : []
  const { nearest } = await loadGrammar()
  // What follows a name, as in `main~2`, stays as it was written.
  const [, base = name, rest = ''] = /^([^~^@{]*)(.*)$/.exec(name) ?? []
  const near = nearest(base, ['HEAD', ...names])
  const isTooFar = near === base && rest !== ''
  return new CliError(
    EXIT_NO_INPUT,
    `there is no revision \`${name}\``,
    isTooFar
      ? `\`${base}\` is there, \`${rest}\` leads beyond its history${isShallow(top) ? ', of which only a part was fetched' : ''}`
      : near !== undefined && near !== base
        ? `did you mean \`${near}${rest}\`?`
        : 'branches, tags and commits are revisions; `git branch --all` and `git tag` list them',
  )
}

function isShallow(top: string): boolean {
  return run(top, ['rev-parse', '--is-shallow-repository']).stdout.toString().trim() === 'true'
}

function toEntries(listed: Uint8Array): readonly TreeEntry[] {
  const entries: TreeEntry[] = []
  for (const row of Buffer.from(listed).toString().split('\0')) {
    if (row === '') continue
    const tab = row.indexOf('\t')
    const [, type] = row.slice(0, tab).split(' ')
    entries.push({ path: row.slice(tab + 1), kind: type === 'commit' ? 'submodule' : 'file' })
  }
  return entries
}

type ObjectKind = 'tree' | 'blob' | undefined

function kindsOf(top: string, names: readonly string[]): readonly ObjectKind[] {
  return names.map((name) => objectOf(top, name)[0])
}

/** Kind and id of what `TREE:PATH` names, links followed. */
function objectOf(top: string, name: string): readonly [ObjectKind, string?] {
  assertPath(name)
  const answer = succeed(top, ['cat-file', '--batch-check', '--follow-symlinks'], `${name}\n`)
  const [, id, type] = /^([0-9a-f]{40,64}) (\w+) \d+\n$/.exec(answer.toString()) ?? []
  return id !== undefined && (type === 'tree' || type === 'blob') ? [type, id] : [undefined]
}

/** Many files with one process, since a policy may have thousands. */
function readBlobs(top: string, names: readonly string[]): readonly (Uint8Array | undefined)[] {
  if (names.length === 0) return []
  for (const name of names) assertPath(name)
  const output = succeed(top, ['cat-file', '--batch', '--follow-symlinks'], `${names.join('\n')}\n`)
  const blobs: (Uint8Array | undefined)[] = []
  let at = 0
  while (blobs.length < names.length) {
    const end = output.indexOf(0x0a, at)
    if (end < 0) throw gitFailed('its answer was cut short')
    const head = output.subarray(at, end).toString()
    at = end + 1
    // `ID TYPE SIZE` and as many bytes; `symlink SIZE` and the like have bytes too; `... missing` and `... ambiguous` none.
    const [, type, size] = /^(?:[0-9a-f]{40,64} )?(\w+) (\d+)$/.exec(head) ?? []
    if (size === undefined) {
      blobs.push(undefined)
      continue
    }
    const bytes = output.subarray(at, at + Number(size))
    if (bytes.length !== Number(size)) throw gitFailed('its answer was cut short')
    blobs.push(type === 'blob' ? bytes : undefined)
    at += Number(size) + 1
  }
  return blobs
}

/** Git reads one name a line. */
function assertPath(name: string): void {
  if (!hasControl(name)) return
  throw new CliError(
    EXIT_NO_INPUT,
    `\`${printable(name.slice(name.indexOf(':') + 1))}\` cannot be read from a revision: its name holds a control character`,
    'rename the file',
  )
}

/** Most bytes that git may answer. */
const MAX_ANSWER_BYTES = 1 << 30

/** Answers are for programs: no locale, no questions, no look at the network for what a partial clone left out. */
const ENVIRONMENT = { LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', GIT_NO_LAZY_FETCH: '1' }

interface Ran {
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

function run(cwd: string, args: readonly string[], input = ''): Ran {
  const { status, stdout, stderr, error } = spawnSync('git', ['--no-pager', ...args], {
    cwd,
    input,
    env: { ...process.env, ...ENVIRONMENT },
    maxBuffer: MAX_ANSWER_BYTES,
    shell: false,
    windowsHide: true,
  })
  if (error === undefined) return { status, stdout, stderr: stderr.toString() }
  if ('code' in error && error.code === 'ENOENT') {
    throw new CliError(EXIT_NO_INPUT, 'git is not installed, and a revision is read with it', 'install git')
  }
  throw gitFailed(error.message)
}

function succeed(top: string, args: readonly string[], input = ''): Buffer {
  const { status, stdout, stderr } = run(top, args, input)
  if (status !== 0) throw gitFailed(firstLine(stderr))
  return stdout
}

function gitFailed(why: string): CliError {
  return new CliError(EXIT_NO_INPUT, `git could not read the revision: ${why}`, '`git fsck` checks the repository')
}

function refusal(stderr: string): CliError {
  if (/not a git repository/.test(stderr)) {
    return new CliError(
      EXIT_NO_INPUT,
      'this folder lies in no git repository',
      'a revision is read from the repository around the current folder; name a folder, a file or an image instead',
    )
  }
  return new CliError(EXIT_NO_INPUT, `git refuses this repository: ${firstLine(stderr)}`, 'see what `git status` says')
}

function firstLine(text: string): string {
  return (
    text
      .trim()
      .split('\n', 1)[0]
      ?.replace(/^fatal: /, '') ?? ''
  )
}
