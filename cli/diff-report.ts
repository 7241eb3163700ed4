/** A comparison of two policies in rows, as every format prints them. */
import type {
  AgentChange,
  Cause,
  DepthChange,
  ExpiryChange,
  Fact,
  LimitChange,
  PolicyDiff,
  Region,
  ToolChange,
} from '../compiler/analyze/index.ts'
import type { loadAnalyses } from './language.ts'
import type { PolicySource } from './policy-source.ts'

export interface DiffReport {
  readonly old: PolicySource
  readonly new: PolicySource
  readonly diff: PolicyDiff
  readonly newAccess: readonly RegionRow[]
  readonly lostAccess: readonly RegionRow[]
  readonly unknown: readonly { readonly who: string; readonly what: string; readonly why: string }[]
  /** One line for each agent that came, went or changed, and each change of expiries, depths, limits, assertions, tools. */
  readonly agents: readonly string[]
  readonly expiries: readonly string[]
  readonly depths: readonly string[]
  readonly limits: readonly string[]
  readonly assertions: readonly string[]
  readonly tools: readonly string[]
  /** Said when hosts would refuse the new policy. */
  readonly generation: string | undefined
}

export interface RegionRow {
  readonly region: Region
  readonly isWaived: boolean
  /** `new access`, `approval dropped`, `lost access`, `approval added`. */
  readonly title: string
  readonly who: string
  readonly what: readonly string[]
  /** Boxes beyond those of `what`. */
  readonly more: number
  /** Why: the rules that allow it, or what is gone. */
  readonly why: string
  /** `PATH:LINE` of the rules that allow it. */
  readonly places: readonly string[]
  readonly witness: string
  /** What must be made at run time for the witness. */
  readonly state: string | undefined
}

type Analyses = Awaited<ReturnType<typeof loadAnalyses>>

export interface ReportInput {
  readonly old: PolicySource
  readonly new: PolicySource
  readonly diff: PolicyDiff
  readonly allowed: ReadonlySet<string>
}

export function toReport({ old, new: new_, diff, allowed }: ReportInput, analyses: Analyses): DiffReport {
  const row = (region: Region, isNew: boolean): RegionRow => {
    const [has, other] = isNew ? [new_, old] : [old, new_]
    const { witness } = region
    const facts = region.parts.flatMap(({ boxes }) => boxes)
    const isApproval = region.kind === 'approval'
    const texts = new Set(facts.map((box) => analyses.factsText(isApproval ? withoutApproval(box) : box)))
    const what = [...texts].slice(0, MAX_FACTS)
    const boxCount = region.parts.reduce((sum, part) => sum + part.boxCount, 0)
    return {
      region,
      isWaived: isNew && allowed.has(region.digest),
      title: isNew ? (isApproval ? 'approval dropped' : 'new access') : isApproval ? 'approval added' : 'lost access',
      who: whoText(region.parts.flatMap(({ who }) => who)),
      what,
      more: boxCount - facts.length + texts.size - what.length,
      why: causeText(region.cause, { has, other, isNew }, analyses),
      places: region.grants.slice(0, MAX_PLACES).map((id) => has.showRule(id)),
      witness: analyses.requestText(witness.request),
      state: witness.state && JSON.stringify(witness.state),
    }
  }
  return {
    old,
    new: new_,
    diff,
    newAccess: diff.newAccess.map((region) => row(region, true)),
    lostAccess: diff.lostAccess.map((region) => row(region, false)),
    unknown: diff.unknown.map(({ who, facts, why }) => ({ who: chainText(who), what: factsOf(facts, analyses), why })),
    agents: diff.agents.map(agentText),
    expiries: diff.expiries.map(expiryText),
    depths: diff.depths.map(depthText),
    limits: diff.limits.map((change) => limitText(change, old, new_)),
    assertions: [
      ...(diff.assertions?.removed ?? []).map((text) => `removed: assert ${text}`),
      ...(diff.assertions?.added ?? []).map((text) => `added: assert ${text}`),
    ],
    tools: (diff.tools ?? []).map((change) => toolText(change, new_)),
    generation: diff.generation.isStale ? generationText(diff) : undefined,
  }
}

/** That somebody's approval is missing is said by the title; the pieces differ in whose, and how old it is. */
function withoutApproval(facts: readonly Fact[]): readonly Fact[] {
  return facts.filter(({ name }) => name !== 'approval')
}

const MAX_FACTS = 4
const MAX_PLACES = 4
const MAX_WHO = 6

/** New access that nobody has waived. */
export function unwaived({ newAccess }: DiffReport): readonly RegionRow[] {
  return newAccess.filter(({ isWaived }) => !isWaived)
}

function factsOf(facts: readonly Fact[] | undefined, { factsText }: Analyses): string {
  return facts === undefined ? 'anything' : factsText(facts)
}

/** `a, b, a -> c and 3 more`. */
function whoText(chains: readonly (readonly string[])[]): string {
  const texts = [...new Set(chains.map(chainText))]
  if (texts.length <= MAX_WHO) return texts.join(', ')
  return `${texts.slice(0, MAX_WHO).join(', ')} and ${texts.length - MAX_WHO} more`
}

function chainText(names: readonly string[]): string {
  return names.map((name) => (name === '*' ? 'any agent made at run time' : name)).join(' -> ')
}

