/** An explanation as text and as JSON. What is printed for the caller alone holds nothing of the policy. */
import type { RequestExplanation } from '../compiler/analyze/index.ts'
import type { Audience } from './explain.ts'
import type { PolicySource } from './policy-source.ts'

export interface ExplainReport {
  readonly explanation: RequestExplanation
  readonly texts: { readonly caller: string; readonly administrator: string }
  readonly source: PolicySource
  readonly audience: Audience
  readonly format: 'text' | 'json'
}

export function explainReport(report: ExplainReport): string {
  return report.format === 'json' ? `${JSON.stringify(toJson(report), null, 2)}\n` : toText(report)
}

type Factor = RequestExplanation['factors'][number]
type Candidate = Factor['candidates'][number]
type Guard = RequestExplanation['guards'][number]
type Change = NonNullable<RequestExplanation['change']>
type Edit = RequestExplanation['edits'][number]

function toText({ explanation, texts, source, audience }: ExplainReport): string {
  const { decision } = explanation
  const head = `${decision.decision} because ${decision.reason}\n`
  if (audience === 'caller') return `${head}\n${texts.caller}\n`
  return [
    head,
    section('chain', chainLines(explanation)),
    section(
      'authority',
      explanation.factors.flatMap((factor) => factorLines(factor, source)),
    ),
    section(
      'guardrails',
      explanation.guards.flatMap((guard) => guardLines(guard, source)),
    ),
    section(
      'meters',
      explanation.meters.map(({ key, reading, limit, unit }) => `${key}  reads ${reading}, limit ${limit} ${unit}`),
    ),
    section('why', texts.administrator.split('\n')),
    section('lines', frames(explanation, source)),
    ...(audience === 'both' ? [section('for the caller', [texts.caller])] : []),
    section('with other facts', explanation.change === undefined ? [] : changeLines(explanation.change)),
    section('through another chain', explanation.otherChains.map(chainText)),
    section(
      'with another policy',
      explanation.edits.flatMap((edit) => editLines(edit, source)),
    ),
  ].join('')
}

function section(title: string, lines: readonly string[]): string {
  const shown = lines.filter((line) => line !== '')
  return shown.length === 0 ? '' : `\n${title}\n${shown.map((line) => `  ${line}\n`).join('')}`
}

function chainLines({ chain }: RequestExplanation): readonly string[] {
  if (chain === undefined) return []
  return chain.members.map(({ name, type, owner, status, origin, roles }, index) => {
    const facts = [
      ...(type === undefined ? [] : [type]),
      ...(owner === undefined ? [] : [`owner "${owner}"`]),
      ...(roles.length === 0 ? [] : [`roles ${roles.join(', ')}`]),
      ...(origin === 'run time' ? ['made at run time'] : []),
      status === 'unknown' ? 'not known' : status,
    ]
    return `${index === 0 ? '' : '-> '}${name}: ${facts.join(', ')}`
  })
}

function factorLines(
  { kind, holder, from, candidates, isSatisfied, isRequired }: Factor,
  source: PolicySource,
): readonly string[] {
  const what =
    kind === 'own'
      ? `held by ${holder.name}`
      : kind === 'hop'
        ? `given by ${from} to ${holder.name}`
        : `boundary around ${holder.name}`
  const mark = isSatisfied ? 'yes' : isRequired ? 'no ' : '-  '
  const none = candidates.length === 0 ? ['      no grant for this action on this resource'] : []
  return [`${mark} ${what}`, ...none, ...candidates.flatMap((candidate) => candidateLines(candidate, source))]
}

