/**
 * From the checked tree to the model: names resolved, sets inlined, roles closed, literals as values.
 *
 * Lowering trusts its input: `checkPolicy` calls it only for a policy without errors. What cannot happen then throws.
 */
import type {
  AgentDeclaration,
  ApprovalNode,
  AtomNode,
  BoundaryDeclaration,
  BudgetNode,
  CidrNode,
  ConditionNode,
  DelegationDeclaration,
  GrantNode,
  HoursNode,
  InAtom,
  LimitNode,
  LiteralNode,
  PolicyFile,
  RateNode,
  ScopeNode,
  SetDeclaration,
} from '../../grammar/index.ts'
import { type Dfa, mergeRanges } from '../algebra/index.ts'
import {
  type AgentModel,
  type ApprovalModel,
  type AtomModel,
  type BoundaryModel,
  type CidrLiteral,
  type DelegationModel,
  type ForbidModel,
  type GrantModel,
  type GuardrailLimitModel,
  type LimitModel,
  type PolicyModel,
  type PrincipalType,
  type RequireModel,
  type RoleModel,
  type ScopeModel,
  type WeekRange,
  weekRanges,
} from '../model/index.ts'
import { meterKeys } from './meter-key.ts'
import type { RegexPool } from './regex-pool.ts'
import { closeRoles, type ResolvedPolicy } from './resolve.ts'
import type { RuleNode } from './rules.ts'

/** What lowering needs beside the policy. */
export interface LoweringInput {
  readonly policy: ResolvedPolicy
  readonly regexes: RegexPool
  readonly idOf: (node: RuleNode) => number
}

/** The model of a policy without errors. Agents, delegations and guardrails keep their source order. */
export function lowerPolicy(input: LoweringInput): PolicyModel {
  const { policy, idOf } = input
  const lowering: Lowering = { ...input, keys: meterKeys(policy.files), grants: new Map() }
  const header = findHeader(policy.files)
  const roleIndex = new Map<string, number>()
  const roles: RoleModel[] = []
  const closed = closeRoles(policy, idOf)
  for (const name of policy.roles.keys()) {
    roleIndex.set(name, roles.length)
    roles.push({ name, grants: (closed.get(name) ?? []).map((grant) => lowerGrant(lowering, grant)) })
  }
  const agents: AgentModel[] = []
  const delegations: DelegationModel[] = []
  const forbids: ForbidModel[] = []
  const requires: RequireModel[] = []
  const limits: GuardrailLimitModel[] = []
  for (const file of policy.files) {
    for (const node of file.declarations) {
      switch (node.kind) {
        case 'agent':
          agents.push(lowerAgent(lowering, node, roleIndex))
          break
        case 'delegation':
          delegations.push(lowerDelegation(lowering, node))
          break
        case 'forbid':
          forbids.push({
            id: idOf(node),
            ...lowerScope(node.scope),
            ...(node.when && { when: lowerCondition(lowering, node.when) }),
            ...(node.unless && { unless: lowerCondition(lowering, node.unless) }),
          })
          break
        case 'require':
          requires.push({
            id: idOf(node),
            ...lowerScope(node.scope),
            ...(node.requirement.kind === 'approval'
              ? { approval: lowerApproval(node.requirement) }
              : { when: lowerCondition(lowering, node.requirement) }),
          })
          break
        case 'limit-all':
          limits.push({
            id: idOf(node),
            ...lowerScope(node.scope),
            limit: lowerLimit(lowering, node.limit),
            ...(node.each && { per: node.each }),
          })
          break
        default:
      }
    }
  }
  return {
    name: header.name.text,
    generation: header.generation === undefined ? 1 : Number(header.generation.value),
    roles,
    agents,
    delegations,
    ...(policy.boundary && { boundary: lowerBoundary(lowering, policy.boundary.node) }),
    forbids,
    requires,
    limits,
  }
}

/** What the lowering of a part needs. */
type Sets = Pick<LoweringInput, 'policy' | 'regexes'>

interface Lowering extends LoweringInput {
  readonly keys: ReadonlyMap<RateNode | BudgetNode, string>
  /** A role's grant is one object in every role that reaches it. */
  readonly grants: Map<GrantNode, GrantModel>
}

function findHeader(files: readonly PolicyFile[]): NonNullable<PolicyFile['header']> {
  for (const { header } of files) if (header !== undefined) return header
  throw new RangeError('a policy without header cannot be lowered')
}

