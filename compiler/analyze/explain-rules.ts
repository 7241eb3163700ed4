/** The rules that a request meets, each condition judged: what grants, what comes near, and what the guardrails say. */
import { acceptsResource, type Universe } from '../algebra/index.ts'
import type {
  ApprovalModel,
  AtomModel,
  ForbidModel,
  GrantModel,
  GuardrailLimitModel,
  PolicyModel,
  RequireModel,
  ScopeModel,
} from '../model/index.ts'
import { describeCondition } from './describe-rule.ts'
import type { HopDelegation, Member, RequestChain } from './explain-chain.ts'
import type { RequestPoint } from './explain-point.ts'
import type { RequestFacts } from './explain-request.ts'

/** Kinds of condition in the order in which one of them becomes the reason. `agent`: the rule does not apply. */
export type ConditionKind = (typeof KINDS)[number]

const KINDS = [
  'agent',
  'ip-not-allowed',
  'outside-hours',
  'arg-mismatch',
  'unexpected-arg',
  'trust-too-low',
  'cost-too-high',
] as const

export interface AtomJudged {
  readonly atom: AtomModel
  readonly kind: ConditionKind
  /** As policy text; a regex has none. */
  readonly text: string
  readonly value: 'true' | 'false' | 'unknown'
}

export interface CandidateExplained {
  readonly grant: GrantModel
  readonly origin: 'policy' | 'run time'
  /** For a hop: its delegation, in the order of `RequestChain.hops`. */
  readonly delegation: HopDelegation | undefined
  readonly atoms: readonly AtomJudged[]
  /** Kinds that are not true; none when the grant is satisfied. */
  readonly failed: readonly ConditionKind[]
  readonly approval: ApprovalJudged | undefined
}

export interface ApprovalJudged extends ApprovalModel {
  readonly isGiven: boolean
}

export interface FactorExplained {
  readonly kind: 'own' | 'hop' | 'boundary'
  /** Who holds it: the root, the receiver of the hop, the one in the boundary. */
  readonly holder: Member
  /** The giver of a hop. */
  readonly from: string | undefined
  /** Grants for this action on this resource, the policy's first. */
  readonly candidates: readonly CandidateExplained[]
  readonly isSatisfied: boolean
  /** `false` for the boundary of a hop that a delegation of the policy serves as well. */
  readonly isRequired: boolean
  /** Of an unsatisfied factor, the applicable grant with the fewest failing kinds. */
  readonly nearest: CandidateExplained | undefined
  /** Grants for another action or resource, those nearest to this one first, where none is for both. */
  readonly others: readonly GrantModel[]
}

export interface GuardExplained {
  readonly rule: ForbidModel | RequireModel | GuardrailLimitModel
  readonly kind: 'forbid' | 'require' | 'limit'
  /** Of those whom it denies; empty when it lets the request through. */
  readonly denies: readonly string[]
  readonly when: readonly AtomJudged[]
  readonly unless: readonly AtomJudged[]
  readonly approval: ApprovalJudged | undefined
}

export interface RuleJudge {
  readonly factors: (chain: RequestChain, model: PolicyModel) => readonly FactorExplained[]
  readonly guards: (chain: RequestChain, model: PolicyModel) => readonly GuardExplained[]
}