function candidateLines(
  { grant, origin, failed, atoms, approval, delegation }: Candidate,
  source: PolicySource,
): readonly string[] {
  const name = origin === 'policy' ? source.showRule(grant.id) : 'made at run time'
  const unusable = delegation?.fault === undefined ? '' : `, the delegation is ${FAULTS[delegation.fault]}`
  const verdict =
    failed.length === 0
      ? 'satisfied'
      : failed.map((kind) => (kind === 'agent' ? 'not for this agent' : kind)).join(', ')
  const needs = approval === undefined ? '' : approval.isGiven ? ', approved' : ', needs approval'
  return [
    `      ${name}  ${verdict}${needs}${unusable}`,
    ...atoms.filter(({ value }) => value !== 'true').map(({ text, value }) => `          ${text}: ${value}`),
  ]
}

function chainText(via: readonly string[]): string {
  return via.length === 0 ? 'allowed to the agent alone' : `allowed via ${via.join(', ')}`
}

const FAULTS = { expired: 'expired', revoked: 'revoked', depth: 'too shallow' } as const

function guardLines({ rule, kind, denies, when, unless, approval }: Guard, source: PolicySource): readonly string[] {
  const verdict =
    approval?.isGiven === false
      ? 'asks for an approval'
      : denies.length > 0
        ? `denies ${denies.join(', ')}`
        : kind === 'limit'
          ? 'is charged'
          : 'lets it through'
  const said = [...when, ...unless].map(({ text, value }) => `    ${text}: ${value}`)
  return [`${kind} ${source.showRule(rule.id)}  ${verdict}`, ...said]
}

function changeLines(change: Change): readonly string[] {
  switch (change.kind) {
    case 'none':
      return ['nothing that the request could say opens it for this chain']
    case 'unknown':
      return [`unknown: ${change.why}`]
    case 'found':
      return change.changes.flatMap(({ changed, wanted, request, decision }) => [
        `${changed.map(factText).join(' and ')}${nextText(changed, request)}${change.isSmallest ? '' : '  (fewer facts could not be ruled out)'}`,
        ...wanted.map(({ name, text }) => `    ${name} ${text}`),
        `    then ${decision.decision}: ${JSON.stringify(request)}`,
      ])
  }
}

/** The first time that will do, where it is the time that changes. */
function nextText(changed: readonly Changed[], request: object): string {
  return changed.includes('now') && 'now' in request ? `, next at ${String(request.now)}` : ''
}

type Changed = Extract<Change, { readonly kind: 'found' }>['changes'][number]['changed'][number]

function factText(fact: Changed): string {
  switch (fact) {
    case 'ip':
      return 'another address'
    case 'now':
      return 'another time'
    case 'trust':
      return 'another trust'
    case 'cost':
      return 'another cost'
    case 'approval':
      return 'an approval'
    case 'call':
      return 'arguments, if none'
    case 'extra':
      return 'one argument more'
    case 'readings':
      return 'meters that have begun anew'
    case 'since':
      return 'hops that are opened anew'
    default:
      return `another args.${fact.slice('arg '.length)}`
  }
}

function editLines({ edits, placed, decision, alsoOpens }: Edit, source: PolicySource): readonly string[] {
  const places =
    placed.length === edits.length
      ? placed.flatMap(({ path, line, text }) => [
          `${source.showPath(path)}:${line}`,
          ...text.split('\n').map((added) => `  + ${added}`),
        ])
      : edits.map((edit) => `${edit.kind}${'text' in edit ? `: ${edit.text.replace(/\s+/g, ' ')}` : ''}`)
  const then = decision.allowed ? [] : [`  then still ${decision.decision} because ${decision.reason}`]
  const also = alsoOpens.length === 0 ? ['  opens nothing else'] : alsoOpens.map((text) => `  also opens ${text}`)
  return [...places, ...then, ...also]
}

const MOST_LINES = 6

/** The lines of the rules that decided. */
function frames({ decision, factors, guards }: RequestExplanation, source: PolicySource): readonly string[] {
  const ids = new Set<number>()
  for (const { nearest } of factors) if (nearest?.origin === 'policy') ids.add(nearest.grant.id)
  for (const { rule, denies } of guards) if (denies.length > 0) ids.add(rule.id)
  for (const id of decision.charged ?? [decision.grant ?? -1]) if (id >= 0) ids.add(id)
  return [...ids].sort((a, b) => a - b).flatMap((id) => frameOf(id, source))
}

