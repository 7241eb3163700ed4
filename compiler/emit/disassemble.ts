/** An image as text for people: what `kavach disassemble` prints. */
import * as layout from '../../engine-wasm/format/layout.ts'
import { formatAddress, formatDecimal } from '../model/index.ts'
import { type ImageReader, readImage } from './read-image.ts'

/**
 * Prints what an image holds: header, sizes, agents with their rules, delegations, boundary and guardrails.
 *
 * @throws {RangeError} when the image is damaged
 */
export function disassemble(image: Uint8Array): string {
  const reader = readImage(image)
  const lines = [...head(reader), '', ...sizes(reader)]
  for (let role = 0; role < reader.count(layout.S_RULESETS); role++) {
    const at = reader.at(layout.S_RULESETS, role, layout.RULESET_SIZE)
    lines.push('', `role #${role}`, ...rules(reader, at, false))
  }
  for (let agent = 0; agent < reader.count(layout.S_AGENTS); agent++) lines.push('', ...agentLines(reader, agent))
  for (let index = 0; index < reader.count(layout.S_DELEGATIONS); index++) {
    lines.push('', ...delegationLines(reader, index))
  }
  if (reader.u32(layout.H_BOUNDARY) !== 0) {
    const may = reader.u32(layout.H_BOUNDARY_MAY)
    lines.push(
      '',
      `boundary runtime${may === layout.NONE ? '' : `, may delegate depth ${may}`}`,
      ...rules(reader, layout.H_BOUNDARY_RULES, false),
      ...limitList(reader, reader.u32(layout.H_BOUNDARY_LIMITS)),
    )
  }
  if (reader.count(layout.S_GUARDS) > 0) lines.push('', 'guardrails', ...rules(reader, layout.H_GUARD_RULES, true))
  return `${lines.join('\n')}\n`
}

const KINDS = ['policy', 'record of an agent', 'record of delegations']
const TYPES = ['autonomous', 'delegated', 'service']
const WINDOWS = ['minute', 'hour', 'day', 'month']
const COMPARE = ['=', '<=', '>=']
const PER = ['', ' each resource', ' each owner', ' each tenant', ' together']

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

function agentLines(reader: ImageReader, index: number): readonly string[] {
  const at = reader.at(layout.S_AGENTS, index, layout.AGENT_SIZE)
  const name = reader.text(reader.u32(at + layout.AGENT_NAME_OFFSET), reader.u32(at + layout.AGENT_NAME_LENGTH))
  const owner = reader.u32(at + layout.AGENT_OWNER)
  const may = reader.u8(at + layout.AGENT_MAY)
  const roles = Array.from({ length: reader.u32(at + layout.AGENT_ROLE_COUNT) }, (_, i) => {
    return `#${reader.u32(reader.at(layout.S_ROLE_REFS, reader.u32(at + layout.AGENT_ROLES) + i, 4))}`
  })
  const facts = [
    ...(owner === layout.NONE ? [] : [`owner ${JSON.stringify(reader.string(owner))}`]),
    ...(may === 255 ? [] : [`may delegate depth ${may}`]),
    ...(reader.u8(at + layout.AGENT_HAS_EXPIRY) === 0
      ? []
      : [`expires at ${stamp(reader.view.getBigInt64(at + layout.AGENT_EXPIRES_AT, true))}`]),
    ...(roles.length === 0 ? [] : [`roles ${roles.join(', ')}`]),
  ]
  return [
    `${TYPES[reader.u8(at + layout.AGENT_TYPE)]} agent ${name}${facts.map((fact) => `, ${fact}`).join('')}`,
    ...rules(reader, at + layout.AGENT_RULES, false),
    ...limitList(reader, reader.u32(at + layout.AGENT_LIMITS)),
  ]
}

