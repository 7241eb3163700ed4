/** An image as text for people: what `kavach disassemble` prints. */
import * as layout from '../../engine-wasm/format/layout.ts'
import type { Dfa } from '../algebra/index.ts'
import {
  type AgentModel,
  type ApprovalModel,
  type AtomModel,
  type CidrLiteral,
  type DelegationModel,
  formatAddress,
  formatDecimal,
  formatPattern,
  type GrantModel,
  type LimitModel,
  type ScopeModel,
  type WeekRange,
} from '../model/index.ts'
import { createModelReader, type ModelReader, readBoundary, readGuards } from './decompile.ts'
import { type ImageReader, readImage } from './read-image.ts'

/**
 * Prints what an image holds: header, sizes, agents with their rules, delegations, boundary and guardrails.
 *
 * @throws {RangeError} when the image is damaged
 */
export function disassemble(image: Uint8Array): string {
  const reader = readImage(image)
  const parts = createModelReader(reader)
  const text = createText()
  const lines = [...head(reader), '', ...sizes(reader)]
  for (let role = 0; role < reader.count(layout.S_RULESETS); role++) {
    const grants = parts.grants(reader.at(layout.S_RULESETS, role, layout.RULESET_SIZE))
    lines.push('', `role #${role}`, ...grants.map(text.grant))
  }
  for (let agent = 0; agent < reader.count(layout.S_AGENTS); agent++) {
    const model = parts.agent(reader.at(layout.S_AGENTS, agent, layout.AGENT_SIZE))
    lines.push('', agentLine(model), ...model.grants.map(text.grant), ...limitLines(model.limits))
  }
  for (let index = 0; index < reader.count(layout.S_DELEGATIONS); index++) {
    const model = parts.delegation(reader.at(layout.S_DELEGATIONS, index, layout.DELEGATION_SIZE), nameIn(reader))
    lines.push('', delegationLine(model), ...model.grants.map(text.grant), ...limitLines(model.limits))
  }
  if (reader.u32(layout.H_BOUNDARY) !== 0) {
    const { grants, limits, mayDelegate } = readBoundary(reader, parts)
    const may = mayDelegate === undefined ? '' : `, may delegate depth ${mayDelegate}`
    lines.push('', `boundary runtime${may}`, ...grants.map(text.grant), ...limitLines(limits))
  }
  if (reader.count(layout.S_GUARDS) > 0) lines.push('', 'guardrails', ...guardLines(reader, parts, text))
  return `${lines.join('\n')}\n`
}

const KINDS = ['policy', 'record of an agent', 'record of delegations']

const SECTIONS: readonly (readonly [string, number, number])[] = [
  ['bytes', layout.S_BYTES, 1],
  ['strings', layout.S_STRINGS, layout.STRING_SIZE],
  ['actions', layout.S_ACTIONS, layout.ACTION_SIZE],
  ['agents', layout.S_AGENTS, layout.AGENT_SIZE],
  ['rules', layout.S_RULES, layout.RULE_SIZE],
  ['rule sets', layout.S_RULESETS, layout.RULESET_SIZE],
  ['patterns', layout.S_PATTERNS, layout.PATTERN_SIZE],
  ['automata', layout.S_DFAS, layout.DFA_SIZE],
  ['extras', layout.S_EXTRAS, layout.EXTRA_SIZE],
  ['conditions', layout.S_CONDITIONS, layout.CONDITION_SIZE],
  ['atoms', layout.S_ATOMS, layout.ATOM_SIZE],
  ['limits', layout.S_LIMITS, layout.LIMIT_SIZE],
  ['approvals', layout.S_APPROVALS, layout.APPROVAL_SIZE],
  ['delegations', layout.S_DELEGATIONS, layout.DELEGATION_SIZE],
  ['guards', layout.S_GUARDS, layout.GUARD_SIZE],
  ['rule hashes', layout.S_RULE_HASHES, 4],
]

function head(reader: ImageReader): readonly string[] {
  const { view } = reader
  const time = (offset: number, open: bigint): string => {
    const ms = view.getBigInt64(offset, true)
    return ms === open ? 'not bounded' : stamp(ms)
  }
  return [
    `${KINDS[reader.u32(layout.H_KIND)] ?? 'image'} ${reader.name}`,
    `  format      ${reader.u16(layout.H_VERSION)}.${reader.u16(layout.H_VERSION + 2)}`,
    `  generation  ${view.getBigUint64(layout.H_GENERATION, true)}`,
    `  digest      ${reader.digest}`,
    `  not before  ${time(layout.H_NOT_BEFORE, -(1n << 63n))}`,
    `  not after   ${time(layout.H_NOT_AFTER, (1n << 63n) - 1n)}`,
  ]
}

