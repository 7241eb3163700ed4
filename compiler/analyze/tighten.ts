/**
 * The smallest policy that covers what was seen: unused grants go, used ones keep the actions and resources that were needed.
 *
 * Conditions, approvals, limits, guardrails, tests and assertions stay as they are. Everything is done to the text, and the result
 * is proved to allow nothing that the policy did not allow before.
 */

import { type Diagnostic, type PolicyFile, parsePolicy, type TextEdit } from '../../grammar/index.ts'
import { checkPolicy, lineText } from '../front/index.ts'
import { formatPattern, type PolicyModel } from '../model/index.ts'
import { proveDelegation } from './delegation-proof.ts'
import { nameText } from './describe-rule.ts'
import { diffPolicies } from './diff.ts'
import { grantsById } from './mutate.ts'
import { type Place, placeOf, type Site, sitesOf, type WrittenPolicy } from './mutate-site.ts'
import { analyze } from './subject.ts'
import type { ConditionKeeper } from './tighten-condition.ts'
import { applyEdits, removal } from './tighten-edit.ts'
import { type Generalise, narrowPattern } from './tighten-pattern.ts'
import type { GrantUsage, Usage } from './tighten-usage.ts'

export interface Tightened {
  readonly model: PolicyModel
  /** Every file, in the order of the policy, changed or not. */
  readonly files: readonly { readonly path: string; readonly before: string; readonly after: string }[]
  /** In the order of the text. */
  readonly grants: readonly TightenedGrant[]
  /** Delegations that give nothing any more and are gone. */
  readonly delegations: readonly Place[]
}

export interface TightenedGrant {
  readonly id: number
  readonly place: Place
  readonly text: string
  readonly fate: 'kept' | 'narrowed' | 'removed'
  readonly count: number
}

export type Tightening =
  | { readonly kind: 'tightened'; readonly result: Tightened }
  /** It could not be proved; never to be written. */
  | { readonly kind: 'unproved'; readonly why: string }
  /** The text that came out is no policy, or allows more: a defect of ours, and never to be written. */
  | { readonly kind: 'broken'; readonly why: string }

export interface TightenOptions {
  readonly generalise: Generalise
  /** Conditions are narrowed too, to what was seen. */
  readonly conditions?: ConditionKeeper
}

/** Deterministic: the same policy and the same usage give the same text. */
export function tighten(policy: WrittenPolicy, usage: Usage, options: TightenOptions): Tightening {
  const sites = sitesOf(policy)
  /** Grants that keep their scope, so that what is delegated of them stays within them. */
  const whole = new Set<number>()
  for (;;) {
    const attempt = attemptAt(policy, { usage, options, sites, whole })
    if ('why' in attempt) return attempt
    const strained = newlyEscalating(policy.model, attempt.model)
    const added = strained
      .flatMap((name) => grantsOf(policy.model, name))
      .filter((id) => usage.has(id) && !whole.has(id))
    if (added.length === 0) return strained.length > 0 ? UNDELEGATED : proved(policy, attempt)
    for (const id of added) whole.add(id)
  }
}

const UNDELEGATED: Tightening = {
  kind: 'unproved',
  why: 'a delegation would give more than its giver holds',
}

interface Attempt {
  readonly usage: Usage
  readonly options: TightenOptions
  readonly sites: readonly Site[]
  readonly whole: ReadonlySet<number>
}