function frameOf(id: number, source: PolicySource): readonly string[] {
  const rule = source.map?.rules[id]
  const text = rule && source.sourceText(rule.path)
  if (rule === undefined || text === undefined) return []
  const from = text.lastIndexOf('\n', rule.span.start - 1) + 1
  const lineEnd = text.indexOf('\n', rule.span.end)
  const lines = text.slice(from, lineEnd < 0 ? text.length : lineEnd).split('\n')
  const width = String(rule.line + lines.length).length
  const shown = lines
    .slice(0, MOST_LINES)
    .map((line, index) => `${String(rule.line + index).padStart(width)} | ${line}`)
  return [`${source.showRule(id)}`, ...shown, ...(lines.length > MOST_LINES ? [`${' '.repeat(width)} | ...`] : [])]
}

/** As data. Numbers that JSON cannot hold are text. */
function toJson({ explanation, texts, source, audience }: ExplainReport): unknown {
  const { decision } = explanation
  if (audience === 'caller') {
    const { decision: outcome, allowed, reason, retryAfter } = decision
    return { decision: outcome, allowed, reason, ...(retryAfter !== undefined && { retryAfter }), caller: texts.caller }
  }
  const { request, fault, chain, factors, guards, meters, change, otherChains, edits } = explanation
  const ruleOf = (id: number) => ({ id, rule: source.showRule(id) })
  return {
    request,
    decision,
    ...(fault !== undefined && { fault }),
    ...(audience === 'both' && { caller: texts.caller }),
    administrator: texts.administrator,
    chain: (chain?.members ?? []).map(({ name, type, owner, status, origin, roles, expiresAt }) => ({
      name,
      type,
      owner,
      origin,
      status,
      roles,
      expiresAt,
    })),
    authority: factors.map(({ kind, holder, from, isSatisfied, isRequired, candidates, nearest }) => ({
      kind,
      holder: holder.name,
      from,
      isSatisfied,
      isRequired,
      nearest: nearest && (nearest.origin === 'policy' ? nearest.grant.id : -1),
      candidates: candidates.map(({ grant, origin, failed, atoms, approval, delegation }) => ({
        ...(origin === 'policy' ? ruleOf(grant.id) : { id: -1 }),
        failed,
        conditions: atoms.map(({ text, kind: atomKind, value }) => ({ text, kind: atomKind, value })),
        ...(approval && { approval }),
        ...(delegation?.fault !== undefined && { unusable: delegation.fault }),
      })),
    })),
    guardrails: guards.map(({ rule, kind, denies, when, unless, approval }) => ({
      ...ruleOf(rule.id),
      kind,
      denies,
      conditions: [...when, ...unless].map(({ text, kind: atomKind, value }) => ({ text, kind: atomKind, value })),
      ...(approval && { approval }),
    })),
    meters,
    ...(change && { change: changeJson(change) }),
    otherChains,
    edits: edits.map(({ edits: made, placed, decision: then, alsoOpens }) => ({
      kinds: made.map(({ kind }) => kind),
      places: placed.map(({ path, line, text, edit }) => ({ path: source.showPath(path), line, text, edit })),
      decision: then.decision,
      reason: then.reason,
      alsoOpens,
    })),
  }
}

function changeJson(change: Change): unknown {
  if (change.kind !== 'found') return change
  const { kind, isSmallest, changes } = change
  return {
    kind,
    isSmallest,
    changes: changes.map(({ changed, wanted, request, decision }) => ({
      changed: changed.map((fact) => (fact.startsWith('arg ') ? `args.${fact.slice('arg '.length)}` : fact)),
      wanted,
      request,
      decision: decision.decision,
    })),
  }
}
