/** What to say of a decision to the administrator, who learns what decided; `callerText` says it to the caller. */
import { formatDecimal } from '../model/index.ts'
import { describeForbid, describeGrant, describeGuardrailLimit, describeRequire } from './describe-rule.ts'
import type { RequestExplanation } from './explain.ts'
import type { HopDelegation, Member } from './explain-chain.ts'
import { isRecord } from './explain-request.ts'
import type { AtomJudged, FactorExplained, GuardExplained } from './explain-rules.ts'

export interface AdministratorOptions {
  /** How a rule is named: `policy/a.kavach:12`. */
  readonly showRule?: (id: number) => string
}

/** What decided, in full: rules, conditions and values. Sentences, one a line. */
export function administratorText(explained: RequestExplanation, options: AdministratorOptions = {}): string {
  const { showRule = (id: number) => `rule ${id}` } = options
  const short = explained.isCutShort
    ? ['The rules were not judged one by one: that takes more work than the budget.']
    : []
  return [...decided(explained, showRule), ...standing(explained, showRule), ...short].join('\n')
}

type ShowRule = (id: number) => string

function decided(explained: RequestExplanation, showRule: ShowRule): readonly string[] {
  const { decision, fault, chain, factors, guards, meters } = explained
  const { reason } = decision
  const members = chain?.members ?? []
  switch (reason) {
    case 'allowed':
    case 'throttled':
      return [
        ...chosenGrants(explained, showRule),
        ...(reason === 'throttled'
          ? ['A budget is past its threshold, so calls are paced.', ...meterLines(meters)]
          : []),
      ]
    case 'invalid-request':
      return [`This is no request: ${fault ?? 'it cannot be read'}.`]
    case 'agent-unknown':
      return membersWith(members, 'unknown', 'is declared by no policy and was not made at run time')
    case 'agent-revoked':
      return membersWith(members, 'revoked', 'is revoked')
    case 'agent-suspended':
      return membersWith(members, 'suspended', 'is suspended')
    case 'agent-expired':
      return members
        .filter(({ status }) => status === 'expired')
        .map(({ name, expiresAt }) => `\`${name}\` expires at ${instantText(expiresAt)}, and ${nowText(explained)}.`)
    case 'delegation-expired':
    case 'delegation-revoked':
    case 'delegation-depth':
      return [...hopLines(explained), ...depthLines(explained)]
    case 'forbidden':
      return guards.filter(({ denies }) => denies.length > 0).map((guard) => guardLine(guard, showRule))
    case 'no-grant':
    case 'ip-not-allowed':
    case 'outside-hours':
    case 'arg-mismatch':
    case 'unexpected-arg':
    case 'trust-too-low':
    case 'cost-too-high':
      return [
        ...factors
          .filter(({ isSatisfied }) => !isSatisfied)
          .flatMap((factor) => missLines(factor, explained, showRule)),
        ...guards.filter(({ denies }) => denies.length > 0).map((guard) => guardLine(guard, showRule)),
      ]
    case 'approval-required':
      return [
        ...factors.flatMap(({ candidates }) =>
          candidates
            .filter(({ failed, approval }) => failed.length === 0 && approval?.isGiven === false)
            .map(({ grant }) => `${showRule(grant.id)}: \`${describeGrant(grant).text}\`; that approval is not given.`),
        ),
        ...guards.filter(({ approval }) => approval?.isGiven === false).map((guard) => guardLine(guard, showRule)),
      ]
    case 'rate-limited':
    case 'budget-exhausted':
      return [
        ...chosenGrants(explained, showRule),
        ...meterLines(meters),
        ...(decision.retryAfter === undefined
          ? ['Waiting does not help.']
          : [`All of them let the call through in ${decision.retryAfter} seconds.`]),
      ]
    case 'stale-policy':
      return [
        'The host asked for a newer generation of the policy, or this one is outside the time in which it is valid.',
      ]
    case 'engine-fault':
      return ['The engine failed, and denies.']
    case 'meters-required':
      return ['The decision depends on meters that were not read.', ...meterLines(meters)]
  }
}

/** What else is in the way: causes behind the one that became the reason. */
function standing(explained: RequestExplanation, showRule: ShowRule): readonly string[] {
  const { decision, guards, factors } = explained
  if (decision.allowed) return []
  const others: string[] = []
  if (decision.reason === 'forbidden') {
    for (const factor of factors) {
      if (!factor.isSatisfied && factor.isRequired) others.push(...missLines(factor, explained, showRule))
    }
  } else {
    for (const guard of guards) {
      const isSaid = guard.kind === 'require' && decision.decision === 'deny'
      if (guard.denies.length > 0 && !isSaid && decision.reason !== 'approval-required')
        others.push(guardLine(guard, showRule))
    }
  }
  return others.map((line) => `Besides: ${line}`)
}

function membersWith(members: readonly Member[], status: Member['status'], says: string): readonly string[] {
  return members.filter((member) => member.status === status).map(({ name }) => `\`${name}\` ${says}.`)
}

