/**
 * Which parts of a policy its tests see deciding, both ways.
 *
 * Each part (a condition's atom, an approval, a limit, an action or a pattern among several, a whole rule) has one or two *sides*.
 * A side is seen when some question of a test gets another verdict once that part alone is turned round: an atom that holds is
 * made to fail, one that fails or is unknown is made to hold. That is the independence of modified condition/decision coverage,
 * asked of the engine with the policy changed in that place, so that masking by other grants and by guardrails counts.
 */

import type { Span } from '../../grammar/index.ts'
import { lineText } from '../front/index.ts'
import type { ApprovalModel, BudgetModel, LimitModel, PolicyModel, ScopeModel } from '../model/index.ts'
import { byId, grantsById, withCondition } from './mutate.ts'
import { createComparer, type ToldApart } from './mutate-apart.ts'
import { NO_APPROVER } from './mutate-clause.ts'
import { tryAsker } from './mutate-decide.ts'
import {
  type Edit,
  editAgent,
  editBoundary,
  editDelegation,
  editForbid,
  editGrant,
  editGuardrailLimit,
  editRequire,
  replaceAt,
} from './mutate-edit.ts'
import type { Question } from './mutate-run.ts'
import { type Place, placeOf, type Site, sitesOf, type WrittenPolicy } from './mutate-site.ts'

export interface CoveragePart {
  readonly kind: 'rule' | 'action' | 'resource' | 'condition' | 'approval' | 'limit' | 'throttle'
  readonly place: Place
  /** Where its rule, agent, delegation or boundary begins, and how that reads. */
  readonly owner: { readonly place: Place; readonly text: string }
  /** As written. */
  readonly text: string
  readonly sides: readonly CoverageSide[]
}

export interface CoverageSide {
  /** What was, or was not, seen: `deciding where it holds`. */
  readonly claim: string
  /** The part turned round. */
  readonly edit: Edit
}

export interface CoveredPart extends Omit<CoveragePart, 'sides'> {
  readonly sides: readonly CoveredSide[]
}

export interface CoveredSide extends CoverageSide {
  /** `void`: proved that no request can show it, since the part makes no difference there. */
  readonly fate: 'seen' | 'unseen' | 'void'
  /** A request that shows what no test shows. */
  readonly apart?: ToldApart
}

/** In the order of the text. */
export function partsOf(policy: WrittenPolicy): readonly CoveragePart[] {
  const grants = grantsById(policy)
  return sitesOf(policy).flatMap((site) => {
    const owner = { place: placeOf(site.file, site.node), text: headOf(site) }
    return partsAt(site, policy.model, grants).map(({ span, kind, sides, text }) => ({
      kind,
      place: placeOf(site.file, span),
      owner,
      text: text ?? lineText(site.file, span),
      sides,
    }))
  })
}

/** Judges one part after the other. Tests must pass on `model`. */
export function* coverParts(
  model: PolicyModel,
  parts: readonly CoveragePart[],
  questions: readonly Question[],
): Generator<CoveredPart> {
  const asker = tryAsker(model)
  const comparer = createComparer(model)
  const verdicts = questions.map(({ request }) => asker?.decide(request).decision)
  const cover = (side: CoverageSide): CoveredSide => {
    const changed = side.edit(model)
    const turned = tryAsker(changed)
    const isSeen = questions.some(({ request }, at) => {
      return turned !== undefined && turned.decide(request).decision !== verdicts[at]
    })
    if (isSeen) return { ...side, fate: 'seen' }
    const apart = comparer.tellApart(changed)
    return { ...side, fate: apart.kind === 'equal' ? 'void' : 'unseen', ...(apart.kind === 'apart' && { apart }) }
  }
  for (const part of parts) yield { ...part, sides: part.sides.map(cover) }
}

export interface CoverageScore {
  /** Those that can be seen. */
  readonly sides: number
  readonly seen: number
  /** Proved to be invisible. */
  readonly void: number
  /** 100 when there is nothing to see. */
  readonly percent: number
}

export function coverageOf(parts: readonly CoveredPart[]): CoverageScore {
  const all = parts.flatMap((part) => part.sides)
  const sides = all.filter(({ fate }) => fate !== 'void').length
  const seen = all.filter(({ fate }) => fate === 'seen').length
  return { sides, seen, void: all.length - sides, percent: sides === 0 ? 100 : (100 * seen) / sides }
}

interface Part {
  readonly kind: CoveragePart['kind']
  readonly span: Span
  readonly text?: string
  readonly sides: readonly CoverageSide[]
}

const HEAD = 80