function delegationLines(reader: ImageReader, index: number): readonly string[] {
  const at = reader.at(layout.S_DELEGATIONS, index, layout.DELEGATION_SIZE)
  const isRecord = reader.u32(layout.H_KIND) !== layout.KIND_POLICY
  const nameOf = (number: number): string => {
    if (isRecord) return reader.string(number)
    const agent = reader.at(layout.S_AGENTS, number, layout.AGENT_SIZE)
    return reader.text(reader.u32(agent + layout.AGENT_NAME_OFFSET), reader.u32(agent + layout.AGENT_NAME_LENGTH))
  }
  const expires = reader.view.getBigInt64(at + layout.DELEGATION_EXPIRES, true)
  const expiry = ['', `, expires at ${stamp(expires)}`, `, expires in ${expires} ms`]
  return [
    `delegate ${nameOf(reader.u32(at + layout.DELEGATION_FROM))} -> ${nameOf(reader.u32(at + layout.DELEGATION_TO))}, depth ${reader.u8(
      at + layout.DELEGATION_DEPTH,
    )}${expiry[reader.u8(at + layout.DELEGATION_EXPIRY)] ?? ''}${reader.u8(at + layout.DELEGATION_REVOKED) === 0 ? '' : ', revoked'}`,
    ...rules(reader, at + layout.DELEGATION_RULES, false),
    ...limitList(reader, reader.u32(at + layout.DELEGATION_LIMITS)),
  ]
}

/** The rules of the set whose start and counts stand at `at`. */
function rules(reader: ImageReader, at: number, areGuards: boolean): readonly string[] {
  const start = reader.u32(at)
  const total = reader.u32(at + 4) + reader.u32(at + 8)
  const lines: string[] = []
  for (let index = start; index < start + total; index++) {
    const rule = reader.at(layout.S_RULES, index, layout.RULE_SIZE)
    const scope = `${actionsOf(reader, reader.u32(rule + layout.RULE_ACTIONS))} on ${patternOf(reader, reader.u32(rule + layout.RULE_PATTERN))}`
    const extra = reader.u32(rule + layout.RULE_EXTRA)
    const beyond = extra === 0 ? [] : areGuards ? guardOf(reader, extra - 1) : extraOf(reader, extra - 1)
    lines.push(`  @${reader.u32(rule + layout.RULE_ID)} ${scope}${beyond.map((clause) => ` | ${clause}`).join('')}`)
  }
  return lines
}

function actionsOf(reader: ImageReader, field: number): string {
  if (field === layout.ACTIONS_ANY) return '*'
  const indices =
    field > layout.ACTIONS_ANY
      ? list(reader, (field & layout.ACTIONS_ANY) + 1, wordAt(reader, field & layout.ACTIONS_ANY))
      : Array.from({ length: layout.ACTION_OTHER_BIT }, (_, bit) => bit).filter((bit) => ((field >>> bit) & 1) !== 0)
  return indices
    .map((index) =>
      reader.string(reader.u32(reader.at(layout.S_ACTIONS, index, layout.ACTION_SIZE) + layout.ACTION_NAME)),
    )
    .join(', ')
}

function wordAt(reader: ImageReader, index: number): number {
  return reader.u32(reader.at(layout.S_WORDS, index, 4))
}

function list(reader: ImageReader, start: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => wordAt(reader, start + i))
}

function patternOf(reader: ImageReader, index: number): string {
  const at = reader.at(layout.S_PATTERNS, index, layout.PATTERN_SIZE)
  const kind = reader.u32(at + layout.PATTERN_KIND)
  if (kind === layout.PATTERN_DFA) return dfaOf(reader, reader.u32(at + layout.PATTERN_OFFSET))
  const text = reader.text(reader.u32(at + layout.PATTERN_OFFSET), reader.u32(at + layout.PATTERN_LENGTH))
  return kind === layout.PATTERN_STAR ? `${text}*` : kind === layout.PATTERN_REST ? `${text}**` : text
}

function dfaOf(reader: ImageReader, index: number): string {
  const at = reader.at(layout.S_DFAS, index, layout.DFA_SIZE)
  return `automaton #${index} (${reader.u32(at + layout.DFA_STATES)} states, ${reader.u32(at + layout.DFA_CLASSES)} classes)`
}

function extraOf(reader: ImageReader, index: number): readonly string[] {
  const at = reader.at(layout.S_EXTRAS, index, layout.EXTRA_SIZE)
  const condition = reader.u32(at + layout.EXTRA_CONDITION)
  const estimate = reader.view.getBigUint64(at + layout.EXTRA_ESTIMATE, true)
  return [
    ...(condition === layout.NONE ? [] : [`when ${conditionOf(reader, condition)}`]),
    ...approvalOf(reader, reader.u32(at + layout.EXTRA_APPROVAL)),
    ...limitList(reader, reader.u32(at + layout.EXTRA_LIMITS)).map((line) => line.trim()),
    ...(estimate === 0n ? [] : [`estimate ${formatDecimal(estimate)} USD`]),
  ]
}

