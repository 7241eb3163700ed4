/** `kavach export cedar`: a policy as Cedar policies, with a schema, the agents, and what had to be left out. */
import { join, relative, resolve } from 'node:path'
import { Command, Option } from 'commander'
import type { CedarSkip } from '../compiler/analyze/index.ts'
import { requireSound, type SoundPolicy } from './checked.ts'
import { CliError, EXIT_FINDINGS } from './exit.ts'
import { writeFilesAtomically } from './files.ts'
import { plural } from './findings.ts'
import { loadPolicyFolder, type PolicyFolder, shownPath } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

interface ExportOptions {
  readonly out: string
  readonly partial?: true
  readonly format: 'text' | 'json'
}

export function exportCedarCommand(terminal: Terminal): Command {
  return new Command('cedar')
    .description('write NAME.cedar, NAME.cedarschema and NAME.entities.json for agents that act alone')
    .argument('<path>', 'folder of .kavach files, or one file')
    .option('-o, --out <folder>', 'where to write', '.')
    .option('--partial', 'export guardrails that Cedar cannot say wider than they are, so that Cedar denies more')
    .addOption(new Option('--format <format>', 'how the report is printed').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  kavach export cedar policy -o build
  kavach export cedar policy -o build --partial --format json

Cedar never allows what the policy denies. Grants that it cannot say (rates, approvals, regexes) are dropped; guardrails
that it cannot say are refused, or exported wider with --partial. What was left out is listed with its line. Requests
must be mapped as docs/cedar.md says.`,
    )
    .action(async (path: string, options: ExportOptions) => {
      await exportCedar(terminal, path, options)
    })
}

/** @throws {CliError} 1 when a guardrail has no Cedar of the same meaning and `--partial` was not given */
async function exportCedar(terminal: Terminal, path: string, options: ExportOptions): Promise<void> {
  const folder = loadPolicyFolder(terminal, path)
  const policy = await requireSound(terminal, folder)
  const { toCedar } = await import('../compiler/analyze/index.ts')
  const { name, generation } = policy.model
  const { policies, schema, agents, skipped } = toCedar(policy.model, { originOf: (rule) => originOf(policy, rule) })
  const widened = new Set(skipped.flatMap(({ effect, subject }) => (effect === 'widened' ? [subject] : [])))
  const isRefused = widened.size > 0 && options.partial === undefined
  const base = join(resolve(terminal.cwd, options.out), name)
  const files = [
    { path: `${base}.cedar`, data: policies },
    { path: `${base}.cedarschema`, data: schema },
    { path: `${base}.entities.json`, data: `${JSON.stringify([...agents.values()], undefined, 2)}\n` },
  ]
  if (!isRefused) writeFilesAtomically(terminal.cwd, files)

  const report: Report = {
    name,
    generation,
    files: isRefused
      ? []
      : files.map(({ path: file, data }) => ({ path: relative(terminal.cwd, file), bytes: Buffer.byteLength(data) })),
    skipped: skipped.map((skip) => ({ ...placeOf(terminal, folder, policy, skip), ...skip })),
  }
  const text = options.format === 'json' ? `${JSON.stringify(report)}\n` : toText(report)
  const target = isRefused && options.format === 'text' ? terminal.toErrors() : terminal
  await target.print(text)
  if (!isRefused) return
  throw new CliError(
    EXIT_FINDINGS,
    `nothing written: ${plural(widened.size, 'restriction')} of \`${path}\` cannot be said in Cedar`,
    'with --partial each of them forbids all that it is about, so that Cedar denies more than the policy',
  )
}

interface Report {
  readonly name: string
  readonly generation: number
  /** Paths as seen from the current folder. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[]
  readonly skipped: readonly (Place & CedarSkip)[]
}

interface Place {
  readonly path: string
  readonly line: number
  readonly column: number
}

/** Where a rule stands, below the folder of the policy: the same on every machine. */
function originOf({ map }: SoundPolicy, rule: number): string | undefined {
  const origin = map.rules[rule]
  return origin && `${origin.path}:${origin.line}:${origin.column}`
}

function placeOf(terminal: Terminal, folder: PolicyFolder, { map, files }: SoundPolicy, skip: CedarSkip): Place {
  const rule = skip.rule === undefined ? undefined : map.rules[skip.rule]
  if (rule !== undefined) {
    return { path: shownPath(terminal, folder.root, rule.path), line: rule.line, column: rule.column }
  }
  for (const { path, text, declarations } of files) {
    const node = declarations.find((declaration) => subjectOf(declaration) === skip.subject)
    if (node === undefined) continue
    const before = text.slice(0, node.start)
    const lineStart = before.lastIndexOf('\n') + 1
    return {
      path: shownPath(terminal, folder.root, path),
      line: before.split('\n').length,
      column: node.start - lineStart + 1,
    }
  }
  throw new RangeError(`the policy has no ${skip.subject}`)
}

/** As `CedarSkip` names declarations that are no rules. */
function subjectOf(node: SoundPolicy['files'][number]['declarations'][number]): string | undefined {
  switch (node.kind) {
    case 'agent':
      return `agent ${node.name.text}`
    case 'delegation':
      return `delegate ${node.from.text} -> ${node.to.text}`
    case 'boundary':
      return 'boundary runtime'
    default:
      return undefined
  }
}

const EFFECTS: Readonly<Record<CedarSkip['effect'], string>> = {
  dropped: 'is dropped',
  widened: 'forbids more than it should',
  apart: 'has no part in it',
}

function toText({ name, generation, files, skipped }: Report): string {
  const written = files.map(({ path, bytes }) => `  ${path}  ${bytes} bytes\n`)
  const left = skipped.map(
    ({ path, line, column, subject, construct, why, effect }) =>
      `  ${path}:${line}:${column}  ${subject} ${EFFECTS[effect]}: ${construct}: ${why}\n`,
  )
  return [
    ...(files.length > 0 ? [`${name} generation ${generation}, for Cedar\n`, ...written] : []),
    ...(left.length > 0 ? ['not exported as it is, so that Cedar denies more:\n', ...left] : []),
  ].join('')
}