function lowerAgent(lowering: Lowering, node: AgentDeclaration, roleIndex: ReadonlyMap<string, number>): AgentModel {
  const grants: GrantModel[] = []
  const limits: LimitModel[] = []
  const roles = new Set<number>()
  let optional: Pick<AgentModel, 'owner' | 'mayDelegate' | 'expiresAt'> = {}
  for (const member of node.members) {
    switch (member.kind) {
      case 'grant':
        grants.push(lowerGrant(lowering, member))
        break
      case 'limit':
        limits.push(lowerLimit(lowering, member.limit))
        break
      case 'roles':
        for (const role of member.roles) {
          const index = roleIndex.get(role.text)
          if (index === undefined) throw new RangeError('unknown role after checking')
          roles.add(index)
        }
        break
      case 'owner':
        optional = { ...optional, owner: member.owner.value }
        break
      case 'may':
        optional = { ...optional, mayDelegate: Number(member.depth.value) }
        break
      case 'expires-at':
        optional = { ...optional, expiresAt: member.at.ms }
        break
    }
  }
  return {
    name: node.name.text,
    type: node.type,
    grants,
    ...(roles.size > 0 && { roles: [...roles] }),
    ...(limits.length > 0 && { limits }),
    ...optional,
  }
}

function lowerDelegation(lowering: Lowering, node: DelegationDeclaration): DelegationModel {
  const { grants, limits } = lowerMembers(lowering, node.members)
  let optional: Pick<DelegationModel, 'depth' | 'expiresAt' | 'expiresIn'> = {}
  for (const member of node.members) {
    if (member.kind === 'depth') optional = { ...optional, depth: Number(member.depth.value) }
    else if (member.kind === 'expires-at') optional = { ...optional, expiresAt: member.at.ms }
    else if (member.kind === 'expires-in') optional = { ...optional, expiresIn: member.duration.ms }
  }
  return { from: node.from.text, to: node.to.text, grants, ...(limits.length > 0 && { limits }), ...optional }
}

function lowerBoundary(lowering: Lowering, node: BoundaryDeclaration): BoundaryModel {
  const { grants, limits } = lowerMembers(lowering, node.members)
  const may = node.members.find((member) => member.kind === 'may')
  return { grants, ...(limits.length > 0 && { limits }), ...(may && { mayDelegate: Number(may.depth.value) }) }
}

function lowerMembers(
  lowering: Lowering,
  members: readonly (GrantNode | LimitNode | { readonly kind: 'may' | 'depth' | 'expires-at' | 'expires-in' })[],
): { readonly grants: readonly GrantModel[]; readonly limits: readonly LimitModel[] } {
  const grants: GrantModel[] = []
  const limits: LimitModel[] = []
  for (const member of members) {
    if (member.kind === 'grant') grants.push(lowerGrant(lowering, member))
    else if (member.kind === 'limit') limits.push(lowerLimit(lowering, member.limit))
  }
  return { grants, limits }
}

function lowerGrant(lowering: Lowering, node: GrantNode): GrantModel {
  const known = lowering.grants.get(node)
  if (known !== undefined) return known
  const limits: LimitModel[] = []
  let optional: Pick<GrantModel, 'approval' | 'estimateNanoUsd'> = {}
  for (const clause of node.clauses) {
    switch (clause.kind) {
      case 'rate':
        limits.push(lowerLimit(lowering, clause))
        break
      case 'approval':
        optional = { ...optional, approval: lowerApproval(clause) }
        break
      case 'estimate':
        optional = { ...optional, estimateNanoUsd: clause.amount.value.units }
        break
    }
  }
  const grant: GrantModel = {
    id: lowering.idOf(node),
    ...lowerScope(node.scope),
    ...(node.when && { when: lowerCondition(lowering, node.when) }),
    ...(limits.length > 0 && { limits }),
    ...optional,
  }
  lowering.grants.set(node, grant)
  return grant
}

/** Distinct actions and all patterns. */
export function lowerScope(scope: ScopeNode): ScopeModel {
  return {
    actions: scope.actions.any ? undefined : [...new Set(scope.actions.names.map((name) => name.text))],
    patterns: scope.patterns.map((pattern) => pattern.value),
  }
}

/** Who must agree, and for how long it holds. */
export function lowerApproval(node: ApprovalNode): ApprovalModel {
  return { ...(node.by && { by: node.by.value }), ...(node.within && { withinMs: node.within.ms }) }
}

function lowerLimit(lowering: Lowering, node: RateNode | BudgetNode): LimitModel {
  const key = lowering.keys.get(node)
  if (key === undefined) throw new RangeError('a limit without a meter key')
  if (node.kind === 'rate') {
    const windows = node.windows.map(({ count, window }) => ({ window, count: count.value }))
    return { kind: 'rate', key, windows, ...(node.each && { each: node.each }) }
  }
  const windows = node.windows.map(({ amount, window }) => ({ window, capNanoUsd: amount.value.units }))
  if (node.throttle === undefined) return { kind: 'budget', key, windows }
  const { percent, count, window } = node.throttle
  return { kind: 'budget', key, windows, throttle: { percent: Number(percent.value), count: count.value, window } }
}

/** The atoms of a conjunction, sets inlined. */
export function lowerCondition(lowering: Sets, node: ConditionNode): readonly AtomModel[] {
  return node.atoms.map((atom) => lowerAtom(lowering, atom))
}

