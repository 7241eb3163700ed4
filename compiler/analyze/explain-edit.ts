/**
 * The smallest edits of a policy that would open a request: a grant where none is held, an action or a pattern more, a
 * delegation that is missing or too shallow, an exception to a `forbid`.
 *
 * An edit is made on the model, and the engine must then allow the request, or ask no more than an approval or a pause.
 * What else it would open is said, as a scope.
 */

import type { Decision } from '../../engine-wasm/host/index.ts'
import { acceptsResource, type Universe } from '../algebra/index.ts'
import {
  type AgentModel,
  type AtomModel,
  type DelegationModel,
  type ForbidModel,
  formatPattern,
  type GrantModel,
  isName,
  type PatternLiteral,
  type PolicyModel,
} from '../model/index.ts'
import { describeForbid, describeGrant, describeScope, nameText } from './describe-rule.ts'
import type { RequestChain } from './explain-chain.ts'
import type { RequestPoint } from './explain-point.ts'
import { isRecord, isText, type RequestFacts } from './explain-request.ts'
import type { FactorExplained, GuardExplained } from './explain-rules.ts'

/** One change of the policy. Text stands for itself: the place is looked for by `placeEdit`. */
export type PolicyEdit =
  | { readonly kind: 'add-grant'; readonly to: GrantPlace; readonly grant: GrantModel; readonly text: string }
  | { readonly kind: 'add-action'; readonly grant: number; readonly action: string }
  | { readonly kind: 'add-pattern'; readonly grant: number; readonly pattern: string }
  | { readonly kind: 'add-delegation'; readonly delegation: DelegationModel; readonly text: string }
  | { readonly kind: 'set-depth'; readonly from: string; readonly to: string; readonly depth: number }
  | { readonly kind: 'set-may-delegate'; readonly of: GrantPlace; readonly depth: number }
  | {
      readonly kind: 'add-unless'
      readonly forbid: number
      readonly atoms: readonly AtomModel[]
      readonly text: string
    }

/** Whose grants they are. */
export type GrantPlace =
  | { readonly kind: 'agent'; readonly name: string }
  | { readonly kind: 'delegation'; readonly from: string; readonly to: string }
  | { readonly kind: 'boundary' }

export interface EditSuggestion {
  /** All of them are needed. */
  readonly edits: readonly PolicyEdit[]
  /** The engine's decision with the edits made. */
  readonly decision: Decision
  /** What the edits open besides this request, in words; empty when only this action on this resource. */
  readonly alsoOpens: readonly string[]
}

export interface EditQuestion {
  readonly model: PolicyModel
  readonly chain: RequestChain
  readonly facts: RequestFacts
  readonly point: RequestPoint
  readonly factors: readonly FactorExplained[]
  readonly guards: readonly GuardExplained[]
  /** The engine's word on the request under another model. */
  readonly decideUnder: (model: PolicyModel) => Decision
  readonly universe: Universe
}

/** Edits that open the request, those that open least besides it first. Nothing for what no single rule keeps closed. */
export function suggestEdits(question: EditQuestion): readonly EditSuggestion[] {
  const needed = [...depthEdits(question), ...factorEdits(question), ...forbidEdits(question)]
  if (needed.some((options) => options.length === 0)) return []
  const suggestions: EditSuggestion[] = []
  const most = Math.max(0, ...needed.map((options) => options.length))
  for (let index = 0; index < most; index++) {
    // Each fault has its options, the narrowest first; the last one stands for those that have fewer.
    const edits = needed.flatMap((options) => options[Math.min(index, options.length - 1)] ?? [])
    const edited = edits.reduce(applyEdit, question.model)
    const decision = question.decideUnder(edited)
    if (decision.decision !== 'deny') {
      suggestions.push({ edits, decision, alsoOpens: edits.flatMap((edit) => alsoOpens(edit, question)) })
    }
  }
  return suggestions.sort((a, b) => a.alsoOpens.length - b.alsoOpens.length)
}