function headOf({ file, node, kind }: Site): string {
  const text = lineText(file, node)
  const head = kind === 'agent' || kind === 'delegation' || kind === 'boundary' ? text.replace(/ ?\{.*$/, '') : text
  return head.length > HEAD ? `${head.slice(0, HEAD - 3)}...` : head
}

function partsAt(site: Site, model: PolicyModel, grants: ReturnType<typeof grantsById>): readonly Part[] {
  switch (site.kind) {
    case 'grant':
      return grantParts(site, grants)
    case 'forbid':
      return forbidParts(site, byId(model.forbids, site.id))
    case 'require':
      return requireParts(site, byId(model.requires, site.id))
    case 'limit-all': {
      const { node, id } = site
      const rule = byId(model.limits, id)
      return [
        ...limitParts(rule.limit, node.limit, (limit) =>
          editGuardrailLimit(id, (it) => (limit === undefined ? undefined : { ...it, limit })),
        ),
        ...scopeParts(rule, node.scope, (scope) => editGuardrailLimit(id, (it) => ({ ...it, ...scope }))),
      ]
    }
    case 'agent': {
      const name = site.node.name.text
      const limits = model.agents.find((agent) => agent.name === name)?.limits ?? []
      return memberParts(site.node.members, limits, (at, limit) =>
        editAgent(name, (it) => ({ ...it, limits: replaceAt(it.limits ?? [], at, limit) })),
      )
    }
    case 'delegation': {
      const { index } = site
      return memberParts(site.node.members, model.delegations[index]?.limits ?? [], (at, limit) =>
        editDelegation(index, (it) => ({ ...it, limits: replaceAt(it.limits ?? [], at, limit) })),
      )
    }
    case 'boundary':
      return memberParts(site.node.members, model.boundary?.limits ?? [], (at, limit) =>
        editBoundary((it) => ({ ...it, limits: replaceAt(it.limits ?? [], at, limit) })),
      )
  }
}

type SiteOf<K extends Site['kind']> = Extract<Site, { readonly kind: K }>

const HOLDS = 'deciding where it holds'
const FAILS = 'deciding where it does not hold'

function grantParts({ file, node, id }: SiteOf<'grant'>, grants: ReturnType<typeof grantsById>): readonly Part[] {
  const grant = grants.get(id)
  if (grant === undefined) return []
  const { when = [], limits = [], approval } = grant
  const without = editGrant(id, () => undefined)
  const rates = node.clauses.filter((clause) => clause.kind === 'rate')
  const approvalNode = node.clauses.find((clause) => clause.kind === 'approval')
  return [
    {
      kind: 'rule',
      span: node,
      text: `allow ${lineText(file, node.scope)}`,
      sides: [{ claim: 'allowing something', edit: without }],
    },
    ...scopeParts(grant, node.scope, (scope) => editGrant(id, (it) => ({ ...it, ...scope }))),
    ...(node.when?.atoms ?? []).map((atom, at): Part => {
      const holding = editGrant(id, (it) => withCondition(it, 'when', replaceAt(when, at, undefined)))
      return conditionPart(atom, without, holding)
    }),
    ...rates.flatMap((rate, at) => {
      const limit = limits[at]
      const edit = (other: LimitModel | undefined) =>
        editGrant(id, (it) => ({ ...it, limits: replaceAt(limits, at, other) }))
      return limit === undefined ? [] : limitParts(limit, rate, edit)
    }),
    ...(approvalNode === undefined || approval === undefined
      ? []
      : [
          approvalPart(approvalNode, (other) =>
            editGrant(id, ({ approval: _, ...it }) => (other === undefined ? it : { ...it, approval: other })),
          ),
        ]),
  ]
}

/** `never` and `always`: the policy where the atom never holds, and where it always does. */
function conditionPart(span: Span, never: Edit, always: Edit): Part {
  return {
    kind: 'condition',
    span,
    sides: [
      { claim: HOLDS, edit: never },
      { claim: FAILS, edit: always },
    ],
  }
}

function approvalPart(span: Span, edit: (approval: ApprovalModel | undefined) => Edit): Part {
  return {
    kind: 'approval',
    span,
    sides: [
      { claim: 'deciding where it is given', edit: edit({ by: NO_APPROVER }) },
      { claim: 'deciding where it is missing', edit: edit(undefined) },
    ],
  }
}

function forbidParts(
  { file, node, id }: SiteOf<'forbid'>,
  { when = [], unless = [], ...rule }: PolicyModel['forbids'][number],
): readonly Part[] {
  const without = editForbid(id, () => undefined)
  const excused = editForbid(id, ({ unless: _, ...it }) => it)
  return [
    {
      kind: 'rule',
      span: node,
      text: `forbid ${lineText(file, node.scope)}`,
      sides: [{ claim: 'denying something', edit: without }],
    },
    ...scopeParts(rule, node.scope, (scope) => editForbid(id, (it) => ({ ...it, ...scope }))),
    ...(node.when?.atoms ?? []).map((atom, at): Part => {
      const holding = editForbid(id, (it) => withCondition(it, 'when', replaceAt(when, at, undefined)))
      return conditionPart(atom, without, holding)
    }),
    ...(node.unless?.atoms ?? []).map((atom, at): Part => {
      const left = replaceAt(unless, at, undefined)
      // An excuse that always holds leaves nothing of the rule.
      const holding = left.length === 0 ? without : editForbid(id, (it) => ({ ...it, unless: left }))
      return conditionPart(atom, excused, holding)
    }),
  ]
}

function requireParts({ node, id }: SiteOf<'require'>, rule: PolicyModel['requires'][number]): readonly Part[] {
  const { requirement } = node
  const without = editRequire(id, () => undefined)
  const scope = scopeParts(rule, node.scope, (other) => editRequire(id, (it) => ({ ...it, ...other })))
  if (requirement.kind === 'approval') {
    const edit = (approval: ApprovalModel | undefined) =>
      approval === undefined ? without : editRequire(id, (it) => ({ ...it, approval }))
    return [approvalPart(requirement, edit), ...scope]
  }
  const { when = [], actions, patterns } = rule
  /** What it denies where the condition never holds. */
  const failing: Edit = (model) => ({
    ...without(model),
    forbids: [...model.forbids, { id, actions, patterns }],
  })
  return [
    ...requirement.atoms.map((atom, at): Part => {
      const left = replaceAt(when, at, undefined)
      const holding = left.length === 0 ? without : editRequire(id, (it) => ({ ...it, when: left }))
      return conditionPart(atom, failing, holding)
    }),
    ...scope,
  ]
}

/** Alternatives one by one, and what lies outside of all of them. */
function scopeParts(
  { actions, patterns }: ScopeModel,
  node: SiteOf<'forbid'>['node']['scope'],
  edit: (scope: Pick<ScopeModel, 'actions' | 'patterns'>) => Edit,
): readonly Part[] {
  const parts: Part[] = []
  const named = actions ?? []
  for (const action of named.length < 2 ? [] : named) {
    const span = node.actions.names.find(({ text }) => text === action) ?? node.actions
    const rest = { actions: named.filter((other) => other !== action), patterns }
    parts.push({ kind: 'action', span, sides: [{ claim: 'deciding', edit: edit(rest) }] })
  }
  if (actions !== undefined) {
    const side = { claim: 'deciding against another action', edit: edit({ actions: undefined, patterns }) }
    parts.push({ kind: 'action', span: node.actions, sides: [side] })
  }
  for (const [at, span] of node.patterns.entries()) {
    if (patterns.length < 2) break
    const rest = { actions, patterns: replaceAt(patterns, at, undefined) }
    parts.push({ kind: 'resource', span, sides: [{ claim: 'deciding', edit: edit(rest) }] })
  }
  const [first, last] = [node.patterns[0], node.patterns.at(-1)]
  const isAll = patterns.some(({ segments, rest }) => segments.length === 0 && rest)
  if (!isAll && first !== undefined && last !== undefined) {
    const everything = { actions, patterns: [{ segments: [], rest: true }] }
    const side = { claim: 'deciding against another resource', edit: edit(everything) }
    parts.push({ kind: 'resource', span: { start: first.start, end: last.end }, sides: [side] })
  }
  return parts
}

function memberParts(
  members: readonly { readonly kind: string }[],
  limits: readonly LimitModel[],
  edit: (at: number, limit: LimitModel | undefined) => Edit,
): readonly Part[] {
  return members.filter(isLimit).flatMap((member, at) => {
    const limit = limits[at]
    return limit === undefined ? [] : limitParts(limit, member.limit, (other) => edit(at, other))
  })
}

type LimitMember = Extract<SiteOf<'agent'>['node']['members'][number], { readonly kind: 'limit' }>

function isLimit(member: { readonly kind: string }): member is LimitMember {
  return member.kind === 'limit'
}

function limitParts(
  limit: LimitModel,
  node: LimitMember['limit'],
  edit: (limit: LimitModel | undefined) => Edit,
): readonly Part[] {
  const used: LimitModel =
    limit.kind === 'rate'
      ? { ...limit, windows: limit.windows.map(({ window }) => ({ window, count: 0n })) }
      : { ...limit, windows: limit.windows.map(({ window }) => ({ window, capNanoUsd: 0n })) }
  const whole: Part = {
    kind: 'limit',
    span: node,
    sides: [
      { claim: 'deciding where something is left', edit: edit(used) },
      { claim: 'deciding where it is used up', edit: edit(undefined) },
    ],
  }
  if (limit.kind === 'rate' || node.kind === 'rate' || node.throttle === undefined) return [whole]
  return [whole, ...throttleParts(limit, node.throttle, edit)]
}

function throttleParts(limit: BudgetModel, span: Span, edit: (limit: LimitModel) => Edit): readonly Part[] {
  const { throttle, ...free } = limit
  if (throttle === undefined) return []
  return [
    {
      kind: 'throttle',
      span,
      sides: [
        { claim: 'deciding below its threshold', edit: edit({ ...limit, throttle: { ...throttle, percent: 0 } }) },
        { claim: 'deciding from its threshold on', edit: edit(free) },
      ],
    },
  ]
}
