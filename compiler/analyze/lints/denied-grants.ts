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
    const alone = when.findIndex((atom) => restrictToTrue(EVERY_REQUEST, [atom], subject, universe) === undefined)
    reportEmpty(context, grant, alone)
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
  const isDenied = (by: typeof guards) =>
    subtractBoxes(
      [box],
      by.flatMap(({ boxes }) => boxes()),
      universe,
    ).length === 0
  if (!isDenied(guards)) return
  const alone = guards.find((each) => isDenied([each]))
  reportDenied(
    context,
    grant,
    (alone === undefined ? guards : [alone]).map(({ guard }) => guard),
  )
}

function meetsScope(guard: ForbidModel | RequireModel, box: Box, universe: Universe): boolean {
  const scope = scopeBox(guard, universe)
  return scope !== undefined && intersectBoxes(scope, box, universe) !== undefined
}

/** `alone`: the atom that is never true by itself, -1 without one. */
function reportEmpty({ nodeOf, report, analyzed }: LintContext, grant: GrantModel, alone: number): void {
  const located = nodeOf(grant)
  const condition = located?.node.when
  if (located === undefined || condition === undefined) return
  // What the front end saw without regexes and subjects is said already.
  const isSaid = analyzed.diagnostics.some(
    ({ code, path, span }) =>
      code === 'KV4010' && path === located.file.path && condition.start <= span.start && span.end <= condition.end,
  )
  if (isSaid) return
  const atom = condition.atoms[alone]
  const { start, end } = atom ?? condition
  const model = grant.when?.[alone]
  report({
    code: 'KV4304',
    severity: 'warning',
    message: 'this grant matches no request',
    path: located.file.path,
    span: { start, end },
    ...(model !== undefined && asksAboutSubject(model)
      ? {
          label: 'never true of whoever holds this grant',
          help: 'remove the grant, or give it to an agent of which it is true',
        }
      : atom === undefined
        ? {
            label: 'no request meets all of this',
            help: 'all atoms of a condition hold at once; write two grants where either is meant',
          }
        : { label: 'no request meets this', help: 'remove the grant, or ask for what can be' }),
  })
}

const MAX_SHOWN = 3

function reportDenied(
  { nodeOf, report, analyzed }: LintContext,
  grant: GrantModel,
  guards: readonly (ForbidModel | RequireModel)[],
): void {
  const located = nodeOf(grant)
  if (located === undefined) return
  const label = guards.length === 1 ? 'this guardrail holds for everybody' : 'this one, with the others'
  const secondary = guards.slice(0, MAX_SHOWN).flatMap(({ id }) => {
    const rule = analyzed.map.rules[id]
    return rule === undefined ? [] : [{ path: rule.path, span: rule.span, label }]
  })
  const { file, node } = located
  report({
    code: 'KV4303',
    severity: 'warning',
    message: 'this grant allows nothing: guardrails deny all of it',
    path: file.path,
    span: { start: node.scope.start, end: node.scope.end },
    label: 'denied throughout',
    ...(secondary.length > 0 && { secondary }),
    help: 'remove the grant, or state in the guardrail whom it leaves out',
  })
}