/** The policy with the edit made. A rule that is added has an id of its own behind all others. */
export function applyEdit(model: PolicyModel, edit: PolicyEdit): PolicyModel {
  switch (edit.kind) {
    case 'add-grant':
      return withGrants(model, edit.to, (grants) => [...grants, { ...edit.grant, id: freshId(model) }])
    case 'add-action':
      return changeGrant(model, edit.grant, (grant) => ({
        ...grant,
        ...(grant.actions && { actions: [...grant.actions, edit.action] }),
      }))
    case 'add-pattern':
      return changeGrant(model, edit.grant, (grant) => ({
        ...grant,
        patterns: [...grant.patterns, literalPattern(edit.pattern)],
      }))
    case 'add-delegation': {
      const grants = edit.delegation.grants.map((grant) => ({ ...grant, id: freshId(model) }))
      return { ...model, delegations: [...model.delegations, { ...edit.delegation, grants }] }
    }
    case 'set-depth':
      return {
        ...model,
        delegations: model.delegations.map((one) =>
          one.from === edit.from && one.to === edit.to ? { ...one, depth: Math.max(one.depth ?? 0, edit.depth) } : one,
        ),
      }
    case 'set-may-delegate':
      return withMayDelegate(model, edit.of, edit.depth)
    case 'add-unless':
      return {
        ...model,
        forbids: model.forbids.map((rule) => (rule.id === edit.forbid ? { ...rule, unless: edit.atoms } : rule)),
      }
  }
}

function withGrants(
  model: PolicyModel,
  place: GrantPlace,
  change: (grants: readonly GrantModel[]) => readonly GrantModel[],
): PolicyModel {
  switch (place.kind) {
    case 'agent':
      return {
        ...model,
        agents: model.agents.map((agent) =>
          agent.name === place.name ? { ...agent, grants: change(agent.grants) } : agent,
        ),
      }
    case 'delegation': {
      // Of several delegations for one pair the first one is widened.
      const first = model.delegations.findIndex(({ from, to }) => from === place.from && to === place.to)
      return {
        ...model,
        delegations: model.delegations.map((one, index) =>
          index === first ? { ...one, grants: change(one.grants) } : one,
        ),
      }
    }
    case 'boundary':
      return model.boundary === undefined
        ? model
        : { ...model, boundary: { ...model.boundary, grants: change(model.boundary.grants) } }
  }
}

function changeGrant(model: PolicyModel, id: number, change: (grant: GrantModel) => GrantModel): PolicyModel {
  const each = <T extends { readonly grants: readonly GrantModel[] }>(holder: T): T =>
    holder.grants.some((grant) => grant.id === id)
      ? { ...holder, grants: holder.grants.map((grant) => (grant.id === id ? change(grant) : grant)) }
      : holder
  return {
    ...model,
    roles: model.roles.map(each),
    agents: model.agents.map(each),
    delegations: model.delegations.map(each),
    ...(model.boundary && { boundary: each(model.boundary) }),
  }
}

function withMayDelegate(model: PolicyModel, place: GrantPlace, depth: number): PolicyModel {
  if (place.kind === 'boundary') {
    return model.boundary === undefined ? model : { ...model, boundary: { ...model.boundary, mayDelegate: depth } }
  }
  const widen = (agent: AgentModel): AgentModel => ({ ...agent, mayDelegate: depth })
  return {
    ...model,
    agents: model.agents.map((agent) => (place.kind === 'agent' && agent.name === place.name ? widen(agent) : agent)),
  }
}

function freshId(model: PolicyModel): number {
  const holders = [...model.roles, ...model.agents, ...model.delegations, ...(model.boundary ? [model.boundary] : [])]
  const ids = holders.flatMap(({ grants }) => grants.map(({ id }) => id))
  for (const { id } of [...model.forbids, ...model.requires, ...model.limits]) ids.push(id)
  return ids.reduce((most, id) => Math.max(most, id), -1) + 1
}

type Options = readonly (readonly PolicyEdit[])[]