function guardOf(reader: ImageReader, index: number): readonly string[] {
  const at = reader.at(layout.S_GUARDS, index, layout.GUARD_SIZE)
  const kind = reader.u32(at + layout.GUARD_KIND)
  const when = reader.u32(at + layout.GUARD_WHEN)
  const unless = reader.u32(at + layout.GUARD_UNLESS)
  if (kind === layout.GUARD_LIMITS) return [limitOf(reader, reader.u32(at + layout.GUARD_LIMIT))]
  return [
    kind === layout.GUARD_FORBID ? 'forbid' : 'require',
    ...(when === layout.NONE ? [] : [`when ${conditionOf(reader, when)}`]),
    ...(unless === layout.NONE ? [] : [`unless ${conditionOf(reader, unless)}`]),
    ...approvalOf(reader, reader.u32(at + layout.GUARD_APPROVAL)),
  ]
}

function approvalOf(reader: ImageReader, index: number): readonly string[] {
  if (index === layout.NONE) return []
  const at = reader.at(layout.S_APPROVALS, index, layout.APPROVAL_SIZE)
  const by = reader.u32(at + layout.APPROVAL_BY)
  const within = reader.view.getBigInt64(at + layout.APPROVAL_WITHIN, true)
  const who = by === layout.NONE ? '' : ` by ${JSON.stringify(reader.string(by))}`
  return [`needs approval${who}${within < 0n ? '' : ` within ${within} ms`}`]
}

function limitList(reader: ImageReader, index: number): readonly string[] {
  if (index === layout.NONE) return []
  const at = reader.at(layout.S_LIMIT_LISTS, index, layout.LIMIT_LIST_SIZE)
  return Array.from({ length: reader.u32(at + layout.LIMIT_LIST_COUNT) }, (_, i) => {
    return `  ${limitOf(reader, reader.u32(at + layout.LIMIT_LIST_START) + i)}`
  })
}

function limitOf(reader: ImageReader, index: number): string {
  const at = reader.at(layout.S_LIMITS, index, layout.LIMIT_SIZE)
  const isBudget = reader.u8(at + layout.LIMIT_KIND) === layout.LIMIT_BUDGET
  const windows = Array.from({ length: reader.u32(at + layout.LIMIT_METER_COUNT) }, (_, i) => {
    const meter = reader.at(layout.S_METERS, reader.u32(at + layout.LIMIT_METERS) + i, layout.METER_SIZE)
    const cap = reader.view.getBigUint64(meter + layout.METER_CAP, true)
    const amount = isBudget ? `${formatDecimal(cap)} USD` : String(cap)
    return `${amount} per ${WINDOWS[reader.u32(meter + layout.METER_WINDOW)]}`
  })
  const percent = reader.u8(at + layout.LIMIT_PERCENT)
  const pace = `${reader.view.getBigUint64(at + layout.LIMIT_PACE, true)} per ${WINDOWS[reader.u8(at + layout.LIMIT_PACE_WINDOW)]}`
  const throttle = percent === 255 ? '' : ` throttle at ${percent}% to ${pace}`
  const key = reader.view
    .getBigUint64(at + layout.LIMIT_KEY, true)
    .toString(16)
    .padStart(16, '0')
  const per = PER[reader.u8(at + layout.LIMIT_PER)] ?? ''
  return `limit ${isBudget ? 'budget' : 'rate'} ${windows.join(', ')}${throttle}${per} [${key}]`
}

function conditionOf(reader: ImageReader, index: number): string {
  const at = reader.at(layout.S_CONDITIONS, index, layout.CONDITION_SIZE)
  const start = reader.u32(at + layout.CONDITION_ATOMS)
  return Array.from({ length: reader.u32(at + layout.CONDITION_COUNT) }, (_, i) => atomOf(reader, start + i)).join(
    ' and ',
  )
}

