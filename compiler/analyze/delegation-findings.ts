/** What a policy's delegations come to, as findings beside those of `checkPolicy`. */
import type { DelegationDeclaration, Diagnostic, GrantNode, PolicyFile, Span } from '../../grammar/index.ts'
import type { UnreachedLimit } from '../algebra/index.ts'
import type { SourceMap } from '../front/index.ts'
import { formatDecimal, formatPattern, type GrantModel, type PolicyModel } from '../model/index.ts'
import type { AnalyzedPolicy } from './analyzed-policy.ts'
import { type DelegationProof, proveDelegation } from './delegation-proof.ts'
import { requestText } from './request-text.ts'
import type { PolicyUnderAnalysis } from './subject.ts'

/** A delegation of the text with what was found out about it. */
export interface ProvedDelegation {
  readonly from: string
  readonly to: string
  readonly proof: DelegationProof
}

/** Proves every `delegate`. KV4101, KV4103, KV4104 for one that gives too much, KV4102 for a limit never reached, KV9001 for *unknown*. */
export function analyzeDelegations(
  policy: PolicyUnderAnalysis,
  { files, model, map }: AnalyzedPolicy,
): { readonly diagnostics: readonly Diagnostic[]; readonly delegations: readonly ProvedDelegation[] } {
  const nodes = files.flatMap((file) =>
    file.declarations.flatMap((node) => (node.kind === 'delegation' ? [{ file, node }] : [])),
  )
  const diagnostics: Diagnostic[] = []
  const delegations = model.delegations.map(({ from, to }, index) => {
    const proof = proveDelegation(policy, index)
    const located = nodes[index]
    if (located !== undefined) diagnostics.push(...toFindings({ ...located, files, map, model }, proof))
    return { from, to, proof }
  })
  return { diagnostics, delegations }
}

interface Place {
  readonly file: PolicyFile
  readonly node: DelegationDeclaration
  readonly files: readonly PolicyFile[]
  readonly map: SourceMap
  readonly model: PolicyModel
}

function toFindings(place: Place, proof: DelegationProof): readonly Diagnostic[] {
  switch (proof.kind) {
    case 'void':
      return []
    case 'proved':
      return proof.unreached.map((unreached) => unreachedFinding(place, unreached))
    case 'unknown':
      return [
        {
          code: 'KV9001',
          severity: 'warning',
          message: `not proved: whether \`${place.node.from.text}\` holds all that it delegates`,
          path: place.file.path,
          span: headOf(place.node),
          label: 'this delegation',
          notes: [{ key: 'unknown', text: proof.why }],
          help: 'write fewer overlapping grants or simpler patterns; what is unknown is never taken for proved',
        },
      ]
    case 'escalates':
      return [escalation(place, proof)]
  }
}

const CODES = { requests: 'KV4101', expiry: 'KV4103', depth: 'KV4104' } as const

function escalation(
  place: Place,
  { excess, answer }: Extract<DelegationProof, { readonly kind: 'escalates' }>,
): Diagnostic {
  const { node, file } = place
  const from = node.from.text
  const member = memberSpan(node, excess)
  const grant = grantNode(place, answer.grant)
  const { witness, nearest, isInScope: holdsScope } = answer
  const held = nearest && place.map.rules[nearest.id]
  const span = member ?? (grant && witness ? wordOf(grant, witness.action, holdsScope) : headOf(node))
  return {
    code: CODES[excess],
    severity: 'error',
    message: MESSAGES[excess](from),
    path: file.path,
    span,
    label: labelOf(excess, from, witness, holdsScope),
    ...(held && { secondary: [{ path: held.path, span: held.span, label: 'nearest grant' }] }),
    ...(witness && { notes: [{ key: 'witness', text: requestText({ agent: from, ...witness }) }] }),
    help: remedy(excess, answer.grant, nearest, holdsScope, place),
  }
}

const MESSAGES = {
  requests: (from: string) => `this delegation gives more than \`${from}\` holds`,
  expiry: (from: string) => `this delegation lasts longer than what \`${from}\` holds`,
  depth: (from: string) => `this delegation may be passed on more often than \`${from}\` may pass it on`,
}