function depthEdits({ chain, model }: EditQuestion): readonly Options[] {
  const root = chain.depthFaults.map(({ name, needed }): Options => {
    const member = chain.members.find((one) => one.name === name)
    if (member?.origin === 'policy') return [[{ kind: 'set-may-delegate', of: { kind: 'agent', name }, depth: needed }]]
    const isBound = model.boundary !== undefined && (model.boundary.mayDelegate ?? 0) < needed
    return isBound ? [[{ kind: 'set-may-delegate', of: { kind: 'boundary' }, depth: needed }]] : []
  })
  const hops = chain.hops.flatMap(({ from, to, delegations }, index): readonly Options[] => {
    const isStuck = delegations.length > 0 && delegations.every(({ fault }) => fault !== undefined)
    if (!isStuck) return []
    const shallow = delegations.some(({ fault, origin }) => fault === 'depth' && origin === 'policy')
    return shallow ? [[[{ kind: 'set-depth', from, to, depth: chain.hops.length - index - 1 }]]] : [[]]
  })
  return [...root, ...hops]
}

function factorEdits(question: EditQuestion): readonly Options[] {
  const { chain, model } = question
  return question.factors
    .filter(({ isSatisfied, isRequired }) => !isSatisfied && isRequired)
    .flatMap((factor): readonly Options[] => {
      const place = placeOf(factor)
      // A delegated agent holds nothing of its own; what is held at run time is not in the policy.
      if (factor.kind === 'own' && (factor.holder.origin === 'run time' || factor.holder.type === 'delegated'))
        return [[]]
      if (place.kind === 'boundary' && model.boundary === undefined) return [[]]
      if (place.kind === 'delegation') {
        const hop = chain.hops.find(({ from, to }) => from === place.from && to === place.to)
        const declared = hop?.delegations.filter(({ origin }) => origin === 'policy') ?? []
        // What is wrong with the delegation itself is mended there.
        if (hop !== undefined && hop.delegations.length > 0 && declared.length === 0) return [[]]
        const isDeclared = [place.from, place.to].every((name) => model.agents.some((agent) => agent.name === name))
        if (!isDeclared) return [[]]
        if (hop !== undefined && declared.length === 0) return [delegationEdits(place, factor, question)]
        if (declared.every(({ fault }) => fault !== undefined)) return []
      }
      return [[...grantEdits(place, factor, question), ...widerEdits(factor, question)]]
    })
}

function placeOf({ kind, holder, from }: FactorExplained): GrantPlace {
  switch (kind) {
    case 'own':
      return { kind: 'agent', name: holder.name }
    case 'hop':
      return { kind: 'delegation', from: from ?? '', to: holder.name }
    case 'boundary':
      return { kind: 'boundary' }
  }
}

function grantEdits(to: GrantPlace, factor: FactorExplained, question: EditQuestion): Options {
  const grant = grantForRequest(factor, question)
  const { text, isExact } = describeGrant(grant)
  return isExact ? [[{ kind: 'add-grant', to, grant, text }]] : []
}

function delegationEdits(
  { from, to }: Extract<GrantPlace, { readonly kind: 'delegation' }>,
  factor: FactorExplained,
  question: EditQuestion,
): Options {
  const { hops } = question.chain
  const depth = hops.length - 1 - hops.findIndex((hop) => hop.from === from)
  const grant = grantForRequest(factor, question)
  const { text, isExact } = describeGrant(grant)
  if (!isExact) return []
  const members = [text, ...(depth > 0 ? [`depth ${depth}`] : [])]
  return [
    [
      {
        kind: 'add-delegation',
        delegation: { from, to, grants: [grant], ...(depth > 0 && { depth }) },
        text: `delegate ${from} -> ${to} {\n${members.map((line) => `  ${line}\n`).join('')}}`,
      },
    ],
  ]
}

/**
 * A grant of exactly this action on this resource, under the conditions that the request meets where others failed. What is
 * delegated restates the conditions and the approval under which the giver holds it.
 */
