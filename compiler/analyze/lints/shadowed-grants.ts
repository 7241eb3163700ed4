/**
 * Grants that change no decision, because others of the same holder allow all that they allow, at no worse an outcome.
 *
 * Only grants without limits of their own can make another one useless: of two that are metered, each leaves room when the
 * other one is full. An estimate above that of the grant could charge more, so such a grant does not count either.
 */
import {
  type Box,
  grantBox,
  intersectBoxes,
  scopeBox,
  scopesMayMeet,
  subtractBoxes,
  type Universe,
} from '../../algebra/index.ts'
import type { GrantModel } from '../../model/index.ts'
import type { Holder, Lint, LintContext } from './lint.ts'

/** KV4301 (a grant that adds nothing), KV4302 (an approval that can never be asked for). */
export const lintShadowedGrants: Lint = (context) => {
  for (const holder of context.holders) {
    if (holder.own.length + holder.inherited.length < 2) continue
    context.ask(({ universe }) => lintHolder(context, holder, universe))
  }
}

function lintHolder(context: LintContext, holder: Holder, universe: Universe): void {
  const useless = new Set<GrantModel>()
  const all = [...new Set([...holder.inherited, ...holder.own])]
  const free = all.filter(({ limits = [] }) => limits.length === 0)
  if (free.length === 0) return
  const byAction = groupByAction(free)
  // Of two that say the same, the later one is useless.
  for (const grant of [...holder.own].reverse()) {
    const near = candidates(byAction, free, grant).filter(
      (other) => other !== grant && !useless.has(other) && isCheapEnough(other, grant) && scopesMayMeet(other, grant),
    )
    if (near.length === 0) continue
    const box = grantBox(grant, holder.subject, universe)
    if (box === undefined) continue
    const unasked =
      grant.approval === undefined ? undefined : grantBox(withoutApproval(grant), holder.subject, universe)
    const open = near.filter(({ approval }) => approval === undefined)
    const anyway = unasked && coveredBy(unasked, open, holder, universe)
    if (anyway !== undefined) {
      useless.add(grant)
      reportUnasked(context, grant, anyway)
      continue
    }
    const shadow = coveredBy(box, near, holder, universe)
    if (shadow === undefined) continue
    useless.add(grant)
    reportUseless(context, grant, shadow)
  }
}

function groupByAction(grants: readonly GrantModel[]): ReadonlyMap<string, readonly GrantModel[]> {
  const groups = new Map<string, GrantModel[]>()
  for (const grant of grants) {
    for (const action of grant.actions ?? ['*']) {
      const group = groups.get(action)
      if (group === undefined) groups.set(action, [grant])
      else group.push(grant)
    }
  }
  return groups
}

/** Grants that share an action with `grant`. */
function candidates(
  byAction: ReadonlyMap<string, readonly GrantModel[]>,
  all: readonly GrantModel[],
  { actions }: GrantModel,
): readonly GrantModel[] {
  if (actions === undefined) return all
  return [...new Set([...actions, '*'].flatMap((action) => byAction.get(action) ?? []))]
}

function isCheapEnough({ estimateNanoUsd = 0n }: GrantModel, grant: GrantModel): boolean {
  return estimateNanoUsd <= (grant.estimateNanoUsd ?? 0n)
}

function withoutApproval({ approval: _, ...grant }: GrantModel): GrantModel {
  return grant
}

/** The grants that together hold all of `box`; `undefined` when something is left. */
function coveredBy(
  box: Box,
  grants: readonly GrantModel[],
  { subject }: Holder,
  universe: Universe,
): readonly GrantModel[] | undefined {
  const near = grants.flatMap((grant) => {
    const scope = scopeBox(grant, universe)
    if (scope === undefined || intersectBoxes(box, scope, universe) === undefined) return []
    const held = grantBox(grant, subject, universe)
    return held === undefined ? [] : [{ grant, held }]
  })
  for (const { grant, held } of near) if (subtractBoxes([box], [held], universe).length === 0) return [grant]
  if (near.length < 2) return undefined
  const left = subtractBoxes(
    [box],
    near.map(({ held }) => held),
    universe,
  )
  return left.length === 0 ? near.map(({ grant }) => grant) : undefined
}

function reportUseless({ nodeOf, report }: LintContext, grant: GrantModel, shadow: readonly GrantModel[]): void {
  const located = nodeOf(grant)
  if (located === undefined) return
  const { file, node } = located
  report({
    code: 'KV4301',
    severity: 'warning',
    message: 'this grant adds nothing',
    path: file.path,
    span: { start: node.scope.start, end: node.scope.end },
    label: shadow.length === 1 ? 'already allowed' : 'already allowed by others together',
    ...secondary(nodeOf, shadow, 'allows it'),
    help: 'remove it, or narrow what allows it already',
  })
}

function reportUnasked({ nodeOf, report }: LintContext, grant: GrantModel, open: readonly GrantModel[]): void {
  const located = nodeOf(grant)
  const clause = located?.node.clauses.find(({ kind }) => kind === 'approval')
  if (located === undefined || clause === undefined) return
  report({
    code: 'KV4302',
    severity: 'warning',
    message: 'this approval can never be asked for',
    path: located.file.path,
    span: { start: clause.start, end: clause.end },
    label: 'the same requests are already allowed without approval',
    ...secondary(nodeOf, open, 'allows them'),
    help: 'narrow what allows them already, or remove this grant',
  })
}

const MAX_SHOWN = 3

function secondary(nodeOf: LintContext['nodeOf'], grants: readonly GrantModel[], label: string) {
  const places = grants.slice(0, MAX_SHOWN).flatMap((grant) => {
    const located = nodeOf(grant)
    if (located === undefined) return []
    const { file, node } = located
    return [{ path: file.path, span: { start: node.start, end: node.end }, label }]
  })
  return places.length === 0 ? {} : { secondary: places }
}