function labelOf(
  excess: keyof typeof CODES,
  from: string,
  witness: { readonly action: string; readonly resource: string } | undefined,
  holdsScope: boolean,
): string {
  if (excess === 'expiry') return `\`${from}\` holds this for a shorter time`
  if (excess === 'depth') return `deeper than \`${from}\` may delegate`
  if (witness === undefined) return 'not held'
  const { action, resource } = witness
  return holdsScope
    ? `\`${from}\` may ${action} on ${resource} only under narrower conditions`
    : `\`${from}\` has no ${action} on ${resource}`
}

function remedy(
  excess: keyof typeof CODES,
  given: GrantModel,
  nearest: GrantModel | undefined,
  holdsScope: boolean,
  { node, files, map }: Place,
): string {
  if (excess === 'expiry') return 'let it expire no later, or leave its expiry out: a hop ends with those above it'
  if (excess === 'depth') return `lower its \`depth\`, or let \`${node.from.text}\` delegate deeper`
  if (nearest === undefined) return `give \`${node.from.text}\` the access first, or remove this line`
  if (holdsScope) {
    const text = ruleText(files, map, nearest.id)
    const clauses = text === undefined ? undefined : /\s((?:when|needs)\s[\s\S]*)$/.exec(text)?.[1]
    return clauses === undefined
      ? 'restate the condition and the approval of that grant'
      : `restate what that grant asks: \`${clauses.replace(/\s+/g, ' ')}\``
  }
  const actions =
    nearest.actions === undefined
      ? given.actions
      : given.actions === undefined
        ? nearest.actions
        : given.actions.filter((action) => nearest.actions?.includes(action))
  const names =
    actions === undefined ? '*' : actions.length === 0 ? (nearest.actions ?? ['*']).join(', ') : actions.join(', ')
  const patterns = nearest.patterns.map(formatPattern).join(', ')
  return `narrow to \`${names} on ${patterns}\``
}

function ruleText(files: readonly PolicyFile[], map: SourceMap, id: number): string | undefined {
  const rule = map.rules[id]
  const file = files.find(({ path }) => path === rule?.path)
  return rule === undefined ? undefined : file?.text.slice(rule.span.start, rule.span.end)
}

function grantNode({ node, map }: Place, grant: GrantModel): GrantNode | undefined {
  const start = map.rules[grant.id]?.span.start
  return node.members.find((member): member is GrantNode => member.kind === 'grant' && member.start === start)
}

/** The action that is too much, or the whole line where conditions are. */
function wordOf(grant: GrantNode, action: string, holdsScope: boolean): Span {
  const { actions } = grant.scope
  const name = actions.names.find(({ text }) => text === action)
  const at = holdsScope ? (grant.when ?? grant.scope) : (name ?? actions)
  return { start: at.start, end: at.end }
}

function memberSpan(node: DelegationDeclaration, excess: keyof typeof CODES): Span | undefined {
  if (excess === 'requests') return undefined
  const kinds = excess === 'depth' ? ['depth'] : ['expires-at', 'expires-in']
  const member = node.members.find(({ kind }) => kinds.includes(kind))
  return member && { start: member.start, end: member.end }
}

function headOf(node: DelegationDeclaration): Span {
  return { start: node.start, end: node.to.end }
}

function unreachedFinding(place: Place, { grant, limit }: UnreachedLimit): Diagnostic {
  const node = grant && grantNode(place, grant)
  const clause = node?.clauses.find(({ kind }) => kind === 'rate')
  const own = place.node.members.find((member) => member.kind === 'limit')
  const span = clause ?? own ?? headOf(place.node)
  const most = limit.kind === 'rate' ? String(limit.outer) : `${formatDecimal(limit.outer)} USD`
  return {
    code: 'KV4102',
    severity: 'warning',
    message: `this limit is never reached: \`${place.node.from.text}\` has less`,
    path: place.file.path,
    span: { start: span.start, end: span.end },
    label: `at most ${most} per ${limit.window} are left to give`,
    help: 'every hop of a chain is charged; write a limit below that, or leave it out and the one above holds',
  }
}