function lowerAtom(lowering: Sets, atom: AtomNode): AtomModel {
  const { negated } = atom
  switch (atom.kind) {
    case 'args-only':
      return { kind: 'args-only', negated, names: [...new Set(atom.names.map((name) => name.text))] }
    case 'matches': {
      const dfa = automatonOf(lowering, atom.pattern)
      return atom.path.root === 'agent.owner'
        ? { kind: 'agent-owner-matches', negated, dfa }
        : { kind: 'arg-matches', negated, path: namesOf(atom.path), dfa }
    }
    case 'in':
      return lowerIn(lowering, atom)
    case 'compare': {
      const { operator, path, value } = atom
      if (path.root !== 'args' && path.root !== 'agent.type' && path.root !== 'agent.owner') {
        const units = unitsOf(value)
        if (path.root === 'trust' || path.root === 'cost')
          return { kind: 'number', negated, root: path.root, operator, units }
        if (path.root === 'len') return { kind: 'len', negated, path: namesOf(path), operator, units }
        throw new RangeError('an ill-typed comparison after checking')
      }
      if (path.root === 'args' && value.kind === 'decimal') {
        return { kind: 'arg-number', negated, path: namesOf(path), operator, units: value.value.units }
      }
      return lowerList(path, negated, [value])
    }
  }
}

function lowerIn(lowering: Sets, { path, negated, values }: InAtom): AtomModel {
  const resolved = values.kind === 'set-reference' ? setOf(lowering, values.name.text).value : values
  switch (resolved.kind) {
    case 'cidrs': {
      const ranges = addressRanges(resolved.items)
      return path.root === 'ip'
        ? { kind: 'ip-in', negated, ranges }
        : { kind: 'arg-ip-in', negated, path: namesOf(path), ranges }
    }
    case 'hours': {
      const ranges = timeRanges(resolved.items)
      return path.root === 'time'
        ? { kind: 'time-in', negated, ranges }
        : { kind: 'arg-time-in', negated, path: namesOf(path), ranges }
    }
    case 'list':
      return lowerList(path, negated, resolved.items)
    case 'regex':
      throw new RangeError('`in` with a regex after checking')
  }
}

/** `=` with one value and `in` with a list mean the same, except for numbers of arguments. */
function lowerList(path: InAtom['path'], negated: boolean, items: readonly LiteralNode[]): AtomModel {
  if (path.root === 'agent.type') return { kind: 'agent-type', negated, types: typesOf(items) }
  if (path.root === 'agent.owner') return { kind: 'agent-owner', negated, owners: stringsOf(items) }
  const names = namesOf(path)
  switch (items[0]?.kind) {
    case 'string':
      return { kind: 'arg-strings', negated, path: names, values: stringsOf(items) }
    case 'decimal':
      return { kind: 'arg-numbers', negated, path: names, values: distinct(items.map(unitsOf)) }
    case 'boolean':
      return { kind: 'arg-boolean', negated, path: names, values: booleansOf(items) }
    default:
      throw new RangeError('an ill-typed list after checking')
  }
}

function setOf(lowering: Sets, name: string): SetDeclaration {
  const set = lowering.policy.sets.get(name)
  if (set === undefined) throw new RangeError('unknown set after checking')
  return set.node
}

function automatonOf(lowering: Sets, pattern: Extract<AtomNode, { kind: 'matches' }>['pattern']): Dfa {
  const regex = pattern.kind === 'regex' ? pattern : setOf(lowering, pattern.name.text).value
  const dfa = regex.kind === 'regex' ? lowering.regexes.get(regex) : undefined
  if (dfa === undefined) throw new RangeError('`matches` without an automaton after checking')
  return dfa
}

function addressRanges(items: readonly CidrNode[]): readonly CidrLiteral[] {
  return mergeRanges(items.map((item) => item.value))
}

function timeRanges(items: readonly HoursNode[]): readonly WeekRange[] {
  return weekRanges(items.map((item) => item.value))
}

function namesOf(path: InAtom['path']): readonly string[] {
  return path.names.map((name) => name.text)
}

function unitsOf(literal: LiteralNode): bigint {
  if (literal.kind !== 'decimal') throw new RangeError('not a number after checking')
  return literal.value.units
}

function stringsOf(items: readonly LiteralNode[]): readonly string[] {
  return distinct(items.flatMap((item) => (item.kind === 'string' ? [item.value] : [])))
}

function booleansOf(items: readonly LiteralNode[]): readonly boolean[] {
  return distinct(items.flatMap((item) => (item.kind === 'boolean' ? [item.value] : [])))
}

function typesOf(items: readonly LiteralNode[]): readonly PrincipalType[] {
  return distinct(items.flatMap((item) => (item.kind === 'word' ? [item.value] : [])))
}

function distinct<T>(values: readonly T[]): readonly T[] {
  return values.length < 2 ? values : [...new Set(values)]
}
