/** One of the two policies of a comparison, with the keys of its parts. */
import { asksAboutSubject, type Subject, type Universe, type WitnessHints } from '../algebra/index.ts'
import {
  type AgentModel,
  type DelegationModel,
  type ForbidModel,
  type GuardrailLimitModel,
  heldGrants,
  type PolicyModel,
  type RequireModel,
} from '../model/index.ts'
import { createGuardrails, type Guardrails } from './access.ts'
import {
  type ChainFactor,
  type ChainPrincipal,
  type Chains,
  createChains,
  type FactorGrant,
  subjectOf,
} from './chain.ts'
import type { Replayer } from './counterexample.ts'
import { grantKey, guardKey, payKey } from './diff-key.ts'
import { createPartReplayers } from './diff-replay.ts'
import { groupBy } from './group.ts'
import type { PolicyUnderAnalysis } from './subject.ts'

/** A guardrail and what kind it is, which its members alone do not say. */
export type Guard =
  | { readonly kind: 'forbid'; readonly rule: ForbidModel }
  | { readonly kind: 'require'; readonly rule: RequireModel }
  | { readonly kind: 'limit'; readonly rule: GuardrailLimitModel }

function guardsOf({ forbids, requires, limits }: PolicyModel): readonly Guard[] {
  return [
    ...forbids.map((rule) => ({ kind: 'forbid', rule }) as const),
    ...requires.map((rule) => ({ kind: 'require', rule }) as const),
    ...limits.map((rule) => ({ kind: 'limit', rule }) as const),
  ]
}

export interface Side {
  readonly model: PolicyModel
  readonly agents: ReadonlyMap<string, AgentModel>
  readonly chains: Chains
  readonly guardrails: Guardrails
  /** An engine that decides requests of the chain of these names. */
  readonly replayerOf: (names: readonly string[]) => Replayer
  readonly hints: WitnessHints
  /** Every guardrail by its key. */
  readonly guards: ReadonlyMap<string, readonly Guard[]>
  /** Everything that an agent brings into a chain that begins with it; `undefined` for a name that is not declared. */
  readonly rootKey: (name: string) => string | undefined
  /** What it brings into a chain as a receiver. */
  readonly receiverKey: (name: string) => string | undefined
  /** Keys of an agent's own grants, its roles included. */
  readonly ownGrants: (name: string) => ReadonlySet<string>
  /** Delegations by `pairName`, and the keys of what each gives. */
  readonly pairs: ReadonlyMap<string, readonly DelegationModel[]>
  readonly pairGrants: (pair: string) => ReadonlySet<string>
  readonly boundaryKey: string
  readonly boundaryGrants: ReadonlySet<string>
}

/** Whom the keys tell apart. */
export interface Telling {
  readonly types: boolean
  readonly owners: boolean
}

/** What the rules of the policies ask about their subjects. */
export function tellingOf(models: readonly PolicyModel[]): Telling {
  const telling = { types: false, owners: false }
  for (const model of models) {
    const holders = [...model.agents, ...model.roles, ...model.delegations, ...(model.boundary ? [model.boundary] : [])]
    const rules = [...holders.flatMap(({ grants }) => grants), ...model.forbids, ...model.requires]
    for (const rule of rules) {
      const unless = 'unless' in rule ? rule.unless : undefined
      for (const atom of [...(rule.when ?? []), ...(unless ?? [])]) {
        if (atom.kind === 'agent-type') telling.types = true
        else if (asksAboutSubject(atom)) telling.owners = true
      }
    }
  }
  return telling
}

export function createSide(
  { model, replayer, hints }: PolicyUnderAnalysis,
  universe: Universe,
  telling: Telling,
): Side {
  const agents = new Map(model.agents.map((agent) => [agent.name, agent]))
  const own = memo((name: string) => {
    const agent = agents.get(name)
    return new Set(agent === undefined ? [] : ownKeys(model, agent))
  })
  const pairs = groupPairs(model.delegations)
  const boundary = model.boundary
  const boundaryGrants = new Set((boundary?.grants ?? []).map(grantKey))
  const receiver = (agent: AgentModel): string =>
    `${subjectText(subjectOf(agent), telling)} ${agent.expiresAt ?? ''} ${payKey(agent.limits)} ${agent.mayDelegate ?? ''}`
  return {
    model,
    agents,
    chains: createChains(model, (cost) => universe.budget.spend(cost)),
    guardrails: createGuardrails(model, universe),
    replayerOf: createPartReplayers(model, replayer),
    hints,
    guards: groupBy(guardsOf(model), guardKey),
    rootKey: memo((name: string) => {
      const agent = agents.get(name)
      return agent && `${receiver(agent)} ${[...own(name)].sort().join(' ')}`
    }),
    receiverKey: (name) => {
      const agent = agents.get(name)
      return agent && receiver(agent)
    },
    ownGrants: own,
    pairs,
    pairGrants: memo((pair: string) => {
      const delegations = pairs.get(pair) ?? []
      return new Set(delegations.flatMap((delegation) => delegation.grants.map((grant) => givenKey(grant, delegation))))
    }),
    boundaryKey:
      boundary === undefined
        ? ''
        : `${[...boundaryGrants].sort().join(' ')} ${payKey(boundary.limits)} ${boundary.mayDelegate ?? 0}`,
    boundaryGrants,
  }
}

/** The keys of an agent's own grants. */
function ownKeys(model: PolicyModel, agent: AgentModel): readonly string[] {
  return heldGrants(model, agent).map(grantKey)
}

export function pairName(from: string, to: string): string {
  return `${from}:${to}`
}

function groupPairs(delegations: readonly DelegationModel[]): ReadonlyMap<string, readonly DelegationModel[]> {
  return groupBy(delegations, ({ from, to }) => pairName(from, to))
}

function givenKey(
  grant: DelegationModel['grants'][number],
  { limits, expiresAt, expiresIn }: Pick<DelegationModel, 'limits' | 'expiresAt' | 'expiresIn'>,
): string {
  return `${grantKey(grant)} ${payKey(limits)} ${expiresAt ?? ''} ${expiresIn !== undefined}`
}

/** What a delegation comes to, depth and revocation included. */
export function delegationKey(delegation: DelegationModel): string {
  const grants = delegation.grants.map((grant) => givenKey(grant, delegation)).sort()
  const isVoid = delegation.revoked === true || delegation.expiresIn === 0
  return JSON.stringify([grants, delegation.depth ?? 0, isVoid])
}

/** The key of a grant in its factor. */
export function factorGrantKey({ grant, limits, expiresAt, needsNow }: FactorGrant): string {
  return `${grantKey(grant)} ${payKey(limits)} ${expiresAt ?? ''} ${needsNow}`
}

export function factorKeys({ grants }: ChainFactor): ReadonlySet<string> {
  return new Set(grants.map(factorGrantKey))
}

/** What a principal brings into its chain, its grants apart. */
export function principalKey({ subject, expiresAt, limits, isRuntime }: ChainPrincipal, telling: Telling): string {
  return `${isRuntime} ${subjectText(subject, telling)} ${expiresAt ?? ''} ${payKey(limits)}`
}

/** Whom a principal is to the rules, as far as one of them asks. */
export function subjectText(subject: Subject, { types, owners }: Telling): string {
  if (subject.kind === 'any') return types || owners ? `any ${subject.place}` : ''
  return JSON.stringify([types ? subject.type : 0, owners ? (subject.owner ?? 0) : 0])
}

function memo<T>(compute: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>()
  return (name) => {
    if (known.has(name)) return known.get(name) as T // has() says that it was computed
    const value = compute(name)
    known.set(name, value)
    return value
  }
}
