/** What a policy's delegations come to, as findings beside those of `checkPolicy`. */
import type {
  DelegationDeclaration,
  Diagnostic,
  GrantNode,
  PatternNode,
  PolicyFile,
  Span,
} from '../../grammar/index.ts'
import type { NearestHeld, UnreachedLimit } from '../algebra/index.ts'
import { formatDecimal } from '../model/index.ts'
import type { AnalyzedPolicy } from './analyzed-policy.ts'
import { type DelegationProof, proveDelegation } from './delegation-proof.ts'
import { indexGrants } from './lints/index-grants.ts'
import { type LocatedGrant, narrowedGrant } from './narrowed-grant.ts'
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
  analyzed: AnalyzedPolicy,
): { readonly diagnostics: readonly Diagnostic[]; readonly delegations: readonly ProvedDelegation[] } {
  const nodes = analyzed.files.flatMap((file) =>
    file.declarations.flatMap((node) => (node.kind === 'delegation' ? [{ file, node }] : [])),
  )
  const grants = indexGrants(analyzed)
  const diagnostics: Diagnostic[] = []
  const delegations = analyzed.model.delegations.map(({ from, to }, index) => {
    const proof = proveDelegation(policy, index)
    const located = nodes[index]
    if (located !== undefined) diagnostics.push(...toFindings({ ...located, policy, analyzed, grants }, proof))
    return { from, to, proof }
  })
  return { diagnostics, delegations }
}