function sizes(reader: ImageReader): readonly string[] {
  const rows = SECTIONS.map(([name, section, size]) => {
    const count = reader.count(section)
    return `  ${name.padEnd(12)}${String(count).padStart(9)}${String(count * size).padStart(11)} bytes`
  })
  return [`${reader.image.length} bytes`, ...rows]
}

function agentLine({ name, type, owner, mayDelegate, expiresAt, roles }: AgentModel): string {
  const facts = [
    ...(owner === undefined ? [] : [`owner ${JSON.stringify(owner)}`]),
    ...(mayDelegate === undefined ? [] : [`may delegate depth ${mayDelegate}`]),
    ...(expiresAt === undefined ? [] : [`expires at ${stamp(expiresAt)}`]),
    ...(roles === undefined ? [] : [`roles ${roles.map((role) => `#${role}`).join(', ')}`]),
  ]
  return [`${type} agent ${name}`, ...facts].join(', ')
}

function delegationLine({ from, to, depth = 0, expiresAt, expiresIn, revoked }: DelegationModel): string {
  const facts = [
    `depth ${depth}`,
    ...(expiresAt === undefined ? [] : [`expires at ${stamp(expiresAt)}`]),
    ...(expiresIn === undefined ? [] : [`expires in ${expiresIn} ms`]),
    ...(revoked === true ? ['revoked'] : []),
  ]
  return [`delegate ${from} -> ${to}`, ...facts].join(', ')
}

/** Who the numbers in a delegation are: agents of a policy, strings of a record. */
function nameIn(reader: ImageReader): (number: number) => string {
  if (reader.u32(layout.H_KIND) !== layout.KIND_POLICY) return reader.string
  return (number) => {
    const agent = reader.at(layout.S_AGENTS, number, layout.AGENT_SIZE)
    return reader.text(reader.u32(agent + layout.AGENT_NAME_OFFSET), reader.u32(agent + layout.AGENT_NAME_LENGTH))
  }
}

/** Rules as lines; automata are numbered as they come. */
interface RuleText {
  grant(grant: GrantModel): string
  line(id: number, scope: ScopeModel, clauses: readonly string[]): string
  condition(atoms: readonly AtomModel[]): string
}

function createText(): RuleText {
  const numbers = new Map<Dfa, number>()
  const machine = (dfa: Dfa): string => {
    const number = numbers.get(dfa) ?? numbers.size
    numbers.set(dfa, number)
    return `automaton #${number} (${dfa.stateCount} states, ${dfa.classCount} classes)`
  }
  const condition = (atoms: readonly AtomModel[]): string => atoms.map((atom) => atomText(atom, machine)).join(' and ')
  const line = (id: number, { actions, patterns, automata = [] }: ScopeModel, clauses: readonly string[]): string => {
    const resources = [...patterns.map(formatPattern), ...automata.map(machine)]
    return [`  @${id} ${actions?.join(', ') ?? '*'} on ${resources.join(', ')}`, ...clauses].join(' | ')
  }
  return {
    condition,
    line,
    grant: (grant) => {
      const { id, when, approval, limits = [], estimateNanoUsd } = grant
      return line(id, grant, [
        ...(when === undefined ? [] : [`when ${condition(when)}`]),
        ...approvalText(approval),
        ...limits.map((limit) => limitText(limit)),
        ...(estimateNanoUsd === undefined ? [] : [`estimate ${formatDecimal(estimateNanoUsd)} USD`]),
      ])
    },
  }
}

/** Forbids, requirements and limits, by id. */
function guardLines(reader: ImageReader, parts: ModelReader, text: RuleText): readonly string[] {
  const { forbids, requires, limits } = readGuards(reader, parts)
  const clause = (word: string, atoms: readonly AtomModel[] | undefined): readonly string[] => {
    return atoms === undefined ? [] : [`${word} ${text.condition(atoms)}`]
  }
  const rows = [
    ...forbids.map((rule) => {
      return { rule, clauses: ['forbid', ...clause('when', rule.when), ...clause('unless', rule.unless)] }
    }),
    ...requires.map((rule) => {
      return { rule, clauses: ['require', ...clause('when', rule.when), ...approvalText(rule.approval)] }
    }),
    ...limits.map((rule) => ({ rule, clauses: [limitText(rule.limit, rule.per ?? 'together')] })),
  ]
  rows.sort((a, b) => a.rule.id - b.rule.id)
  return rows.map(({ rule, clauses }) => text.line(rule.id, rule, clauses))
}

function approvalText(approval: ApprovalModel | undefined): readonly string[] {
  if (approval === undefined) return []
  const { by, withinMs } = approval
  const who = by === undefined ? '' : ` by ${JSON.stringify(by)}`
  return [`needs approval${who}${withinMs === undefined ? '' : ` within ${withinMs} ms`}`]
}

function limitLines(limits: readonly LimitModel[] = []): readonly string[] {
  return limits.map((limit) => `  ${limitText(limit)}`)
}

/** `per` is what a guardrail is counted per. */
function limitText(limit: LimitModel, per?: string): string {
  const each = per ?? (limit.kind === 'rate' ? limit.each : undefined)
  const counted = each === undefined || each === 'agent' ? '' : each === 'together' ? ' together' : ` each ${each}`
  if (limit.kind === 'rate') {
    const windows = limit.windows.map(({ window, count }) => `${count} per ${window}`)
    return `limit rate ${windows.join(', ')}${counted} [${limit.key}]`
  }
  const windows = limit.windows.map(({ window, capNanoUsd }) => `${formatDecimal(capNanoUsd)} USD per ${window}`)
  const { throttle } = limit
  const pace = throttle && ` throttle at ${throttle.percent}% to ${throttle.count} per ${throttle.window}`
  return `limit budget ${windows.join(', ')}${pace ?? ''}${counted} [${limit.key}]`
}

function atomText(atom: AtomModel, machine: (dfa: Dfa) => string): string {
  const text = positiveText(atom, machine)
  return atom.negated ? `not ${text}` : text
}

function positiveText(atom: AtomModel, machine: (dfa: Dfa) => string): string {
  const path = 'path' in atom ? atom.path.join('.') : ''
  switch (atom.kind) {
    case 'ip-in':
      return `ip in ${rangesText(atom.ranges)}`
    case 'time-in':
      return `time in ${weeksText(atom.ranges)}`
    case 'number':
      return `${atom.root} ${atom.operator} ${formatDecimal(atom.units)}`
    case 'agent-type':
      return `agent.type in [${atom.types.join(', ')}]`
    case 'agent-owner':
      return `agent.owner in ${stringsText(atom.owners)}`
    case 'agent-owner-matches':
      return `agent.owner matches ${machine(atom.dfa)}`
    case 'args-only':
      return `args only ${stringsText(atom.names)}`
    case 'len':
      return `len.${path} ${atom.operator} ${formatDecimal(atom.units)}`
    case 'arg-ip-in':
      return `args.${path} in ${rangesText(atom.ranges)}`
    case 'arg-time-in':
      return `args.${path} in ${weeksText(atom.ranges)}`
    case 'arg-matches':
      return `args.${path} matches ${machine(atom.dfa)}`
    case 'arg-strings':
      return `args.${path} in ${stringsText(atom.values)}`
    case 'arg-number':
      return `args.${path} ${atom.operator} ${formatDecimal(atom.units)}`
    case 'arg-numbers':
      return `args.${path} in [${atom.values.map(formatDecimal).join(', ')}]`
    case 'arg-boolean':
      return `args.${path} in [${atom.values.join(', ')}]`
  }
}

function stringsText(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(', ')}]`
}

function rangesText(ranges: readonly CidrLiteral[]): string {
  return `[${ranges.map(({ low, high }) => `${formatAddress(low)} - ${formatAddress(high)}`).join(', ')}]`
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

function weeksText(ranges: readonly WeekRange[]): string {
  const minute = (of: number): string => {
    const day = DAYS[Math.floor(of / 1440)] ?? 'end of week'
    if (of === 10080) return day
    const clock = of % 1440
    return `${day} ${String(Math.floor(clock / 60)).padStart(2, '0')}:${String(clock % 60).padStart(2, '0')}`
  }
  return `[${ranges.map(({ from, to }) => `${minute(from)} - ${minute(to)}`).join(', ')}]`
}

/** RFC 3339, or the number where the calendar of JavaScript ends. */
function stamp(ms: bigint | number): string {
  const date = new Date(Number(ms))
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString()
}
