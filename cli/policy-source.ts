/**
 * A policy from anything that holds one: a folder or file of policy text, a module or image, each on disk or in a revision of
 * the git repository around the current folder.
 *
 *   policy                    a folder, or one .kavach file
 *   build/acme.wasm           a module, or an image; NAME.map.json beside it gives the lines of its rules
 *   HEAD~1:policy             the same in a revision, from the top of the repository (`HEAD~1:./policy` from here)
 *   HEAD~1                    what the other argument names, in a revision
 *   git:HEAD~1:policy         a revision even when a file has that name
 */
import { existsSync, realpathSync } from 'node:fs'
import { basename, isAbsolute, posix, relative, resolve } from 'node:path'
import { decompileImage, emitImage } from '../compiler/emit/index.ts'
import type { Catalog, SourceMap } from '../compiler/front/index.ts'
import type { PolicyModel } from '../compiler/model/index.ts'
import type { LiveEngine } from '../engine-wasm/host/index.ts'
import type { PolicyFile } from '../grammar/index.ts'
import { requireSound } from './checked.ts'
import { CliError, EXIT_FINDINGS, EXIT_NO_INPUT, EXIT_USAGE } from './exit.ts'
import { isFolder, loadBytes } from './files.ts'
import { openRepository, type Revision } from './git.ts'
import { type Compiled, identityOf, toCompiled } from './module-file.ts'
import { startEngine } from './policy-engine.ts'
import { loadPolicyFolder, noPolicy, type PolicyFolder, shownFile, toText } from './policy-folder.ts'
import { parseSourceMap } from './rule-lines.ts'
import type { Terminal } from './terminal.ts'

export interface PolicySource {
  /** An image says as much as `decompileImage` tells; its text and catalogs are not in it. */
  readonly kind: 'text' | 'image'
  /** As the command line named it, with what was left to the other argument. */
  readonly shown: string
  readonly model: PolicyModel
  /** Hex; of text, that of the image it compiles to, which is only made when it is asked for. */
  readonly digest: string
  /** The parsed files of a text. */
  readonly files: readonly PolicyFile[] | undefined
  readonly catalogs: ReadonlyMap<string, Catalog> | undefined
  /** Where the rules are; absent for an image without a map. */
  readonly map: SourceMap | undefined
  /** The name by which a person finds a file that `map` or `files` names: `policy/a.kavach`, `HEAD~1:policy/a.kavach`. */
  showPath(path: string): string
  /** Text for code frames; `undefined` for a file of an image. */
  sourceText(path: string): string | undefined
  /** `PATH:LINE` of a rule, or `rule N` where nobody knows. */
  showRule(id: number): string
  /** An engine that answers for it: a module is asked itself. */
  start(): LiveEngine
}

export interface SourceOptions {
  /** The other argument of the command, whose path is meant when only a revision is named. */
  readonly other?: string
}

/**
 * Loads what `named` names. What exists on disk is taken before a revision of the same name.
 *
 * @throws {CliError} 66 when there is none, 64 when a revision is misspelt, 1 with the errors of a text on standard error,
 * or when an image is damaged
 */
export async function loadPolicySource(
  terminal: Terminal,
  named: string,
  options: SourceOptions = {},
): Promise<PolicySource> {
  const spec = toSpec(terminal, named, options.other)
  if (spec.kind === 'disk') return loadFromDisk(terminal, named)
  return loadFromRevision(terminal, spec, options.other)
}

type Spec = { readonly kind: 'disk' } | RevisionSpec

interface RevisionSpec {
  readonly kind: 'revision'
  readonly revision: string
  /** `undefined`: that of the other argument. */
  readonly path: string | undefined
  /** Whether a path might have been meant. */
  readonly isGuess: boolean
}

const FORCED = 'git:'

function toSpec(terminal: Terminal, named: string, other: string | undefined): Spec {
  if (named.startsWith(FORCED)) {
    const rest = named.slice(FORCED.length)
    return { kind: 'revision', ...splitRevision(rest), isGuess: false }
  }
  if (isAbsolute(named) || named.startsWith('.') || existsSync(resolve(terminal.cwd, named))) return { kind: 'disk' }
  const { revision, path } = splitRevision(named)
  // Without another argument a lone word can only be a path; so can what ends as a file of ours does.
  if (path === undefined && (other === undefined || /\.(kavach|wasm|img)$/.test(named))) return { kind: 'disk' }
  return { kind: 'revision', revision, path, isGuess: path === undefined }
}

/** Splits at the first `:` outside of braces, as git does: `main@{12:30}:policy`. */
function splitRevision(text: string): { readonly revision: string; readonly path: string | undefined } {
  let depth = 0
  for (const [at, char] of [...text].entries()) {
    if (char === '{') depth++
    else if (char === '}') depth--
    else if (char === ':' && depth <= 0) {
      const characters = [...text]
      return { revision: characters.slice(0, at).join(''), path: characters.slice(at + 1).join('') }
    }
  }
  return { revision: text, path: undefined }
}