/** Judges the rules of one request. */
export function createRuleJudge(point: RequestPoint, facts: RequestFacts, universe: Universe): RuleJudge {
  const isOn = (scope: ScopeModel): boolean => acceptsResource(scope, facts.resource, universe)
  const isFor = (scope: ScopeModel): boolean => scope.actions?.includes(facts.action) ?? true
  const judge = (atoms: readonly AtomModel[], { subject }: Member): readonly AtomJudged[] =>
    atoms.map((atom) => ({
      atom,
      kind: kindOfAtom(atom),
      text: describeCondition([atom]).text,
      value: point.judge(atom, subject),
    }))
  const approvalOf = (approval: ApprovalModel | undefined): ApprovalJudged | undefined =>
    approval && { ...approval, isGiven: isApproved(approval, facts) }

  const toCandidate = (
    grant: GrantModel,
    holder: Member,
    origin: CandidateExplained['origin'],
    delegation: HopDelegation | undefined,
  ): CandidateExplained => {
    const atoms = judge(grant.when ?? [], holder)
    return { grant, origin, delegation, atoms, failed: failedKinds(atoms), approval: approvalOf(grant.approval) }
  }

  const toFactor = (
    parts: Pick<FactorExplained, 'kind' | 'holder' | 'from'>,
    held: readonly {
      readonly grant: GrantModel
      readonly origin: 'policy' | 'run time'
      readonly by?: HopDelegation
    }[],
  ): FactorExplained => {
    const usable = held.filter(({ by }) => by?.fault === undefined)
    const matching = held.filter(({ grant }) => isFor(grant) && isOn(grant))
    const candidates = matching.map(({ grant, origin, by }) => toCandidate(grant, parts.holder, origin, by))
    const alive = candidates.filter(({ delegation }) => delegation?.fault === undefined)
    const isSatisfied = alive.some(({ failed }) => failed.length === 0)
    const others = alive.length > 0 ? [] : usable.map(({ grant }) => grant)
    return {
      ...parts,
      candidates,
      isSatisfied,
      isRequired: true,
      nearest: isSatisfied ? undefined : nearestOf(alive),
      others: [...others].sort((a, b) => distance(a) - distance(b) || a.id - b.id).slice(0, 3),
    }
  }

  /** Grants for this action, or on this resource, before those for neither. */
  const distance = (grant: GrantModel): number => (isOn(grant) ? 0 : 1) + (isFor(grant) ? 0 : 1)

  return {
    factors: ({ members, hops }, model) => {
      const [root] = members
      if (root === undefined) return []
      const origin = root.origin === 'run time' ? 'run time' : 'policy'
      const own = toFactor(
        { kind: 'own', holder: root, from: undefined },
        root.grants.map((grant) => ({ grant, origin })),
      )
      const received = hops.flatMap(({ from, delegations }, index) => {
        const holder = members[index + 1]
        if (holder === undefined) return []
        const held = delegations.flatMap((by) => by.grants.map((grant) => ({ grant, origin: by.origin, by })))
        return [toFactor({ kind: 'hop', holder, from }, held)]
      })
      const bounded = members.flatMap((holder): readonly FactorExplained[] => {
        const hop = received.find((factor) => factor.holder === holder)
        if (holder.origin !== 'run time' && !isGivenAtRunTime(hop)) return []
        const factor = toFactor(
          { kind: 'boundary', holder, from: undefined },
          (model.boundary?.grants ?? []).map((grant) => ({ grant, origin: 'policy' })),
        )
        return [{ ...factor, isRequired: holder.origin === 'run time' || !isGivenByPolicy(hop) }]
      })
      return [own, ...received, ...bounded]
    },
    guards: ({ members }, model) => [
      ...model.forbids.filter((rule) => isFor(rule) && isOn(rule)).map((rule) => judgeForbid(rule, members, judge)),
      ...model.requires
        .filter((rule) => isFor(rule) && isOn(rule))
        .map((rule) => judgeRequire(rule, members, judge, approvalOf(rule.approval))),
      ...model.limits
        .filter((rule) => isFor(rule) && isOn(rule))
        .map(
          (rule): GuardExplained => ({
            rule,
            kind: 'limit',
            denies: [],
            when: [],
            unless: [],
            approval: undefined,
          }),
        ),
    ],
  }
}

/** What is made at run time lives in the boundary: an agent, and what it is given. */
function isGivenAtRunTime(hop: FactorExplained | undefined): boolean {
  return hop?.candidates.some((candidate) => candidate.origin === 'run time' && isUsable(candidate)) ?? false
}

function isGivenByPolicy(hop: FactorExplained | undefined): boolean {
  return hop?.candidates.some((candidate) => candidate.origin === 'policy' && isUsable(candidate)) ?? false
}