function attemptAt(
  policy: WrittenPolicy,
  attempt: Attempt,
): Tightened | Extract<Tightening, { readonly kind: 'broken' }> {
  const { sites, options } = attempt
  const held = grantsById(policy)
  const edits: TextEdit[] = []
  const grants: TightenedGrant[] = []
  const delegations: Place[] = []
  const gone = new Set<number>()
  for (const site of sites) {
    if (site.kind !== 'delegation') continue
    const isUsed = site.node.members.some(
      (member) => member.kind === 'grant' && isUsedAt(member.start, site.file, attempt),
    )
    if (isUsed) continue
    edits.push(removal(site.file, site.node))
    delegations.push(placeOf(site.file, site.node))
    for (const member of site.node.members) if (member.kind === 'grant') gone.add(member.start)
  }
  for (const site of sites) {
    if (site.kind !== 'grant') continue
    const { file, node, id } = site
    const place = { id, place: placeOf(file, node), text: `allow ${lineText(file, node.scope)}` }
    const used = attempt.usage.get(id)
    const grant = held.get(id)
    if (used === undefined || grant === undefined) {
      const isWithin = edits.some(
        ({ path, span }) => path === file.path && span.start <= node.start && node.end <= span.end,
      )
      if (!isWithin) edits.push(removal(file, node))
      grants.push({ ...place, fate: 'removed', count: 0 })
      continue
    }
    const narrowed = attempt.whole.has(id)
      ? []
      : [...scopeEdits(site, grant.patterns, grant.actions, used, options.generalise)]
    if (!attempt.whole.has(id)) narrowed.push(...(options.conditions?.edits(id) ?? []))
    edits.push(...narrowed)
    grants.push({ ...place, fate: narrowed.length > 0 ? 'narrowed' : 'kept', count: used.count })
  }
  const files = policy.files.map((file) => ({ path: file.path, before: file.text, after: applyEdits(file, edits) }))
  const parsed = files.map(({ path, after }) => parsePolicy(path, after))
  const checked = checkPolicy(parsed.map(({ file }) => file))
  const errors = [...parsed.flatMap(({ diagnostics }) => diagnostics), ...checked.diagnostics].filter(isError)
  const { model } = checked
  if (model === undefined || errors.length > 0) {
    return { kind: 'broken', why: errors[0]?.message ?? 'the text that came out is no policy' }
  }
  return { model, files, grants, delegations }
}

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error'
}

function isUsedAt(start: number, file: PolicyFile, { sites, usage }: Attempt): boolean {
  return sites.some(
    (site) => site.kind === 'grant' && site.file === file && site.node.start === start && usage.has(site.id),
  )
}

/** Edits of the actions and of the resources, each only where something is narrower. */
function scopeEdits(
  { file, node }: Extract<Site, { readonly kind: 'grant' }>,
  patterns: readonly Parameters<typeof narrowPattern>[0][],
  actions: readonly string[] | undefined,
  used: GrantUsage,
  generalise: Generalise,
): readonly TextEdit[] {
  const edits: TextEdit[] = []
  const kept = (actions ?? [...used.actions].sort()).filter((action) => used.actions.has(action))
  if (actions === undefined || kept.length < actions.length) {
    const { start, end } = node.scope.actions
    edits.push({ path: file.path, span: { start, end }, text: kept.map(nameText).join(', ') })
  }
  const texts = patterns.flatMap((pattern, at) => {
    const resources = used.resources[at]
    const written = node.scope.patterns[at]?.text ?? formatPattern(pattern)
    if (resources === undefined) return [written]
    if (resources.size === 0) return []
    const narrow = narrowPattern(pattern, [...resources], generalise)
    return narrow.length === 1 && narrow[0] === pattern ? [written] : narrow.map(formatPattern)
  })
  const before = node.scope.patterns.map(({ text }) => text)
  const [first, last] = [node.scope.patterns[0], node.scope.patterns.at(-1)]
  if (first !== undefined && last !== undefined && texts.join() !== before.join()) {
    edits.push({ path: file.path, span: { start: first.start, end: last.end }, text: [...new Set(texts)].join(', ') })
  }
  return edits
}

/** Who delegates more than is held, and did not before. */
function newlyEscalating(before: PolicyModel, after: PolicyModel): readonly string[] {
  if (after.delegations.length === 0) return []
  const original = analyze(before)
  const sound = new Set(
    before.delegations.flatMap((delegation, index) =>
      proveDelegation(original, index).kind === 'escalates' ? [] : [`${delegation.from}:${delegation.to}`],
    ),
  )
  const policy = analyze(after)
  return after.delegations.flatMap(({ from, to }, index) =>
    sound.has(`${from}:${to}`) && proveDelegation(policy, index).kind === 'escalates' ? [from] : [],
  )
}

/** Everything that an agent may hold: its own, its roles', and what was delegated to it. */
function grantsOf({ agents, roles, delegations }: PolicyModel, name: string): readonly number[] {
  const agent = agents.find((other) => other.name === name)
  const holders = [
    ...(agent === undefined ? [] : [agent, ...(agent.roles ?? []).flatMap((role) => roles[role] ?? [])]),
    ...delegations.filter(({ to }) => to === name),
  ]
  return holders.flatMap(({ grants }) => grants.map(({ id }) => id))
}

function proved(policy: WrittenPolicy, result: Tightened): Tightening {
  const { newAccess, unknown } = diffPolicies({ model: policy.model }, { model: result.model })
  if (newAccess.length > 0) return { kind: 'broken', why: 'it would allow what the policy does not' }
  const [first] = unknown
  if (first !== undefined) return { kind: 'unproved', why: first.why }
  return { kind: 'tightened', result }
}
