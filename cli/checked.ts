/** A policy folder through parser and front end. */
import type { PolicyAnalysis } from '../compiler/analyze/index.ts'
import type { CheckResult } from '../compiler/front/index.ts'
import type { PolicyModel } from '../compiler/model/index.ts'
import type { Diagnostic, PolicyFile } from '../grammar/index.ts'
import { CliError, EXIT_FINDINGS } from './exit.ts'
import { countFindings, plural, printFindings } from './findings.ts'
import { loadAnalyses, loadFront, loadGrammar } from './language.ts'
import { loadCatalogText, type PolicyFolder } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

export interface CheckedFolder extends Omit<CheckResult, 'diagnostics'> {
  readonly files: readonly PolicyFile[]
  /** Of the parser and of the checks, in the order of the text. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface CheckFolderOptions {
  readonly strict: boolean
  /** `false` where the model is not needed, which is a third of the work. */
  readonly lower?: boolean
}

/** Parses, resolves and checks; reads the catalogs that the policy names. */
export async function checkFolder(
  terminal: Terminal,
  folder: PolicyFolder,
  options: CheckFolderOptions,
): Promise<CheckedFolder> {
  const [{ parsePolicy }, { checkPolicy, inTextOrder }] = await Promise.all([loadGrammar(), loadFront()])
  const parsed = folder.files.map(({ path, text }, index) => {
    terminal.progress(() => `read ${index} of ${plural(folder.files.length, 'file')}`)
    return parsePolicy(path, text)
  })
  terminal.progress(() => `checking ${plural(folder.files.length, 'file')}`)
  const files = parsed.map(({ file }) => file)
  const checked = checkPolicy(files, {
    ...options,
    // Warnings about what has expired depend on the day; the model does not.
    now: terminal.parts.now(),
    loadCatalog: (path, fromFile) => loadCatalogText(folder, path, fromFile),
  })
  const found = [...parsed.flatMap(({ diagnostics }) => diagnostics), ...checked.diagnostics]
  return { ...checked, files, diagnostics: inTextOrder(files, found) }
}

/** A policy without errors, with what was proved of it. */
export interface AnalyzedFolder extends CheckedFolder {
  /** Absent where the policy has errors before anything could be proved. */
  readonly analysis: PolicyAnalysis | undefined
}

/** As `checkFolder`, then proves what the policy claims: its delegations and, unless told otherwise, its assertions. */
export async function analyzeFolder(
  terminal: Terminal,
  folder: PolicyFolder,
  options: { readonly strict: boolean; readonly assertions?: boolean },
): Promise<AnalyzedFolder> {
  const checked = await checkFolder(terminal, folder, options)
  const { model } = checked
  if (model === undefined) return { ...checked, analysis: undefined }
  terminal.progress(() => `proving ${model.name}`)
  const [{ analyzePolicy }, { inTextOrder }] = await Promise.all([loadAnalyses(), loadFront()])
  const analysis = analyzePolicy({ ...checked, model }, { ...options, around: terminal.parts.now() })
  return {
    ...checked,
    analysis,
    diagnostics: inTextOrder(checked.files, [...checked.diagnostics, ...analysis.diagnostics]),
  }
}

/** A policy without errors. */
export interface SoundPolicy extends CheckedFolder {
  readonly model: PolicyModel
}

/** As `checkFolder`, for commands that need a sound policy. @throws {CliError} 1, with the errors on standard error */
export async function requireSound(terminal: Terminal, folder: PolicyFolder): Promise<SoundPolicy> {
  const checked = await checkFolder(terminal, folder, { strict: false })
  const { model } = checked
  if (model !== undefined) return { ...checked, model }
  const errors = checked.diagnostics.filter(({ severity }) => severity === 'error')
  await printFindings(terminal.toErrors(), folder, errors, 'text')
  throw new CliError(
    EXIT_FINDINGS,
    `the policy in \`${folder.shown}\` has ${countFindings(errors)}`,
    folder.elsewhere === undefined
      ? `mend what is printed above; \`kavach check ${folder.shown}\` shows it again`
      : 'what is printed above was wrong in that revision; name another one',
  )
}