function grantForRequest(factor: FactorExplained, { facts, factors }: EditQuestion): GrantModel {
  const failed = factor.nearest?.atoms.filter(({ value }) => value !== 'true').map(({ atom }) => atom) ?? []
  const above = factor.kind === 'hop' ? factors.slice(0, factors.indexOf(factor)) : []
  const held = above.flatMap(({ candidates }) => candidates.filter((one) => one.failed.length === 0).slice(0, 1))
  const restated = held.flatMap(({ atoms }) => atoms.filter(({ kind }) => kind !== 'agent').map(({ atom }) => atom))
  const approval = held.find((candidate) => candidate.approval !== undefined)?.grant.approval
  const when = [...restated, ...conditionsOf(facts, failed)]
  return {
    id: 0,
    actions: [facts.action],
    patterns: [literalPattern(facts.resource)],
    ...(when.length > 0 && { when }),
    ...(approval && { approval }),
  }
}

/** What the request says of the facts that `atoms` ask about, as conditions; times and missing facts give none. */
function conditionsOf(facts: RequestFacts, atoms: readonly AtomModel[]): readonly AtomModel[] {
  const found = new Map<string, AtomModel>()
  for (const atom of atoms) {
    switch (atom.kind) {
      case 'ip-in':
        if (facts.ip !== undefined) {
          found.set('ip', { kind: 'ip-in', negated: false, ranges: [{ low: facts.ip, high: facts.ip }] })
        }
        break
      case 'number': {
        const units = unitsOfNumber(facts[atom.root])
        const operator = atom.root === 'trust' ? '>=' : '<='
        if (units !== undefined)
          found.set(atom.root, { kind: 'number', negated: false, root: atom.root, operator, units })
        break
      }
      case 'time-in':
      case 'args-only':
      case 'agent-type':
      case 'agent-owner':
      case 'agent-owner-matches':
        break
      default: {
        const equal = equalTo(atom.path, argumentAt(facts, atom.path))
        if (equal !== undefined) found.set(JSON.stringify(atom.path), equal)
      }
    }
  }
  return [...found.values()]
}

function equalTo(path: readonly string[], value: unknown): AtomModel | undefined {
  if (typeof value === 'string' && isWritable(value)) {
    return { kind: 'arg-strings', negated: false, path, values: [value] }
  }
  if (typeof value === 'boolean') return { kind: 'arg-boolean', negated: false, path, values: [value] }
  const units = typeof value === 'number' ? unitsOfNumber(value) : undefined
  return units === undefined ? undefined : { kind: 'arg-numbers', negated: false, path, values: [units] }
}

const MOST_WRITTEN = 200

/** Whether a text may stand in a policy, and a person would read it there. */
function isWritable(text: string): boolean {
  return isText(text) && text.normalize('NFC') === text && text.length <= MOST_WRITTEN && !/\p{C}/u.test(text)
}

/** In units of 10^-9; `undefined` for what policy text cannot say. */
function unitsOfNumber(number: number | undefined): bigint | undefined {
  if (number === undefined) return undefined
  const match = /^(-?)(\d{1,18})(?:\.(\d{1,9}))?$/.exec(String(number))
  if (match === null) return undefined
  const [, sign = '', whole = '0', fraction = ''] = match
  const units = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
  return sign === '-' ? -units : units
}

function argumentAt({ args }: RequestFacts, path: readonly string[]): unknown {
  let value: unknown = args
  for (const name of path) value = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return value
}

/** An action or a pattern more in a grant that is held already, where nothing else of it fails. */
function widerEdits({ candidates, others }: FactorExplained, { facts, point, chain, universe }: EditQuestion): Options {
  if (candidates.some(({ delegation }) => delegation?.fault === undefined)) return []
  return others.flatMap((grant): Options => {
    const holder = chain.members.find(({ grants }) => grants.includes(grant)) ?? chain.members.at(-1)
    const isMet = (grant.when ?? []).every((atom) => holder && point.judge(atom, holder.subject) === 'true')
    if (!isMet) return []
    const isFor = grant.actions?.includes(facts.action) ?? true
    if (isFor) return [[{ kind: 'add-pattern', grant: grant.id, pattern: facts.resource }]]
    return acceptsResource(grant, facts.resource, universe)
      ? [[{ kind: 'add-action', grant: grant.id, action: facts.action }]]
      : []
  })
}

