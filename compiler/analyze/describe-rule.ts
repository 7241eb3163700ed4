/** Rules of a model as policy text on one line. Regexes are kept as automata, which do not say how they were written. */
import type { Dfa } from '../algebra/index.ts'
import { patternOfLanguage } from '../emit/index.ts'
import {
  type ApprovalModel,
  type AtomModel,
  type ForbidModel,
  formatDecimal,
  formatPattern,
  formatString,
  type GrantModel,
  type GuardrailLimitModel,
  type LimitModel,
  type RequireModel,
  type ScopeModel,
} from '../model/index.ts'
import { describeHours } from './describe-hours.ts'
import { exactly, join, type Phrase } from './describe-phrase.ts'
import { formatDuration, networksOf } from './describe-value.ts'

/** `allow read on mcp:wiki:** when ip in cidr [10.0.0.0/8] rate 3 per day`. */
export function describeGrant(grant: GrantModel): Phrase {
  const { when, limits = [], approval, estimateNanoUsd } = grant
  const clauses = [
    exactly('allow'),
    describeScope(grant),
    ...whenClause(when),
    ...limits.map((limit) => exactly(describeLimit(limit))),
    ...(approval === undefined ? [] : [exactly(`needs ${describeApprovalClause(approval)}`)]),
    ...(estimateNanoUsd === undefined ? [] : [exactly(`estimate ${formatDecimal(estimateNanoUsd)} USD`)]),
  ]
  return join(clauses, ' ')
}

/** `forbid delete on mcp:prod:** unless agent.type = service`. */
export function describeForbid(forbid: ForbidModel): Phrase {
  const { when, unless } = forbid
  const excuse = unless === undefined ? [] : [exactly('unless'), describeCondition(unless)]
  return join([exactly('forbid'), describeScope(forbid), ...whenClause(when), ...excuse], ' ')
}

/** `require approval by "role:finance" for write on payments:**`. */
export function describeRequire(rule: RequireModel): Phrase {
  const { when, approval } = rule
  const needs = approval === undefined ? describeCondition(when ?? []) : exactly(describeApprovalClause(approval))
  return join([exactly('require'), needs, exactly('for'), describeScope(rule)], ' ')
}

/** `limit rate 600 per minute for * on ** each agent`. */
export function describeGuardrailLimit(rule: GuardrailLimitModel): Phrase {
  const each = rule.per === undefined ? [] : [exactly(`each ${rule.per}`)]
  return join([exactly(`limit ${describeLimit(rule.limit)} for`), describeScope(rule), ...each], ' ')
}

/** `read, write on mcp:wiki:**`. */
export function describeScope({ actions, patterns, automata = [] }: ScopeModel): Phrase {
  const names = actions === undefined ? '*' : actions.map(nameText).join(', ')
  const texts = [
    ...patterns.map((pattern) => exactly(formatPattern(pattern))),
    ...automata.map((dfa): Phrase => {
      const pattern = patternOfLanguage(dfa)
      if (pattern !== undefined) return exactly(formatPattern(pattern))
      return { text: `a pattern of ${dfa.stateCount} states, whose text is not known`, isExact: false }
    }),
  ]
  const resources = texts.length === 0 ? exactly('nothing') : join(texts, ', ')
  return { ...resources, text: `${names} on ${resources.text}` }
}

function whenClause(when: readonly AtomModel[] | undefined): readonly Phrase[] {
  return when === undefined || when.length === 0 ? [] : [exactly('when'), describeCondition(when)]
}

/** `ip in cidr [10.0.0.0/8] and not trust <= 5`. */
export function describeCondition(atoms: readonly AtomModel[]): Phrase {
  return join(atoms.map(describeAtom), ' and ')
}

function describeAtom(atom: AtomModel): Phrase {
  const plain = plainAtom(atom)
  return atom.negated ? { ...plain, text: `not ${plain.text}` } : plain
}

function plainAtom(atom: AtomModel): Phrase {
  switch (atom.kind) {
    case 'ip-in':
      return exactly(`ip in cidr [${networksOf(atom.ranges, 256).join(', ')}]`)
    case 'time-in':
      return exactly(`time in hours ${describeHours(atom.ranges).join(', ')}`)
    case 'number':
      return exactly(`${atom.root} ${atom.operator} ${formatDecimal(atom.units)}`)
    case 'agent-type':
      return exactly(`agent.type in [${atom.types.join(', ')}]`)
    case 'agent-owner':
      return exactly(`agent.owner in [${atom.owners.map(formatString).join(', ')}]`)
    case 'agent-owner-matches':
      return matches('agent.owner', atom.dfa)
    case 'args-only':
      return exactly(`args only [${atom.names.map(nameText).join(', ')}]`)
    case 'len':
      return exactly(`${formatPath('len', atom.path)} ${atom.operator} ${formatDecimal(atom.units)}`)
    case 'arg-ip-in':
      return exactly(`${formatPath('args', atom.path)} in cidr [${networksOf(atom.ranges, 256).join(', ')}]`)
    case 'arg-time-in':
      return exactly(`${formatPath('args', atom.path)} in hours ${describeHours(atom.ranges).join(', ')}`)
    case 'arg-matches':
      return matches(formatPath('args', atom.path), atom.dfa)
    case 'arg-strings':
      return exactly(`${formatPath('args', atom.path)} in [${atom.values.map(formatString).join(', ')}]`)
    case 'arg-number':
      return exactly(`${formatPath('args', atom.path)} ${atom.operator} ${formatDecimal(atom.units)}`)
    case 'arg-numbers':
      return exactly(`${formatPath('args', atom.path)} in [${atom.values.map(formatDecimal).join(', ')}]`)
    case 'arg-boolean':
      return exactly(`${formatPath('args', atom.path)} in [${atom.values.join(', ')}]`)
  }
}

function matches(path: string, { stateCount }: Dfa): Phrase {
  return { text: `${path} matches a regex of ${stateCount} states, whose text is not known`, isExact: false }
}

/** `rate 3 per minute, 20 per day each resource`, `budget 2 USD per day throttle at 80% to 6 per minute`. */
export function describeLimit(limit: LimitModel): string {
  if (limit.kind === 'rate') {
    const windows = limit.windows.map(({ count, window }) => `${count} per ${window}`)
    return `rate ${windows.join(', ')}${limit.each === undefined ? '' : ` each ${limit.each}`}`
  }
  const windows = limit.windows.map(({ capNanoUsd, window }) => `${formatDecimal(capNanoUsd)} USD per ${window}`)
  const { throttle } = limit
  const pace =
    throttle === undefined ? '' : ` throttle at ${throttle.percent}% to ${throttle.count} per ${throttle.window}`
  return `budget ${windows.join(', ')}${pace}`
}

/** `approval by "role:finance" within 1h`. */
export function describeApprovalClause({ by, withinMs }: ApprovalModel): string {
  const who = by === undefined ? '' : ` by ${formatString(by)}`
  return `approval${who}${withinMs === undefined ? '' : ` within ${formatDuration(withinMs)}`}`
}

/** An action or argument name: plain where the grammar reads it as a name, else a string. */
export function nameText(name: string): string {
  return /^[A-Za-z_]\w*(-[A-Za-z0-9_]+)*$/.test(name) ? name : formatString(name)
}

/** `args.file.path`. */
export function formatPath(root: 'args' | 'len', path: readonly string[]): string {
  return [root, ...path.map(nameText)].join('.')
}