async function loadFromDisk(terminal: Terminal, named: string): Promise<PolicySource> {
  const path = resolve(terminal.cwd, named)
  if (isFolder(path, named) || named.endsWith('.kavach')) {
    return loadFromText(terminal, loadPolicyFolder(terminal, named))
  }
  const map = `${withoutExtension(path)}.map.json`
  return fromImage(terminal, {
    compiled: toCompiled(loadBytes(path, named), named),
    shown: named,
    mapText: existsSync(map) ? toText(loadBytes(map, map), map) : undefined,
  })
}

function withoutExtension(path: string): string {
  return path.replace(/\.(wasm|img)$/, '')
}

async function loadFromText(terminal: Terminal, folder: PolicyFolder): Promise<PolicySource> {
  const { model, files, catalogs, map } = await requireSound(terminal, folder)
  const texts = new Map(folder.files.map(({ path, text }) => [path, text]))
  const showPath = (path: string) => shownFile(terminal, folder, path)
  let image: Uint8Array | undefined
  const compile = (): Uint8Array => {
    image ??= emitImage(model)
    return image
  }
  return {
    kind: 'text',
    shown: folder.shown,
    model,
    get digest() {
      return identityOf(compile()).digest
    },
    files,
    catalogs,
    map,
    showPath,
    sourceText: (path) => texts.get(path),
    showRule: (id) => showRule(map, showPath, id),
    start: () => startEngine({ kind: 'image', image: compile() }, folder.shown),
  }
}

/** The same for an image at hand, without the lines of its rules. @throws {CliError} 1 when it is damaged */
export function loadImageSource(terminal: Terminal, image: Uint8Array, shown: string): PolicySource {
  return fromImage(terminal, { compiled: toCompiled(image, shown), shown, mapText: undefined })
}

interface ImageFile {
  readonly compiled: Compiled
  readonly shown: string
  readonly mapText: string | undefined
}

function fromImage(terminal: Terminal, { compiled, shown, mapText }: ImageFile): PolicySource {
  // The engine's verifier looks at everything that the reader believes.
  const { digest } = startEngine(compiled, shown).policy
  if (digest !== identityOf(compiled.image).digest) {
    throw new CliError(EXIT_FINDINGS, `\`${shown}\` carries an image that its engine does not run`, RECOMPILE)
  }
  const model = readModel(compiled.image, shown)
  const map = mapText === undefined ? undefined : parseSourceMap(mapText, model)
  if (mapText !== undefined && map === undefined) {
    terminal.note(
      `kavach: the .map.json beside \`${shown}\` is not that of this policy and is left aside\n` +
        '  = help: rules are named by their numbers; compile the policy again to have their lines\n',
    )
  }
  const showPath = (path: string) => path
  return {
    kind: 'image',
    shown,
    model,
    digest,
    files: undefined,
    catalogs: undefined,
    map,
    showPath,
    sourceText: () => undefined,
    showRule: (id) => showRule(map, showPath, id),
    start: () => startEngine(compiled, shown),
  }
}

const RECOMPILE = 'compile the policy again with `kavach compile`'

function readModel(image: Uint8Array, shown: string): PolicyModel {
  try {
    return decompileImage(image)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new CliError(EXIT_FINDINGS, `\`${shown}\` cannot be read back: ${error.message}`, RECOMPILE)
  }
}

function showRule(map: SourceMap | undefined, showPath: (path: string) => string, id: number): string {
  const rule = map?.rules[id]
  return rule === undefined ? `rule ${id}` : `${showPath(rule.path)}:${rule.line}`
}

async function loadFromRevision(
  terminal: Terminal,
  spec: RevisionSpec,
  other: string | undefined,
): Promise<PolicySource> {
  const repository = openRepository(terminal.cwd)
  const revision = await openRevision(repository, spec)
  const path = pathInRevision(terminal, repository.top, spec, other)
  const shown = `${spec.revision}:${path}`
  const found = revision.find(path)
  if (found === undefined) {
    throw new CliError(
      EXIT_NO_INPUT,
      `revision \`${spec.revision}\` has no \`${path}\``,
      'paths of a revision are taken from the top of the repository; `REV:./PATH` from the current folder',
    )
  }
  if (found === 'folder' || path.endsWith('.kavach')) {
    return loadFromText(terminal, folderOf(revision, path, found === 'folder', shown))
  }
  const [bytes, map] = revision.read([path, `${withoutExtension(path)}.map.json`])
  if (bytes === undefined) throw leadsOut(shown)
  const mapText = map === undefined ? undefined : toText(map, `${withoutExtension(shown)}.map.json`)
  return fromImage(terminal, { compiled: toCompiled(bytes, shown), shown, mapText })
}

