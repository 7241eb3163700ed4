/** The result of a replay, for people, for machines and for a pull request. */
import { formatPattern, type PolicyModel, type ScopeModel } from '../compiler/model/index.ts'
import type { Decision } from '../engine-wasm/host/index.ts'
import { plural } from './findings.ts'
import type { PolicySource } from './policy-source.ts'
import type { Change } from './replay-judge.ts'
import type { ChangeGroup, Tally } from './replay-tally.ts'

export const REPLAY_FORMATS = ['text', 'json', 'markdown'] as const

export type ReplayFormat = (typeof REPLAY_FORMATS)[number]

export interface ReplayReport {
  /** As the command line named it. */
  readonly log: string
  readonly source: PolicySource
  readonly policy: Decision['policy']
  readonly tally: Tally
}

/** The whole output, ended by a line feed. */
export function renderReplay(report: ReplayReport, format: ReplayFormat): string {
  switch (format) {
    case 'text':
      return toText(report)
    case 'json':
      return `${JSON.stringify(toJson(report), null, 2)}\n`
    case 'markdown':
      return toMarkdown(report)
  }
}

/** Groups that are printed of each kind of change, but for JSON, which has all. */
const MAX_PRINTED = 50

const CHANGES: readonly { readonly change: Change; readonly title: string; readonly said: string }[] = [
  { change: 'new-access', title: 'new access', said: 'denied then, allowed now' },
  { change: 'lost-access', title: 'lost access', said: 'allowed then, not now' },
  { change: 'verdict', title: 'other verdicts', said: 'no access gained or lost' },
]

function toText(report: ReplayReport): string {
  const { tally, source } = report
  const lines = [head(report), '']
  for (const { change, title, said } of CHANGES) {
    const count = tally.changes[change]
    if (count === 0) continue
    lines.push(`${title}: ${plural(count, 'row')}, ${said}`)
    const groups = tally.groups.filter((group) => group.change === change)
    for (const group of groups.slice(0, MAX_PRINTED)) lines.push(...groupLines(group, source))
    lines.push(...leftOver(groups.length).map((line) => `  ${line}`), '')
  }
  return `${[...lines, ...summary(report)].join('\n')}\n`
}

function head({ log, source, policy, tally }: ReplayReport): string {
  const { name, generation } = policy
  return `${log}: ${plural(tally.rows, 'row')}, decided by \`${source.shown}\` (${name} generation ${generation})`
}

function groupLines(group: ChangeGroup, source: PolicySource): readonly string[] {
  const { count, line, example } = group
  const asked = [group.agent, group.action, group.resource].map(visible).join('  ')
  const rule = ruleText(group, source)
  return [
    `  ${String(count).padStart(6)}  ${asked}`,
    `          ${outcome(group.before)} -> ${outcome(group.now)}`,
    ...(rule === undefined ? [] : [`          by ${rule}`]),
    `          line ${line}: ${visible(shortened(JSON.stringify(example)))}`,
  ]
}

/** `policy/bots.kavach:4: read on mcp:docs:**` */
function ruleText({ rule }: ChangeGroup, source: PolicySource): string | undefined {
  if (rule === undefined) return undefined
  const scope = scopesOf(source.model).find(({ id }) => id === rule)
  return `${source.showRule(rule)}${scope === undefined ? '' : `: ${shortened(scopeText(scope))}`}`
}

function scopesOf(model: PolicyModel): readonly (ScopeModel & { readonly id: number })[] {
  const { roles, agents, delegations, boundary, forbids, requires, limits } = model
  const holders = [...roles, ...agents, ...delegations, ...(boundary === undefined ? [] : [boundary])]
  return [...holders.flatMap(({ grants }) => grants), ...forbids, ...requires, ...limits]
}

function scopeText({ actions, patterns, automata = [] }: ScopeModel): string {
  const resources = [...patterns.map(formatPattern), ...automata.map(() => '(a pattern of the image)')]
  return `${actions?.join(', ') ?? '*'} on ${resources.join(', ')}`
}

function outcome({ verdict, reason }: { readonly verdict: string; readonly reason: string | undefined }): string {
  return reason === undefined || reason === 'allowed' ? verdict : `${verdict} (${visible(reason)})`
}