function causeText(
  cause: Cause,
  { has, other, isNew }: { readonly has: PolicySource; readonly other: PolicySource; readonly isNew: boolean },
  analyses: Analyses,
): string {
  const gone = isNew ? 'is not in the new policy any more' : 'is new'
  switch (cause.kind) {
    case 'grants': {
      const shown = cause.ids.slice(0, MAX_PLACES).map((id) => `${ruleText(has, id, analyses)} (${has.showRule(id)})`)
      const more = cause.ids.length > shown.length ? ` and ${cause.ids.length - shown.length} more` : ''
      return `${shown.join(', ')}${more}`
    }
    case 'guardrail':
      return `${ruleText(other, cause.id, analyses)} (${other.showRule(cause.id)}) ${gone}`
    case 'principals':
      return `${cause.names.join(', ') || 'boundary runtime'}: expiry, owner, type, budget or depth changed`
  }
}

/** The text of a rule on one line: as it was written where that is known, else as the model says it. */
export function ruleText(source: PolicySource, id: number, analyses: Analyses): string {
  const origin = source.map?.rules[id]
  const text = origin && source.sourceText(origin.path)
  if (origin !== undefined && text !== undefined) {
    return text
      .slice(origin.span.start, origin.span.end)
      .replace(/\s*\/\/.*$/gm, '')
      .replace(/\s+/g, ' ')
      .trim()
  }
  const { model } = source
  const grants = [...model.roles, ...model.agents, ...model.delegations, ...(model.boundary ? [model.boundary] : [])]
  const grant = grants.flatMap((holder) => holder.grants).find((candidate) => candidate.id === id)
  if (grant !== undefined) return analyses.describeGrant(grant).text
  const forbid = model.forbids.find((candidate) => candidate.id === id)
  if (forbid !== undefined) return analyses.describeForbid(forbid).text
  const rule = model.requires.find((candidate) => candidate.id === id)
  if (rule !== undefined) return analyses.describeRequire(rule).text
  const limit = model.limits.find((candidate) => candidate.id === id)
  return limit === undefined ? `rule ${id}` : analyses.describeGuardrailLimit(limit).text
}

function agentText({ name, change, old, new: new_ }: AgentChange): string {
  switch (change) {
    case 'added':
    case 'removed':
      return `${change}: ${name}`
    case 'type':
      return `${name}: type ${new_ ?? 'none'}, was ${old ?? 'none'}`
    case 'owner':
      return `${name}: owner ${new_ === undefined ? 'none' : JSON.stringify(new_)}, was ${old === undefined ? 'none' : JSON.stringify(old)}`
  }
}

function expiryText({ holder, change, old, new: new_ }: ExpiryChange): string {
  switch (change) {
    case 'added':
      return `${holder}: expires ${new_ ?? ''}, before never`
    case 'removed':
      return `${holder}: never expires any more, before ${old ?? ''}`
    case 'other':
      return `${holder}: expires ${new_ ?? ''}, before ${old ?? ''}`
    default:
      return `${holder}: expires ${change}, ${new_ ?? ''}, before ${old ?? ''}`
  }
}

function depthText({ holder, change, old, new: new_ }: DepthChange): string {
  return `${holder}: ${change}, ${new_} ${new_ === 1 ? 'hop' : 'hops'}, before ${old}`
}

function limitText(
  { change, holder, subject, old, new: new_, oldRule, newRule }: LimitChange,
  before: PolicySource,
  after: PolicySource,
): string {
  const place =
    newRule !== undefined
      ? ` (${after.showRule(newRule)})`
      : oldRule !== undefined
        ? ` (${before.showRule(oldRule)})`
        : ''
  const about = `${holder}, ${subject}`
  if (new_ === undefined) return `removed: ${about}: ${old ?? ''}${place}`
  if (old === undefined) return `added: ${about}: ${new_}${place}`
  return `${change === 'other' ? 'changed' : change}: ${about}: ${new_}, was ${old}${place}`
}

function toolText(
  { catalog, tool, change, details, isDestructive, coveredBy }: ToolChange,
  source: PolicySource,
): string {
  const destroys = isDestructive ? ', which may destroy' : ''
  const covered =
    coveredBy.length === 0
      ? ''
      : `; covered by ${coveredBy
          .slice(0, MAX_PLACES)
          .map((id) => source.showRule(id))
          .join(', ')}${coveredBy.length > MAX_PLACES ? ` and ${coveredBy.length - MAX_PLACES} more` : ''}`
  const how = details.length === 0 ? '' : `: ${details.join('; ')}`
  return `${change}: ${catalog}:${tool}${destroys}${how}${covered}`
}

function generationText({ generation }: PolicyDiff): string {
  return `the policy changed and its generation went from ${generation.old} to ${generation.new}: hosts take a larger one only`
}

/** The sections behind access, with their titles; empty ones are left out. */
export function sectionsOf(
  report: DiffReport,
): readonly { readonly title: string; readonly lines: readonly string[] }[] {
  return [
    { title: 'Agents', lines: report.agents },
    { title: 'Expiries', lines: report.expiries },
    { title: 'Delegation depth', lines: report.depths },
    { title: 'Limits', lines: report.limits },
    { title: 'Assertions', lines: report.assertions },
    { title: 'Tools', lines: report.tools },
  ].filter(({ lines }) => lines.length > 0)
}
