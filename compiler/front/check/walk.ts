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
      walkScope(node.scope, [node.when, node.unless], place, visitor)
      return
    case 'require':
      if (node.requirement.kind === 'approval') {
        walkScope(node.scope, [], place, visitor)
        visitor.approval?.(node.requirement, place)
      } else {
        walkScope(node.scope, [node.requirement], place, visitor)
      }
      return
    case 'limit-all':
      walkScope(node.scope, [], place, visitor)
      visitor.limit?.(node.limit, place)
      return
    case 'assert':
      walkAssertion(node.assertion, place, visitor)
      return
    default:
  }
}

function walkGrant(grant: GrantNode, place: Place, visitor: Visitor): void {
  visitor.grant?.(grant, place)
  walkScope(grant.scope, [grant.when], place, visitor)
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
  if (assertion.kind === 'every' && assertion.needs !== 'denied') {
    const { needs } = assertion
    if (needs.kind === 'approval') visitor.approval?.(needs, place)
    walkScope(assertion.scope, [assertion.when, needs.kind === 'condition' ? needs : undefined], place, visitor)
    return
  }
  walkScope(assertion.scope, [assertion.when], place, visitor)
}

function walkScope(
  scope: ScopeNode,
  conditions: readonly (ConditionNode | undefined)[],
  place: Place,
  visitor: Visitor,
): void {
  if (visitor.scope === undefined && visitor.condition === undefined) return
  const present = conditions.filter((condition) => condition !== undefined)
  visitor.scope?.(scope, present, place)
  if (visitor.condition !== undefined) for (const condition of present) visitor.condition(condition, place)
}