/** A word that is neither path nor revision is said to be neither. */
async function openRevision(
  repository: ReturnType<typeof openRepository>,
  { revision, isGuess }: RevisionSpec,
): Promise<Revision> {
  try {
    return await repository.revision(revision)
  } catch (error) {
    if (!(error instanceof CliError) || !isGuess || error.code !== EXIT_NO_INPUT) throw error
    throw new CliError(error.code, `there is no file or folder \`${revision}\`, and ${error.message}`, error.help)
  }
}

/** The path below the top of the repository, with `/`. */
function pathInRevision(terminal: Terminal, top: string, spec: RevisionSpec, other: string | undefined): string {
  const written = spec.path ?? pathOfOther(terminal, spec, other)
  const isFromHere = spec.path === undefined ? !isRevisionPath(terminal, spec, other) : /^\.\.?(\/|$)/.test(written)
  if (!isFromHere) return normalised(written, written)
  const here = realpathSync(terminal.cwd)
  const below = relative(realpathSync(top), resolve(here, written)).replaceAll('\\', '/')
  return normalised(below, written)
}

function pathOfOther(terminal: Terminal, { revision }: RevisionSpec, other: string | undefined): string {
  const spec = other === undefined ? undefined : toSpec(terminal, other, revision)
  if (other !== undefined && spec?.kind === 'disk') return other
  if (spec?.kind === 'revision' && spec.path !== undefined) return spec.path
  throw new CliError(
    EXIT_USAGE,
    `\`${revision}\` is a revision, and nothing says which policy of it is meant`,
    `write \`${revision}:PATH\``,
  )
}

/** Whether the other argument says its path from the top. */
function isRevisionPath(terminal: Terminal, { revision }: RevisionSpec, other: string | undefined): boolean {
  if (other === undefined) return false
  const spec = toSpec(terminal, other, revision)
  return spec.kind === 'revision' && !/^\.\.?(\/|$)/.test(spec.path ?? '')
}

function normalised(path: string, shown: string): string {
  const normal = posix.normalize(path).replace(/\/$/, '')
  if (normal === '..' || normal.startsWith('../') || posix.isAbsolute(normal) || isAbsolute(normal)) {
    throw new CliError(EXIT_NO_INPUT, `\`${shown}\` lies outside of the repository`, 'name a path inside of it')
  }
  return normal === '.' ? '' : normal
}

/** The policy files of a folder, or the one file, with the rules of `loadPolicyFolder` about what is left out. */
function folderOf(revision: Revision, path: string, isFolder: boolean, shown: string): PolicyFolder {
  const root = isFolder ? path : posix.dirname(path)
  const names = isFolder ? policyFilesIn(revision, path, shown) : [basename(path)]
  if (names.length === 0) throw noPolicyIn(shown)
  const show = (name: string): string => `${revision.name}:${posix.join(root, name)}`
  const contents = revision.read(names.map((name) => posix.join(root, name)))
  const files = names.map((name, index) => {
    const bytes = contents[index]
    if (bytes === undefined) throw leadsOut(show(name))
    return { path: name, text: toText(bytes, show(name)) }
  })
  return { root, shown, files, elsewhere: { show, loadCatalog: (name, from) => catalogIn(revision, root, name, from) } }
}

function policyFilesIn(revision: Revision, folder: string, shown: string): readonly string[] {
  const kept = revision.list(folder).filter(({ path, kind }) => !isLeftOut(kind === 'file' ? path : `${path}/`))
  const submodule = kept.find(({ kind }) => kind === 'submodule')
  if (submodule !== undefined) {
    throw new CliError(
      EXIT_NO_INPUT,
      `\`${shown}\` holds the submodule \`${submodule.path}\`, whose files are in another repository`,
      'name a folder beside it',
    )
  }
  const names = kept
    .map(({ path }) => path)
    .filter((path) => path.endsWith('.kavach') && posix.basename(path) !== '.kavach')
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

/** Below a folder whose name starts with a dot, or `node_modules`. */
function isLeftOut(path: string): boolean {
  return path
    .split('/')
    .slice(0, -1)
    .some((folder) => folder.startsWith('.') || folder === 'node_modules')
}

function noPolicyIn(shown: string): CliError {
  const { code, message } = noPolicy(shown)
  return new CliError(code, message, 'name the folder that had it in that revision')
}

function leadsOut(shown: string): CliError {
  return new CliError(
    EXIT_NO_INPUT,
    `\`${shown}\` is a link that leads out of the revision`,
    'check the revision out elsewhere with `git worktree add` and name that folder',
  )
}

function catalogIn(revision: Revision, root: string, path: string, fromFile: string): string | undefined {
  if (posix.isAbsolute(path)) return undefined
  const place = posix.join(root, posix.dirname(fromFile), path)
  if (place.startsWith('../')) return undefined
  const [bytes] = revision.read([place])
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}
