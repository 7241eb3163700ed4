/** Grants that never allow anything: no request satisfies them, or guardrails deny all that they allow. */
import {
  asksAboutSubject,
  type Box,
  EVERY_REQUEST,
  forbidBoxes,
  grantBox,
  intersectBoxes,
  requireBoxes,
  restrictToTrue,
  type Subject,
  scopeBox,
  scopesMayMeet,
  subtractBoxes,
  type Universe,
} from '../../algebra/index.ts'
import type { ForbidModel, GrantModel, PolicyModel, RequireModel } from '../../model/index.ts'
import type { Lint, LintContext } from './lint.ts'

/** KV4303 (denied throughout), KV4304 (matches no request). */
export const lintDeniedGrants: Lint = (context) => {
  const { model } = context.analyzed
  const seen = new Set<GrantModel>()
  for (const { own, subject } of context.holders) {
    for (const grant of own) {
      if (seen.has(grant)) continue
      seen.add(grant)
      context.ask(({ universe }) => lintGrant(context, model, grant, subject, universe))
    }
  }
}

function lintGrant(
  context: LintContext,
  model: PolicyModel,
  grant: GrantModel,
  subject: Subject,
  universe: Universe,
): void {
  const near = [...model.forbids, ...model.requires].filter((guard) => scopesMayMeet(guard, grant))
  const when = grant.when ?? []
  const isPlain = when.length < 2 && !when.some(asksAboutSubject)
  if (!isPlain && restrictToTrue(EVERY_REQUEST, when, subject, universe) === undefined) {
    reportEmpty(context, grant)
    return
  }
  const box = near.length === 0 ? undefined : grantBox(grant, subject, universe)
  if (box === undefined) return
  // A role may have many holders: what is denied to each of them differs by subject.
  const guards = [
    ...model.forbids.map((guard) => ({ guard, boxes: () => forbidBoxes(guard, subject, universe) })),
    ...model.requires.map((guard) => ({ guard, boxes: () => requireBoxes(guard, subject, universe) })),
  ].filter(({ guard }) => near.includes(guard) && meetsScope(guard, box, universe))
  if (guards.length === 0) return
  const left = subtractBoxes(
    [box],
    guards.flatMap(({ boxes }) => boxes()),
    universe,
  )
  if (left.length === 0) reportDenied(context, grant, guards[0]?.guard)
}

function meetsScope(guard: ForbidModel | RequireModel, box: Box, universe: Universe): boolean {
  const scope = scopeBox(guard, universe)
  return scope !== undefined && intersectBoxes(scope, box, universe) !== undefined
}

function reportEmpty({ nodeOf, report, analyzed }: LintContext, grant: GrantModel): void {
  const located = nodeOf(grant)
  const condition = located?.node.when
  if (located === undefined || condition === undefined) return
  // What the front end saw without regexes and subjects is said already.
  const isSaid = analyzed.diagnostics.some(
    ({ code, path, span }) =>
      code === 'KV4010' && path === located.file.path && condition.start <= span.start && span.end <= condition.end,
  )
  if (isSaid) return
  report({
    code: 'KV4304',
    severity: 'warning',
    message: 'this grant matches no request',
    path: located.file.path,
    span: { start: condition.start, end: condition.end },
    label: 'no request meets all of this',
    help: 'all atoms of a condition hold at once; write two grants where either is meant',
  })
}

function reportDenied(
  { nodeOf, report, analyzed }: LintContext,
  grant: GrantModel,
  guard: ForbidModel | RequireModel | undefined,
): void {
  const located = nodeOf(grant)
  const rule = guard && analyzed.map.rules[guard.id]
  if (located === undefined) return
  const { file, node } = located
  report({
    code: 'KV4303',
    severity: 'warning',
    message: 'this grant allows nothing: guardrails deny all of it',
    path: file.path,
    span: { start: node.scope.start, end: node.scope.end },
    label: 'denied throughout',
    ...(rule && { secondary: [{ path: rule.path, span: rule.span, label: 'this guardrail holds for everybody' }] }),
    help: 'remove the grant, or state in the guardrail whom it leaves out',
  })
}
