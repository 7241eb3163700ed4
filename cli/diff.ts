/** `kavach diff`: what a new policy allows that the old one did not, and everything else that a reviewer must know. */
import { Command, Option } from 'commander'
import type { PolicyDiff } from '../compiler/analyze/index.ts'
import { diffFindings } from './diff-findings.ts'
import { diffMarkdown } from './diff-markdown.ts'
import { type DiffReport, type RegionRow, toReport, unwaived } from './diff-report.ts'
import { diffText } from './diff-text.ts'
import { CliError, EXIT_FINDINGS, EXIT_FINE, EXIT_REFUSED, EXIT_UNKNOWN, EXIT_USAGE, worstExit } from './exit.ts'
import { plural } from './findings.ts'
import { loadAnalyses, loadGrammar } from './language.ts'
import { loadPolicySource, type PolicySource } from './policy-source.ts'
import type { Terminal } from './terminal.ts'

const DIFF_FORMATS = ['text', 'json', 'markdown', 'sarif', 'github'] as const

interface DiffCommandOptions {
  readonly format: (typeof DIFF_FORMATS)[number]
  readonly allow: readonly string[]
  readonly agent?: string
}

export function diffCommand(terminal: Terminal): Command {
  return new Command('diff')
    .description('show what a new policy allows that the old one did not, each with a request that shows it')
    .argument('<old>', 'folder, file, module or image, or REV[:PATH] of the git repository')
    .argument('<new>', 'the same; what only names a revision takes the path of the other one')
    .option(
      '--allow <digest>',
      'waive exactly one region of new access that was reviewed; may be repeated',
      collect,
      [],
    )
    .option('--agent <name>', 'compare the access of one agent only; runtime for those made through the API')
    .addOption(new Option('--format <format>', 'how it is printed').choices(DIFF_FORMATS).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  kavach diff HEAD policy                      what the work tree changes
  kavach diff origin/main policy --format markdown > comment.md
  kavach diff build/acme.wasm policy --allow 0123456789abcdef
  kavach diff v1:policy v2:policy --agent triager

Access is compared for all requests, for every agent and every chain of delegations, also those that the API
could create. The exit code is 2 when somebody can do something new that is not waived, 3 when that could not
be decided, 1 when the policy changed and its generation did not grow, and 0 otherwise.`,
    )
    .action(async (old: string, new_: string, options: DiffCommandOptions) => {
      terminal.recordExit(await diff(terminal, old, new_, options))
    })
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}

async function diff(
  terminal: Terminal,
  oldName: string,
  newName: string,
  options: DiffCommandOptions,
): Promise<number> {
  const allowed = toDigests(options.allow)
  const old = await loadPolicySource(terminal, oldName, { other: newName })
  const new_ = await loadPolicySource(terminal, newName, { other: oldName })
  const analyses = await loadAnalyses()
  const agent = options.agent === undefined ? undefined : toAgent(options.agent, old, new_)
  const found = analyses.diffPolicies(toDiffed(old), toDiffed(new_), {
    around: terminal.parts.now(),
    ...(agent !== undefined && { agent }),
    progress: (compared) => terminal.progress(() => `compared ${plural(compared, 'chain')}`),
  })
  const report = toReport({ old, new: new_, diff: found, allowed }, analyses)
  terminal.endProgress()
  noteUnused(terminal, report, allowed)
  await terminal.print(await format(report, options.format))
  return exitOf(report)
}

function toDigests(allow: readonly string[]): ReadonlySet<string> {
  for (const digest of allow) {
    if (/^[0-9a-f]{16}$/.test(digest)) continue
    throw new CliError(EXIT_USAGE, `\`${digest}\` is no digest of a region`, '`kavach diff` prints them: 16 hex digits')
  }
  return new Set(allow)
}

function toAgent(name: string, old: PolicySource, new_: PolicySource): string {
  if (name === 'runtime') return '*'
  const names = [old, new_].flatMap(({ model }) => model.agents.map((agent) => agent.name))
  if (names.includes(name)) return name
  throw new CliError(
    EXIT_USAGE,
    `neither policy declares an agent \`${name}\``,
    `they declare ${plural(new Set(names).size, 'agent')}; \`runtime\` stands for those made through the API`,
  )
}

function toDiffed({ model, files, catalogs }: PolicySource) {
  return { model, catalogs, assertions: files && assertionsOf(files) }
}

function assertionsOf(files: NonNullable<PolicySource['files']>): readonly string[] {
  return files.flatMap(({ text, declarations }) =>
    declarations.flatMap(({ kind, start, end }) => {
      if (kind !== 'assert') return []
      const plain = text.slice(start, end).replace(/^assert\s+/, '')
      return [plain.replace(/\s+/g, ' ')]
    }),
  )
}

/** A digest that waives nothing was reviewed for something that is not there: most likely its region grew since. */
function noteUnused(terminal: Terminal, { newAccess }: DiffReport, allowed: ReadonlySet<string>): void {
  const known = new Set(newAccess.map(({ region }) => region.digest))
  for (const digest of allowed) {
    if (known.has(digest)) continue
    terminal.note(
      `kavach: no region of new access has the digest ${digest}\n` +
        '  = help: it changes when the region does; take the one that is printed below, after reading it\n',
    )
  }
}

function exitOf(report: DiffReport): number {
  const codes = [
    unwaived(report).length > 0 ? EXIT_REFUSED : EXIT_FINE,
    report.unknown.length > 0 ? EXIT_UNKNOWN : EXIT_FINE,
    report.generation === undefined ? EXIT_FINE : EXIT_FINDINGS,
  ]
  return codes.reduce(worstExit)
}

async function format(report: DiffReport, name: DiffCommandOptions['format']): Promise<string> {
  switch (name) {
    case 'text':
      return diffText(report)
    case 'markdown':
      return diffMarkdown(report)
    case 'json':
      return `${JSON.stringify(toJson(report), null, 2)}\n`
    default: {
      const { renderDiagnostics } = await loadGrammar()
      return renderDiagnostics(diffFindings(report), sourcesOf(report), name)
    }
  }
}

function sourcesOf({ old, new: new_ }: DiffReport): ReadonlyMap<string, string> {
  const texts = [old, new_].flatMap((source) =>
    (source.files ?? []).map(({ path, text }) => [source.showPath(path), text] as const),
  )
  return new Map(texts)
}

function toJson(report: DiffReport): unknown {
  const { old, new: new_, diff: found, unknown } = report
  const { newAccess: _, lostAccess: __, unknown: ___, ...sections }: PolicyDiff = found
  return {
    version: 1,
    old: { policy: old.model.name, source: old.shown },
    new: { policy: new_.model.name, source: new_.shown },
    newAccess: report.newAccess.map((row) => regionJson(row, new_)),
    lostAccess: report.lostAccess.map((row) => regionJson(row, old)),
    unknown,
    ...sections,
  }
}

function regionJson({ region, isWaived, title, why, witness }: RegionRow, source: PolicySource): unknown {
  return {
    title,
    kind: region.kind,
    digest: region.digest,
    waived: isWaived,
    cause: region.cause,
    why,
    parts: region.parts,
    rules: region.grants.map((id) => ({ id, place: source.showRule(id) })),
    witness: { text: witness, ...region.witness },
  }
}