function atomOf(reader: ImageReader, index: number): string {
  const at = reader.at(layout.S_ATOMS, index, layout.ATOM_SIZE)
  const op = reader.u8(at + layout.ATOM_OP)
  const start = reader.u32(at + layout.ATOM_START)
  const count = reader.u32(at + layout.ATOM_COUNT)
  const path = list(reader, reader.u32(at + layout.ATOM_PATH), reader.u32(at + layout.ATOM_PATH_COUNT))
    .map((word) => reader.string(word))
    .join('.')
  const strings = (): string =>
    `[${list(reader, start, count)
      .map((word) => JSON.stringify(reader.string(word)))
      .join(', ')}]`
  const number = (n: number): string => {
    const record = reader.at(layout.S_NUMBERS, n, layout.NUMBER_SIZE)
    const doubled = (reader.view.getBigInt64(record + 8, true) << 64n) | reader.view.getBigUint64(record, true)
    return formatDecimal(doubled / 2n)
  }
  const compared = (): string => `${COMPARE[reader.u8(at + layout.ATOM_COMPARE)]} ${number(start)}`
  const text = (): string => {
    switch (op) {
      case layout.OP_IP:
        return `ip in ${rangesOf(reader, start, count)}`
      case layout.OP_TIME:
        return `time in ${weeksOf(reader, start, count)}`
      case layout.OP_TRUST:
        return `trust ${compared()}`
      case layout.OP_COST:
        return `cost ${compared()}`
      case layout.OP_AGENT_TYPE:
        return `agent.type in [${TYPES.filter((_, bit) => ((start >> bit) & 1) !== 0).join(', ')}]`
      case layout.OP_AGENT_OWNER:
        return `agent.owner in ${strings()}`
      case layout.OP_AGENT_OWNER_DFA:
        return `agent.owner matches ${dfaOf(reader, start)}`
      case layout.OP_ARGS_ONLY:
        return `args only ${strings()}`
      case layout.OP_LEN:
        return `len.${path} ${compared()}`
      case layout.OP_ARG_IP:
        return `args.${path} in ${rangesOf(reader, start, count)}`
      case layout.OP_ARG_TIME:
        return `args.${path} in ${weeksOf(reader, start, count)}`
      case layout.OP_ARG_DFA:
        return `args.${path} matches ${dfaOf(reader, start)}`
      case layout.OP_ARG_STRINGS:
        return `args.${path} in ${strings()}`
      case layout.OP_ARG_COMPARE:
        return `args.${path} ${compared()}`
      case layout.OP_ARG_NUMBERS:
        return `args.${path} in [${Array.from({ length: count }, (_, i) => number(start + i)).join(', ')}]`
      default:
        return `args.${path} in [${['false', 'true'].filter((_, bit) => ((start >> bit) & 1) !== 0).join(', ')}]`
    }
  }
  return reader.u8(at + layout.ATOM_NEGATED) === 0 ? text() : `not ${text()}`
}

function rangesOf(reader: ImageReader, start: number, count: number): string {
  const address = (at: number): string => {
    return formatAddress((reader.view.getBigUint64(at + 8, true) << 64n) | reader.view.getBigUint64(at, true))
  }
  const ranges = Array.from({ length: count }, (_, i) => {
    const at = reader.at(layout.S_RANGES, start + i, layout.RANGE_SIZE)
    return `${address(at)} - ${address(at + 16)}`
  })
  return `[${ranges.join(', ')}]`
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

function weeksOf(reader: ImageReader, start: number, count: number): string {
  const minute = (of: number): string => {
    const day = DAYS[Math.floor(of / 1440)] ?? 'end of week'
    if (of === 10080) return day
    const clock = of % 1440
    return `${day} ${String(Math.floor(clock / 60)).padStart(2, '0')}:${String(clock % 60).padStart(2, '0')}`
  }
  const ranges = Array.from({ length: count }, (_, i) => {
    const at = reader.at(layout.S_WEEKS, start + i, layout.WEEK_SIZE)
    return `${minute(reader.u16(at))} - ${minute(reader.u16(at + 2))}`
  })
  return `[${ranges.join(', ')}]`
}

/** RFC 3339, or the number where the calendar of JavaScript ends. */
function stamp(ms: bigint): string {
  const date = new Date(Number(ms))
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString()
}
