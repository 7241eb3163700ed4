/** `kavach prove`: every assertion of a policy, for all requests. */
import { Command, Option } from 'commander'
import type { ProvedAssertion, ProvedDelegation } from '../compiler/analyze/index.ts'
import type { DiagnosticFormat } from '../grammar/index.ts'
import { type AnalyzedFolder, analyzeFolder } from './checked.ts'
import { EXIT_FINE, EXIT_UNKNOWN, worstExit } from './exit.ts'
import { FORMATS, plural, printFindings } from './findings.ts'
import { loadPolicyFolder, type PolicyFolder, shownPath } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

interface ProveOptions {
  readonly format: DiagnosticFormat
}

/** The file that an assertion of the command line stands in, as findings name it. */
const COMMAND_LINE = 'command-line.proof.kavach'

export function proveCommand(terminal: Terminal): Command {
  return new Command('prove')
    .description('prove the assertions of a policy, for all requests and all agents that the API could make')
    .argument('<path>', 'folder of .kavach files, or one file')
    .argument('[assertion]', 'one assertion to prove instead of those in the files, with or without `assert`')
    .addOption(new Option('--format <format>', 'how results are printed').choices(FORMATS).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  kavach prove policy
  kavach prove policy 'never * can delete on mcp:prod:**'
  kavach prove policy 'every write on payments:** needs approval'
  kavach prove policy --format github    annotations in a pull request

An assertion that does not hold is shown with a request that the engine allows, and with the lines that grant
it. Delegations are proved too. The exit code is 0 when everything is proved, 1 when something does not hold, 3
when something could be neither proved nor refuted within the bounds of the procedure.`,
    )
    .action(async (path: string, assertion: string | undefined, options: ProveOptions) => {
      terminal.recordExit(await prove(terminal, path, assertion, options))
    })
}

async function prove(
  terminal: Terminal,
  path: string,
  assertion: string | undefined,
  { format }: ProveOptions,
): Promise<number> {
  const stored = loadPolicyFolder(terminal, path)
  const folder = assertion === undefined ? stored : withAssertion(stored, assertion)
  const analyzed = await analyzeFolder(terminal, folder, { strict: false })
  const proofs = proofsOf(analyzed, assertion !== undefined)
  // What is found besides is `check`'s to say, unless it keeps us from proving anything.
  const isSound = analyzed.analysis !== undefined
  const relevant = analyzed.diagnostics.filter(({ code, severity, path: file }) =>
    isSound
      ? (code.startsWith('KV41') || code === 'KV9001') && (assertion === undefined || file === COMMAND_LINE)
      : severity === 'error',
  )
  if (format === 'json')
    await terminal.print(`${JSON.stringify(toJson(terminal, folder, proofs, relevant), null, 2)}\n`)
  if (format === 'text' && isSound) await terminal.print(toText(terminal, proofs))
  const code = format === 'json' ? codeOf(relevant) : await printFindings(terminal, folder, relevant, format)
  const unknown = proofs.filter(({ kind }) => kind === 'unknown').length
  if (format === 'text') terminal.note(`${path}: ${summary(proofs)}\n`)
  return worstExit(code, unknown > 0 ? EXIT_UNKNOWN : EXIT_FINE)
}

function codeOf(diagnostics: readonly { readonly severity: string }[]): number {
  return diagnostics.some(({ severity }) => severity === 'error') ? 1 : 0
}

function withAssertion(folder: PolicyFolder, assertion: string): PolicyFolder {
  const text = /^\s*assert\s/.test(assertion) ? assertion : `assert ${assertion}`
  return { ...folder, files: [...folder.files, { path: COMMAND_LINE, text: `${text}\n` }] }
}

interface Shown {
  readonly kind: 'proved' | 'refuted' | 'unknown'
  /** The statement, as written. */
  readonly text: string
  readonly path: string | undefined
  readonly span: ProvedAssertion['span'] | undefined
  readonly proof: ProvedAssertion['proof'] | ProvedDelegation['proof']
}

function proofsOf({ analysis }: AnalyzedFolder, isOneAsked: boolean): readonly Shown[] {
  if (analysis === undefined) return []
  const assertions = analysis.assertions
    .filter(({ path }) => !isOneAsked || path === COMMAND_LINE)
    .map(({ proof, text, path, span }): Shown => ({ kind: proof.kind, text: `assert ${text}`, path, span, proof }))
  if (isOneAsked) return assertions
  const delegations = analysis.delegations.map(({ from, to, proof }): Shown => {
    const kind = proof.kind === 'escalates' ? 'refuted' : proof.kind === 'void' ? 'proved' : proof.kind
    return { kind, text: `delegate ${from} -> ${to}`, path: undefined, span: undefined, proof }
  })
  return [...delegations, ...assertions]
}

const MARKS = { proved: '\u2713', refuted: '\u2717', unknown: '?' }
const COLORS = { proved: 32, refuted: 31, unknown: 33 }

function toText(terminal: Terminal, proofs: readonly Shown[]): string {
  const lines = proofs.map(({ kind, text }) => {
    const mark = terminal.color ? `\u001b[${COLORS[kind]}m${MARKS[kind]}\u001b[0m` : MARKS[kind]
    return `${mark} ${kind.padEnd(8)}${text}\n`
  })
  return lines.length === 0 ? '' : `${lines.join('')}${proofs.some(({ kind }) => kind !== 'proved') ? '\n' : ''}`
}

function summary(proofs: readonly Shown[]): string {
  const count = (kind: Shown['kind']) => proofs.filter((proof) => proof.kind === kind).length
  if (proofs.length === 0) return 'nothing to prove'
  const others = (['refuted', 'unknown'] as const).map((kind) => (count(kind) > 0 ? `, ${count(kind)} ${kind}` : ''))
  return `${count('proved')} of ${plural(proofs.length, 'statement')} proved${others.join('')}`
}

function toJson(
  terminal: Terminal,
  folder: PolicyFolder,
  proofs: readonly Shown[],
  diagnostics: readonly unknown[],
): unknown {
  return {
    proofs: proofs.map(({ kind, text, path, span, proof }) => ({
      kind,
      text,
      ...(path !== undefined && { path: path === COMMAND_LINE ? path : shownPath(terminal, folder.root, path) }),
      ...(span && { span }),
      ...exampleOf(proof),
    })),
    diagnostics,
  }
}

/** The request, what must have been made at run time for it, and the engine's word; or the request that is not held. */
function exampleOf(proof: Shown['proof']): object {
  switch (proof.kind) {
    case 'refuted':
      return { because: proof.because, ...(proof.counterexample && { counterexample: proof.counterexample.example }) }
    case 'escalates':
      return { because: proof.excess, ...(proof.answer.witness && { witness: proof.answer.witness }) }
    case 'unknown':
      return { why: proof.why }
    case 'proved':
      return 'example' in proof && proof.example !== undefined ? { example: proof.example.example } : {}
    case 'void':
      return { because: 'nothing-to-delegate' }
  }
}