/** What a log says may hold what would steer a terminal. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
}

const MAX_SHOWN = 160

function shortened(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text
}

function leftOver(groups: number): readonly string[] {
  return groups > MAX_PRINTED ? [`and ${groups - MAX_PRINTED} more like these; \`--format json\` lists them`] : []
}

/** What did not change, and what nobody can say. */
function summary({ tally }: ReplayReport): readonly string[] {
  const { same, metered, reasonsChanged, unknown, unreadable, faults, ungrouped } = tally
  const firstFault = faults[0]
  return [
    `unchanged: ${plural(same, 'row')}`,
    ...(metered > 0 ? [`  ${metered} as long as meters permit: a log has no readings, they were read as 0`] : []),
    ...(reasonsChanged > 0 ? [`  ${reasonsChanged} for another reason`] : []),
    ...(unknown.meters > 0
      ? [`not judged: ${plural(unknown.meters, 'row')} that meters decided, without readings`]
      : []),
    ...(unknown.arguments > 0
      ? [`not judged: ${plural(unknown.arguments, 'row')} whose arguments matter and are only a digest`]
      : []),
    ...(unknown['run-time'] > 0
      ? [`not judged: ${plural(unknown['run-time'], 'row')} about what was made at run time; give it with --state`]
      : []),
    ...(ungrouped > 0 ? [`not listed: ${plural(ungrouped, 'change')} beyond the first ten thousand kinds`] : []),
    ...(firstFault === undefined
      ? []
      : [`unreadable: ${plural(unreadable, 'line')}, the first is line ${firstFault.line}: ${firstFault.fault}`]),
  ]
}

function toMarkdown(report: ReplayReport): string {
  const { tally, source, policy, log } = report
  const lines = [
    `### Replay of ${code(log)}`,
    '',
    `${plural(tally.rows, 'row')}, decided by ${code(source.shown)} (${code(policy.name)} generation ${policy.generation}).`,
    '',
  ]
  for (const { change, title, said } of CHANGES) {
    const count = tally.changes[change]
    if (count === 0) continue
    lines.push(`**${title}**: ${plural(count, 'row')}, ${said}`, '', ...TABLE_HEAD)
    const groups = tally.groups.filter((group) => group.change === change)
    for (const group of groups.slice(0, MAX_PRINTED)) lines.push(tableRow(group, source))
    lines.push(...leftOver(groups.length).map((line) => `\n${line}`), '')
  }
  lines.push(...summary(report).map((line) => `${line.startsWith('  ') ? '  ' : ''}- ${line.trim()}`))
  return `${lines.join('\n')}\n`
}

const TABLE_HEAD = [
  '| rows | agent | action | resource | then | now | by | first line |',
  '|--:|---|---|---|---|---|---|--:|',
]

function tableRow(group: ChangeGroup, source: PolicySource): string {
  const rule = group.rule === undefined ? '' : code(source.showRule(group.rule))
  const cells = [
    String(group.count),
    code(group.agent),
    code(group.action),
    code(group.resource),
    code(outcome(group.before)),
    code(outcome(group.now)),
    rule,
    String(group.line),
  ]
  return `| ${cells.join(' | ')} |`
}

/** Names come from requests: nothing in them may end the cell or become markup. */
function code(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}]/gu, ' ').replaceAll('|', '\\|')
  const fence = '`'.repeat(Math.max(0, ...[...plain.matchAll(/`+/g)].map(([run]) => run.length)) + 1)
  return fence.length > 1 ? `${fence} ${plain} ${fence}` : `\`${plain}\``
}

function toJson({ log, source, policy, tally }: ReplayReport): unknown {
  const { groups, changes, unknown, faults, ...counts } = tally
  return {
    log,
    policy: { source: source.shown, ...policy },
    ...counts,
    newAccess: changes['new-access'],
    lostAccess: changes['lost-access'],
    otherVerdicts: changes.verdict,
    notJudged: { meters: unknown.meters, arguments: unknown.arguments, runTime: unknown['run-time'] },
    faults,
    changes: groups.map(({ rule, ...group }) => ({
      ...group,
      ...(rule !== undefined && { rule: { id: rule, place: source.showRule(rule) } }),
    })),
  }
}