function chosenGrants({ decision, factors }: RequestExplanation, showRule: ShowRule): readonly string[] {
  const ids = decision.charged ?? (decision.grant === undefined ? [] : [decision.grant])
  const grants = factors.flatMap(({ candidates }) => candidates)
  return ids.map((id) => {
    if (id < 0) return 'A grant made at run time was used.'
    const grant = grants.find((candidate) => candidate.origin === 'policy' && candidate.grant.id === id)?.grant
    return `${showRule(id)}: ${grant === undefined ? 'a grant' : `\`${describeGrant(grant).text}\``} was used.`
  })
}

function missLines(
  { kind, holder, from, nearest, candidates, others }: FactorExplained,
  explained: RequestExplanation,
  showRule: ShowRule,
): readonly string[] {
  const who =
    kind === 'own'
      ? `\`${holder.name}\` itself`
      : kind === 'hop'
        ? `the delegation ${from} -> ${holder.name}`
        : `the boundary around \`${holder.name}\``
  if (nearest !== undefined) {
    const missed = nearest.atoms.filter(({ value }) => value !== 'true').map((atom) => atomText(atom, explained))
    const name = nearest.origin === 'policy' ? showRule(nearest.grant.id) : 'a grant made at run time'
    return [`Of ${who}, the nearest grant is ${name}: ${missed.join(', and ')}.`]
  }
  const isForOthers = candidates.some(({ failed }) => failed.includes('agent'))
  if (isForOthers) return [`Of ${who}, the grants for this are for agents of another type or owner.`]
  const [near] = others
  const hint =
    near === undefined || near.id < 0 ? '' : ` The nearest is ${showRule(near.id)}: \`${describeGrant(near).text}\`.`
  return [`Of ${who}, no grant is for this action on this resource.${hint}`]
}

function guardLine(guard: GuardExplained, showRule: ShowRule): string {
  const { rule, kind, denies, when, unless } = guard
  const text = ruleText(guard)
  const open =
    kind === 'forbid' ? unless.filter(({ value }) => value !== 'true') : when.filter(({ value }) => value !== 'true')
  const why = open.map(({ text: atom, value }) => `${atom} is ${value}`).join(', ')
  const whom = denies.length === 0 ? '' : ` denies ${denies.map((name) => `\`${name}\``).join(', ')}`
  return `${showRule(rule.id)}: \`${text}\`${whom}${why === '' ? '' : `: ${why}`}.`
}

function ruleText({ rule, kind, approval }: GuardExplained): string {
  if ('limit' in rule) return describeGuardrailLimit(rule).text
  if (kind === 'forbid') return describeForbid(rule).text
  if (approval !== undefined) return describeRequire({ ...rule, approval }).text
  return describeRequire(rule).text
}

function atomText({ text, value, atom }: AtomJudged, explained: RequestExplanation): string {
  return `${text} is ${value}${value === 'unknown' ? '' : ` (${factText(atom, explained)})`}`
}

/** What the request says of the fact that a condition asks about. */
function factText(atom: AtomJudged['atom'], { request }: RequestExplanation): string {
  const members = isRecord(request) ? request : {}
  switch (atom.kind) {
    case 'ip-in':
      return `ip is ${JSON.stringify(members.ip)}`
    case 'time-in':
      return `now is ${JSON.stringify(members.now)}`
    case 'number':
      return `${atom.root} is ${JSON.stringify(members[atom.root])}`
    case 'args-only':
      return `there are ${isRecord(members.args) ? Object.keys(members.args).join(', ') : 'no arguments'}`
    case 'agent-type':
    case 'agent-owner':
    case 'agent-owner-matches':
      return 'of this agent'
    default: {
      let value: unknown = members.args
      for (const name of atom.path) value = isRecord(value) ? value[name] : undefined
      const text = JSON.stringify(value) ?? 'nothing'
      return `it is ${text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text}`
    }
  }
}

const MOST_SHOWN = 60

function hopLines({ chain }: RequestExplanation): readonly string[] {
  return (chain?.hops ?? []).flatMap(({ from, to, delegations }) =>
    delegations.flatMap((delegation) => faultLine(`The delegation ${from} -> ${to}`, delegation)),
  )
}

function faultLine(which: string, { fault, expiresAt, depth }: HopDelegation): readonly string[] {
  switch (fault) {
    case 'expired':
      return [
        expiresAt === 'unknown'
          ? `${which} expires some time after it was opened, and \`since\` is not known.`
          : `${which} expires at ${instantText(expiresAt)}.`,
      ]
    case 'revoked':
      return [`${which} is revoked.`]
    case 'depth':
      return [`${which} has depth ${depth}, which is too little for this chain.`]
    default:
      return []
  }
}

function depthLines({ chain }: RequestExplanation): readonly string[] {
  if (chain?.isTooLong === true) return ['The chain has more than 5 hops.']
  return (chain?.depthFaults ?? []).map(
    ({ name, needed, has }) => `\`${name}\` may delegate depth ${has}, and this chain needs depth ${needed}.`,
  )
}

function meterLines(meters: RequestExplanation['meters']): readonly string[] {
  return meters.map(({ key, window, limit, unit, reading }) => {
    const most = unit === 'calls' ? `${limit} calls` : `${formatDecimal(BigInt(limit))} USD`
    return `The meter ${key} reads ${reading} of ${most} a ${window}.`
  })
}

const MAX_DATE = 8.64e15

function instantText(ms: number | undefined): string {
  if (ms === undefined) return 'no time'
  return ms <= MAX_DATE ? new Date(ms).toISOString() : String(ms)
}

function nowText({ request }: RequestExplanation): string {
  const now = isRecord(request) ? request.now : undefined
  return now === undefined || now === null ? '`now` is not known' : `\`now\` is ${JSON.stringify(now)}`
}