interface Place {
  readonly file: PolicyFile
  readonly node: DelegationDeclaration
  readonly policy: PolicyUnderAnalysis
  readonly analyzed: AnalyzedPolicy
  readonly grants: ReadonlyMap<number, LocatedGrant>
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

type Escalation = Extract<DelegationProof, { readonly kind: 'escalates' }>
type Answer = Escalation['answer']
type Details = Pick<Diagnostic, 'code' | 'message' | 'span' | 'label' | 'secondary' | 'help'>

function escalation(place: Place, { excess, answer }: Escalation): Diagnostic {
  const { code, message, span, label, secondary = [], help } = DETAILS[excess](place, answer)
  const { witness } = answer
  return {
    code,
    severity: 'error',
    message,
    path: place.file.path,
    span,
    ...(label !== undefined && { label }),
    ...(secondary.length > 0 && { secondary }),
    ...(witness && { notes: [{ key: 'witness', text: requestText({ agent: place.node.from.text, ...witness }) }] }),
    ...(help !== undefined && { help }),
  }
}

const DETAILS = { requests: moreRequests, expiry: laterExpiry, depth: moreHops } as const

function moreRequests(place: Place, answer: Answer): Details {
  const { node, analyzed, grants } = place
  const from = node.from.text
  const given = grants.get(answer.grant.id)
  const { nearest } = answer
  const rule = nearest && analyzed.map.rules[nearest.grant.id]
  return {
    code: 'KV4101',
    message: `this delegation gives more than \`${from}\` holds`,
    span: given === undefined ? headOf(node) : excessSpan(place, given.node, answer),
    label: excessLabel(from, given?.node, answer),
    ...(rule && { secondary: [{ path: rule.path, span: rule.span, label: 'nearest grant' }] }),
    help: remedy(place, given, nearest),
  }
}

/** The action, the pattern or the clause that is too much; the scope where a clause is missing. */
function excessSpan(place: Place, { scope, when, clauses }: GrantNode, { witness, nearest }: Answer): Span {
  const { actions, patterns } = scope
  const action = actions.names.find(({ text }) => text === witness?.action) ?? actions
  const at = (): Span => {
    switch (nearest?.narrower) {
      case undefined:
        return scope
      case 'action':
        return action
      case 'resource':
        // Of many actions on one pattern, which of them it is says more.
        return actions.names.length > 1 && patterns.length === 1
          ? action
          : (patternOf(place, patterns, witness?.resource) ?? scope)
      case 'condition':
        return when ?? scope
      case 'approval':
        return clauses.find(({ kind }) => kind === 'approval') ?? scope
    }
  }
  const { start, end } = at()
  return { start, end }
}

function patternOf(
  { policy }: Place,
  patterns: readonly PatternNode[],
  resource: string | undefined,
): PatternNode | undefined {
  if (resource === undefined) return undefined
  const found = policy.ask(({ universe: { languages } }) => ({
    kind: 'answered' as const,
    pattern: patterns.find(({ value }) => languages.accepts(languages.ofPattern(value), resource)),
  }))
  return found.kind === 'answered' ? found.pattern : undefined
}

function excessLabel(from: string, given: GrantNode | undefined, { witness, nearest }: Answer): string {
  if (witness === undefined) return 'not held'
  const { action, resource } = witness
  const may = `\`${from}\` may ${action} on ${resource}`
  switch (nearest?.narrower) {
    case 'condition':
      return `${may} only under narrower conditions`
    case 'approval':
      return given?.clauses.some(({ kind }) => kind === 'approval')
        ? `${may} only with another approval`
        : `${may} only with an approval`
    default: {
      const lacks = `\`${from}\` has no ${action} on ${resource}`
      return nearest?.narrower === 'action' && given?.scope.actions.any ? `\`*\` is every action, and ${lacks}` : lacks
    }
  }
}

function remedy(
  { node, grants, policy }: Place,
  given: LocatedGrant | undefined,
  nearest: NearestHeld | undefined,
): string {
  const from = node.from.text
  if (nearest === undefined) return `give \`${from}\` the access first, or remove this line`
  const held = nearest.grants.map(({ id }) => grants.get(id))
  const known = held.filter((grant) => grant !== undefined)
  const narrowed = policy.ask(({ universe }) => ({
    kind: 'answered' as const,
    text: given && known.length === held.length ? narrowedGrant(given, known, universe) : undefined,
  }))
  if (narrowed.kind === 'answered' && narrowed.text !== undefined) {
    return `narrow it to \`${narrowed.text}\`, or let \`${from}\` hold more first`
  }
  return nearest.narrower === 'condition' || nearest.narrower === 'approval'
    ? 'restate the conditions and the approvals of what is held'
    : `give \`${from}\` the access first, or remove it here`
}

function laterExpiry(place: Place): Details {
  const { node } = place
  const from = node.from.text
  const expiry = node.members.find((member) => member.kind === 'expires-at' || member.kind === 'expires-in')
  return {
    code: 'KV4103',
    message: `this delegation lasts longer than what \`${from}\` holds`,
    span: expiry === undefined ? headOf(node) : { start: expiry.start, end: expiry.end },
    label: `\`${from}\` holds this for a shorter time`,
    secondary: shorterExpiries(place, expiry),
    help: 'let it expire no later, or leave its expiry out: a hop ends with those above it',
  }
}

/** Where the delegator, and what it received, ends earlier. */
function shorterExpiries(
  { node: { from }, analyzed }: Place,
  stated: DelegationDeclaration['members'][number] | undefined,
): NonNullable<Diagnostic['secondary']> {
  return analyzed.files.flatMap(({ path, declarations }) =>
    declarations.flatMap((declaration) => {
      const isAbove =
        (declaration.kind === 'agent' && declaration.name.text === from.text) ||
        (declaration.kind === 'delegation' && declaration.to.text === from.text)
      if (!isAbove) return []
      return [...declaration.members].flatMap((member) => {
        const isShorter =
          (member.kind === 'expires-at' && stated?.kind === 'expires-at' && member.at.ms < stated.at.ms) ||
          (member.kind === 'expires-in' && stated?.kind === 'expires-in' && member.duration.ms < stated.duration.ms)
        return isShorter ? [{ path, span: { start: member.start, end: member.end }, label: 'ends earlier' }] : []
      })
    }),
  )
}

function moreHops({ node, analyzed }: Place): Details {
  const from = node.from.text
  const depth = node.members.find((member) => member.kind === 'depth')
  const needed = (depth?.depth.value ?? 0n) + 1n
  const hops = analyzed.model.agents.find(({ name }) => name === from)?.mayDelegate
  const mayDelegate = `\`may delegate depth ${needed}\``
  const received = `what it received \`depth ${needed}\``
  const deeper =
    hops === undefined ? `give ${received}` : hops < needed ? `let it say ${mayDelegate}` : `give ${received} too`
  return {
    code: 'KV4104',
    message: `this delegation may be passed on more often than \`${from}\` may pass it on`,
    span: depth === undefined ? headOf(node) : { start: depth.start, end: depth.end },
    label: `deeper than \`${from}\` may delegate`,
    help: `lower its \`depth\`, or let \`${from}\` delegate deeper: ${deeper}`,
  }
}

function headOf(node: DelegationDeclaration): Span {
  return { start: node.start, end: node.to.end }
}

function unreachedFinding({ node, file, grants }: Place, { grant, limit }: UnreachedLimit): Diagnostic {
  const { start, end } = limitNode(node, grant && grants.get(grant.id)?.node, limit) ?? headOf(node)
  const most = limit.kind === 'rate' ? String(limit.outer) : `${formatDecimal(limit.outer)} USD`
  return {
    code: 'KV4102',
    severity: 'warning',
    message: `this limit is never reached: \`${node.from.text}\` has less`,
    path: file.path,
    span: { start, end },
    label: `at most ${most} per ${limit.window} are left to give`,
    help: 'every hop of a chain is charged; write a limit below that, or leave it out and the one above holds',
  }
}

/** The clause that states the limit, in the grant or, without one, in the delegation. */
function limitNode(
  node: DelegationDeclaration,
  grant: GrantNode | undefined,
  { kind, each, window }: UnreachedLimit['limit'],
): Span | undefined {
  const states = (limit: GrantNode['clauses'][number] | LimitClause): boolean =>
    limit.kind === kind &&
    (limit.kind === 'rate' ? limit.each === each : true) &&
    limit.windows.some((stated) => stated.window === window)
  if (grant !== undefined) return grant.clauses.find(states)
  return node.members.find((member) => member.kind === 'limit' && states(member.limit))
}

type LimitClause = Extract<DelegationDeclaration['members'][number], { readonly kind: 'limit' }>['limit']