function forbidEdits({ guards, facts, chain }: EditQuestion): readonly Options[] {
  return guards
    .filter(({ denies }) => denies.length > 0)
    .flatMap(({ rule, kind, when }): readonly Options[] => {
      if (kind === 'require') return [[]]
      if (kind !== 'forbid') return []
      const forbid: ForbidModel = rule
      if (forbid.unless !== undefined) return [[]]
      const atoms = excuseFor(
        facts,
        when.map(({ atom }) => atom),
        chain,
      )
      if (atoms.length === 0) return [[]]
      const [text = ''] = describeForbid({ ...forbid, unless: atoms })
        .text.split(/(?= unless )/)
        .slice(-1)
      return [[[{ kind: 'add-unless', forbid: forbid.id, atoms, text: text.trim() }]]]
    })
}

/** What tells this request from others that are forbidden: what the rule asks about, else an argument, the address, the owner. */
function excuseFor(facts: RequestFacts, asked: readonly AtomModel[], { members }: RequestChain): readonly AtomModel[] {
  const own = conditionsOf(facts, asked)
  if (own.length > 0) return own
  for (const [name, value] of Object.entries(facts.args ?? {})) {
    const equal = isName(name) ? equalTo([name], value) : undefined
    if (equal !== undefined) return [equal]
  }
  if (facts.ip !== undefined) return conditionsOf(facts, [{ kind: 'ip-in', negated: false, ranges: [] }])
  const owners = new Set(members.map(({ owner }) => owner))
  const [owner] = owners
  if (owners.size === 1 && owner !== undefined) return [{ kind: 'agent-owner', negated: false, owners: [owner] }]
  return []
}

function alsoOpens(edit: PolicyEdit, { model, facts }: EditQuestion): readonly string[] {
  switch (edit.kind) {
    case 'add-grant':
      return edit.to.kind === 'boundary' ? [`${scopeText(facts)} for whoever lives in the boundary`] : []
    case 'add-delegation':
      return []
    case 'add-action':
    case 'add-pattern': {
      const holder = holdersOf(model, edit.grant)
      const grant = holder.grant
      const whose = holder.names.length > 1 ? ` for ${holder.names.join(', ')}` : ''
      if (grant === undefined) return []
      if (edit.kind === 'add-action') {
        return [`${describeScope({ ...grant, actions: [edit.action] }).text}${whose}`]
      }
      const isOnlyThis = grant.actions?.length === 1 && holder.names.length <= 1
      return isOnlyThis
        ? []
        : [`${describeScope({ actions: grant.actions, patterns: [literalPattern(edit.pattern)] }).text}${whose}`]
    }
    case 'set-depth':
      return [`everything of \`delegate ${edit.from} -> ${edit.to}\` for whoever \`${edit.to}\` delegates to`]
    case 'set-may-delegate':
      return [
        edit.of.kind === 'agent'
          ? `chains of ${edit.depth} hops from \`${edit.of.name}\``
          : `chains of ${edit.depth} hops from everybody made at run time`,
      ]
    case 'add-unless': {
      const rule = model.forbids.find(({ id }) => id === edit.forbid)
      return rule === undefined
        ? []
        : [`${describeScope(rule).text} ${edit.text.replace(/^unless/, 'when')}, for whoever holds a grant`]
    }
  }
}

function scopeText({ action, resource }: RequestFacts): string {
  return `${nameText(action)} on ${formatPattern(literalPattern(resource))}`
}

function holdersOf(
  model: PolicyModel,
  id: number,
): { readonly grant: GrantModel | undefined; readonly names: readonly string[] } {
  const roles = new Set(
    model.roles.flatMap((role, index) => (role.grants.some((grant) => grant.id === id) ? [index] : [])),
  )
  const names = model.agents
    .filter(
      ({ grants, roles: held = [] }) => grants.some((grant) => grant.id === id) || held.some((role) => roles.has(role)),
    )
    .map(({ name }) => name)
  const all = [...model.roles, ...model.agents, ...model.delegations, ...(model.boundary ? [model.boundary] : [])]
  return { grant: all.flatMap(({ grants }) => grants).find((grant) => grant.id === id), names }
}

/** The pattern that matches this resource and no other. */
function literalPattern(resource: string): PatternLiteral {
  return { segments: resource.split(':').map((text) => [{ kind: 'text', text }]), rest: false }
}
