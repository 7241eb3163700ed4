/** One way through a policy for the rules that look at parts wherever they stand. */
import type {
  ApprovalNode,
  BudgetNode,
  ConditionNode,
  Declaration,
  GrantNode,
  PolicyFile,
  RateNode,
  ScopeNode,
} from '../../../grammar/index.ts'

/** Where a part stands. */
export interface Place {
  readonly file: PolicyFile
  readonly declaration: Declaration
}

/** Each part is visited once, in source order of the declarations. */
export interface Visitor {
  readonly grant?: (grant: GrantNode, place: Place) => void
  /** Scopes of grants, guardrails and assertions, with the conditions that stand beside them. */
  readonly scope?: (scope: ScopeNode, conditions: readonly ConditionNode[], place: Place) => void
  readonly condition?: (condition: ConditionNode, place: Place) => void
  readonly limit?: (limit: RateNode | BudgetNode, place: Place) => void
  readonly approval?: (approval: ApprovalNode, place: Place) => void
}

/** Visits the parts of every declaration of `files`. */
export function walk(files: readonly PolicyFile[], visitor: Visitor): void {
  for (const file of files) {
    for (const declaration of file.declarations) walkDeclaration({ file, declaration }, visitor)
  }
}

function walkDeclaration(place: Place, visitor: Visitor): void {
  const node = place.declaration
  switch (node.kind) {
    case 'role':
      for (const grant of node.grants) walkGrant(grant, place, visitor)
      return
    case 'agent':
    case 'delegation':
    case 'boundary':
      for (const member of node.members) {
        if (member.kind === 'grant') walkGrant(member, place, visitor)
        else if (member.kind === 'limit') visitor.limit?.(member.limit, place)
      }
      return
    case 'forbid':
      walkScope(node, place, visitor, [node.when, node.unless])
      return
    case 'require':
      if (node.requirement.kind === 'approval') {
        walkScope(node, place, visitor)
        visitor.approval?.(node.requirement, place)
      } else {
        walkScope(node, place, visitor, [node.requirement])
      }
      return
    case 'limit-all':
      walkScope(node, place, visitor)
      visitor.limit?.(node.limit, place)
      return
    case 'assert':
      walkAssertion(node.assertion, place, visitor)
      return
    default:
  }
}

/** Policies are mostly grants, so a grant without a condition costs no allocation. */
function walkGrant(grant: GrantNode, place: Place, visitor: Visitor): void {
  visitor.grant?.(grant, place)
  if (grant.when === undefined) walkScope(grant, place, visitor)
  else if (visitor.scope === undefined) visitor.condition?.(grant.when, place)
  else walkScope(grant, place, visitor, [grant.when])
  if (visitor.limit === undefined && visitor.approval === undefined) return
  for (const clause of grant.clauses) {
    if (clause.kind === 'rate') visitor.limit?.(clause, place)
    else if (clause.kind === 'approval') visitor.approval?.(clause, place)
  }
}

function walkAssertion(
  assertion: Extract<Declaration, { kind: 'assert' }>['assertion'],
  place: Place,
  visitor: Visitor,
): void {
  if (assertion.kind === 'within') return
  const needs = assertion.kind === 'every' && assertion.needs !== 'denied' ? assertion.needs : undefined
  if (needs?.kind === 'approval') visitor.approval?.(needs, place)
  walkScope(assertion, place, visitor, [assertion.when, needs?.kind === 'condition' ? needs : undefined])
}

const NONE: readonly ConditionNode[] = []

function walkScope(
  { scope }: { readonly scope: ScopeNode },
  place: Place,
  visitor: Visitor,
  conditions?: readonly (ConditionNode | undefined)[],
): void {
  const present = conditions?.filter((condition) => condition !== undefined) ?? NONE
  visitor.scope?.(scope, present, place)
  if (visitor.condition !== undefined) for (const condition of present) visitor.condition(condition, place)
}