function isUsable({ delegation, failed }: CandidateExplained): boolean {
  return delegation?.fault === undefined && failed.length === 0
}

type Judge = (atoms: readonly AtomModel[], member: Member) => readonly AtomJudged[]

function judgeForbid(rule: ForbidModel, members: readonly Member[], judge: Judge): GuardExplained {
  const judged = members.map((member) => {
    const when = judge(rule.when ?? [], member)
    const unless = judge(rule.unless ?? [], member)
    const isMet = when.every(({ value }) => value !== 'false')
    const isExcused = rule.unless !== undefined && unless.every(({ value }) => value === 'true')
    return { member, when, unless, isDenied: isMet && !isExcused }
  })
  const shown = judged.find(({ isDenied }) => isDenied) ?? judged.at(-1)
  return {
    rule,
    kind: 'forbid',
    denies: judged.filter(({ isDenied }) => isDenied).map(({ member }) => member.name),
    when: shown?.when ?? [],
    unless: shown?.unless ?? [],
    approval: undefined,
  }
}

function judgeRequire(
  rule: RequireModel,
  members: readonly Member[],
  judge: Judge,
  approval: ApprovalJudged | undefined,
): GuardExplained {
  const judged = members.map((member) => {
    const when = judge(rule.when ?? [], member)
    const isMet = when.every(({ value }) => value === 'true')
    return { member, when, isDenied: !isMet || approval?.isGiven === false }
  })
  const shown = judged.find(({ isDenied }) => isDenied) ?? judged.at(-1)
  return {
    rule,
    kind: 'require',
    denies: judged.filter(({ isDenied }) => isDenied).map(({ member }) => member.name),
    when: shown?.when ?? [],
    unless: [],
    approval,
  }
}

function isApproved({ by, withinMs }: ApprovalModel, { approvedBy, approvedAt, now }: RequestFacts): boolean {
  if (by === undefined ? approvedBy.length === 0 : !approvedBy.includes(by)) return false
  if (withinMs === undefined || approvedAt === 'absent') return true
  return approvedAt !== 'unreadable' && now !== undefined && now < approvedAt + withinMs
}

/** The reason that a failing atom gives; `agent` where it means that a grant does not apply. */
export function kindOfAtom(atom: AtomModel): ConditionKind {
  switch (atom.kind) {
    case 'agent-type':
    case 'agent-owner':
    case 'agent-owner-matches':
      return 'agent'
    case 'ip-in':
      return 'ip-not-allowed'
    case 'time-in':
      return 'outside-hours'
    case 'args-only':
      return 'unexpected-arg'
    case 'number':
      return atom.root === 'trust' ? 'trust-too-low' : 'cost-too-high'
    case 'len':
    case 'arg-ip-in':
    case 'arg-time-in':
    case 'arg-matches':
    case 'arg-strings':
    case 'arg-number':
    case 'arg-numbers':
    case 'arg-boolean':
      return 'arg-mismatch'
  }
}

function failedKinds(atoms: readonly AtomJudged[]): readonly ConditionKind[] {
  const failed = new Set(atoms.filter(({ value }) => value !== 'true').map(({ kind }) => kind))
  // A grant that does not apply says nothing about its other conditions.
  return failed.has('agent') ? ['agent'] : KINDS.filter((kind) => failed.has(kind))
}

function nearestOf(candidates: readonly CandidateExplained[]): CandidateExplained | undefined {
  let nearest: CandidateExplained | undefined
  for (const candidate of [...candidates].sort(byOrigin)) {
    if (candidate.failed.includes('agent')) continue
    if (nearest === undefined || candidate.failed.length < nearest.failed.length) nearest = candidate
  }
  return nearest
}

function byOrigin(a: CandidateExplained, b: CandidateExplained): number {
  const rank = ({ origin }: CandidateExplained): number => (origin === 'policy' ? 0 : 1)
  return rank(a) - rank(b) || a.grant.id - b.grant.id
}
