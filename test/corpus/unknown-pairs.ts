/**
 * Which pairs of a construct and a fact it misses the corpus asks for. A pair counts when a question meets the construct, the
 * fact is absent or of another type in its request, and the expected answer is the one that unknown facts lead to.
 */
import { parseAddress, parseStamp } from '../../compiler/model/index.ts'
import type { AtomNode, Declaration, GrantNode, PathNode, PolicyFile, ScopeNode } from '../../grammar/index.ts'
import type { Case, Question } from './case-file.ts'

const CONDITIONS = ['grant when', 'delegation when', 'boundary when', 'forbid when', 'forbid unless', 'require']
const FACTS = ['ip', 'time', 'trust', 'cost', 'args', 'len', 'args only', 'agent.owner']
const HOLDERS = ['grant', 'agent', 'delegation', 'boundary', 'guardrail']

/** Every pair that the corpus must ask for. */
export const REQUIRED_PAIRS: readonly string[] = [
  ...CONDITIONS.flatMap((construct) =>
    FACTS.flatMap((fact) => ['', 'not '].flatMap((not) => states(`${construct}, ${not}${fact}`))),
  ),
  ...states('agent expires at, now'),
  ...states('hop expires at, now'),
  ...states('hop expires in, now'),
  ...states('hop expires in, since'),
  ...states('rate, now'),
  ...states('budget, now'),
  ...states('budget, cost'),
  ...['needs', 'require'].flatMap((place) => [
    ...states(`${place} approval within, approvedAt`),
    ...states(`${place} approval within, now`),
  ]),
  ...HOLDERS.flatMap((holder) => [
    ...states(`${holder} each owner, owner`),
    ...states(`${holder} each tenant, tenant`),
  ]),
]

/** An owner is policy text, or JSON of `--state` that is refused when it is no string: it is never of another type. */
function states(pair: string): readonly string[] {
  return /owner$/.test(pair) ? [`${pair} absent`] : [`${pair} absent`, `${pair} ill-typed`]
}

type State = 'known' | 'absent' | 'ill-typed'

/** The pairs that a case asks for. */
export function pairsOf({ questions }: Case, files: readonly PolicyFile[]): ReadonlySet<string> {
  const pairs = new Set<string>()
  const declarations = files.flatMap((file) => file.declarations)
  for (const question of questions) {
    const { request, mode } = question
    if (mode !== 'plain' || !isObject(request)) continue
    const asked: Asked = { question, request, declarations, chain: chainOf(request) }
    for (const { construct, atoms } of conditionsMet(asked)) {
      for (const atom of atoms) addCondition(pairs, asked, construct, atom)
    }
    addTimes(pairs, asked)
    addApprovals(pairs, asked)
    addMeters(pairs, asked)
  }
  return pairs
}

interface Asked {
  readonly question: Question
  readonly request: Readonly<Record<string, unknown>>
  readonly declarations: readonly Declaration[]
  /** Root first. */
  readonly chain: readonly string[]
}

interface Met {
  readonly construct: string
  readonly atoms: readonly AtomNode[]
}

/** The conditions of all rules whose scope and holder the question meets. */
function conditionsMet({ request, declarations, chain }: Asked): readonly Met[] {
  const met: Met[] = []
  const grants = (construct: string, nodes: readonly { readonly kind: string }[]) => {
    for (const node of nodes) {
      if (isGrant(node) && node.when !== undefined && matches(node.scope, request)) {
        met.push({ construct, atoms: node.when.atoms })
      }
    }
  }
  const declared = new Set(declarations.flatMap((node) => (node.kind === 'agent' ? [node.name.text] : [])))
  for (const node of declarations) {
    switch (node.kind) {
      case 'agent': {
        if (node.name.text !== chain[0]) break
        grants('grant when', node.members)
        const roles = node.members.flatMap((member) => (member.kind === 'roles' ? member.roles : []))
        for (const role of declarations) {
          if (role.kind === 'role' && roles.some(({ text }) => text === role.name.text))
            grants('grant when', role.grants)
        }
        break
      }
      case 'delegation':
        if (isHop(chain, node)) grants('delegation when', node.members)
        break
      case 'boundary':
        if (chain.some((name) => !declared.has(name))) grants('boundary when', node.members)
        break
      case 'forbid':
        if (!matches(node.scope, request)) break
        if (node.when !== undefined) met.push({ construct: 'forbid when', atoms: node.when.atoms })
        if (node.unless !== undefined) met.push({ construct: 'forbid unless', atoms: node.unless.atoms })
        break
      case 'require':
        if (node.requirement.kind === 'condition' && matches(node.scope, request)) {
          met.push({ construct: 'require', atoms: node.requirement.atoms })
        }
        break
      default:
    }
  }
  return met
}

function addCondition(pairs: Set<string>, asked: Asked, construct: string, atom: AtomNode): void {
  const fact = atom.kind === 'args-only' ? 'args only' : atom.path.root
  const state = stateOfAtom(asked, atom)
  if (state === 'known') return
  const { reason } = asked.question
  const isInvalid = state === 'ill-typed' && (fact === 'cost' || fact === 'args only')
  const isForbid = construct.startsWith('forbid') || (construct === 'require' && fact === 'agent.owner')
  const expected = isInvalid ? 'invalid-request' : isForbid ? 'forbidden' : REASON_OF_FACT.get(fact)
  if (reason === expected) pairs.add(`${construct}, ${atom.negated ? 'not ' : ''}${fact} ${state}`)
}

const REASON_OF_FACT = new Map([
  ['ip', 'ip-not-allowed'],
  ['time', 'outside-hours'],
  ['trust', 'trust-too-low'],
  ['cost', 'cost-too-high'],
  ['args', 'arg-mismatch'],
  ['len', 'arg-mismatch'],
  ['args only', 'unexpected-arg'],
  ['agent.owner', 'no-grant'],
])

function stateOfAtom(asked: Asked, atom: AtomNode): State {
  const { request, declarations, question, chain } = asked
  if (atom.kind === 'args-only') return stateOf(request.args, isObject)
  switch (atom.path.root) {
    case 'ip':
      return stateOf(request.ip, (value) => typeof value === 'string' && parseAddress(value).ok)
    case 'time':
      return stateOfTime(request.now)
    case 'trust':
      return stateOf(request.trust, (value) => typeof value === 'number')
    case 'cost':
      return stateOf(request.cost, (value) => typeof value === 'number' && value >= 0)
    case 'len':
      return stateOfArgument(request.args, atom.path, 'string')
    case 'args':
      return stateOfArgument(
        request.args,
        atom.path,
        atom.kind === 'compare' ? LITERAL_TYPES[atom.value.kind] : 'string',
      )
    case 'agent.owner':
      return hasOwners(declarations, chain) || question.text.includes('"x"') || question.text.includes('"y"')
        ? 'known'
        : 'absent'
    default:
      return 'known'
  }
}

/** Whether every declared principal of the chain has an owner; one made at run time is known by the name the case gives it. */
function hasOwners(declarations: readonly Declaration[], chain: readonly string[]): boolean {
  const agents = declarations.flatMap((node) => (node.kind === 'agent' && chain.includes(node.name.text) ? [node] : []))
  return agents.length > 0 && agents.every(({ members }) => members.some(({ kind }) => kind === 'owner'))
}

const LITERAL_TYPES = { string: 'string', decimal: 'number', boolean: 'boolean', word: 'string' } as const

function stateOfArgument(args: unknown, { names }: PathNode, type: 'string' | 'number' | 'boolean'): State {
  let value = args
  for (const { text } of names) {
    if (value === undefined) return 'absent'
    if (!isObject(value)) return 'ill-typed'
    value = Object.hasOwn(value, text) ? value[text] : undefined
  }
  return value === undefined ? 'absent' : stateOf(value ?? [], (found) => typeof found === type)
}

function addTimes(pairs: Set<string>, { question, request, declarations, chain }: Asked): void {
  const add = (construct: string, fact: string, state: State) => pairs.add(`${construct}, ${fact} ${state}`)
  const now = stateOfTime(request.now)
  for (const node of declarations) {
    if (node.kind === 'agent' && question.reason === 'agent-expired' && chain.includes(node.name.text)) {
      if (node.members.some(({ kind }) => kind === 'expires-at')) add('agent expires at', 'now', now)
    }
    if (node.kind !== 'delegation' || question.reason !== 'delegation-expired' || !isHop(chain, node)) continue
    for (const { kind } of node.members) {
      if (kind === 'expires-at') add('hop expires at', 'now', now)
      if (kind !== 'expires-in') continue
      add('hop expires in', 'now', now)
      if (now === 'known') add('hop expires in', 'since', sinceOf(request, node.from.text))
    }
  }
}

function sinceOf(request: Asked['request'], from: string): State {
  const via = Array.isArray(request.via) ? request.via : []
  const hop: unknown = via.find((entry) => isObject(entry) && entry.agent === from)
  return stateOfTime(isObject(hop) ? (hop.since ?? request.since) : request.since)
}

function addApprovals(pairs: Set<string>, { question, request, declarations }: Asked): void {
  const { reason } = question
  if (request.approvedBy === undefined) return
  const approvedAt = stateOfTime(request.approvedAt)
  const now = stateOfTime(request.now)
  const add = (place: string) => {
    // Without `approvedAt` the host vouches; otherwise what is unknown leaves the approval open.
    if (approvedAt === 'absent' ? reason === 'allowed' : reason === 'approval-required') {
      pairs.add(`${place} approval within, approvedAt ${approvedAt}`)
      if (approvedAt === 'known') pairs.add(`${place} approval within, now ${now}`)
    }
  }
  for (const node of declarations) {
    if (node.kind === 'require' && node.requirement.kind === 'approval' && matches(node.scope, request)) {
      if (node.requirement.within !== undefined) add('require')
    }
    if (node.kind !== 'agent') continue
    for (const grant of node.members) {
      if (grant.kind !== 'grant' || !matches(grant.scope, request)) continue
      if (grant.clauses.some((clause) => clause.kind === 'approval' && clause.within !== undefined)) add('needs')
    }
  }
}

function addMeters(pairs: Set<string>, { question, request, declarations }: Asked): void {
  const places = clausePlaces(declarations)
  const now = stateOfTime(request.now)
  for (const { key, unit, windowStart } of question.takes ?? []) {
    const [, number = '', scope = ''] = /^#(\d+)p?\/\w+(.*)$/.exec(key) ?? []
    const place = places[Number(number)]
    if (place === undefined) continue
    if (windowStart === null) pairs.add(`${unit === 'calls' ? 'rate' : 'budget'}, now ${now}`)
    if (unit === 'nanoUsd') pairs.add(`budget, cost ${request.cost === undefined ? 'absent' : 'known'}`)
    if (scope === '/owner') pairs.add(`${place.holder} each owner, owner absent`)
    if (scope === '/tenant') pairs.add(`${place.holder} each tenant, tenant absent`)
  }
  if (question.reason !== 'invalid-request') return
  const isTenantBad = stateOf(request.tenant, (value) => typeof value === 'string' && value !== '') === 'ill-typed'
  const isCostBad = stateOf(request.cost, (value) => typeof value === 'number') === 'ill-typed'
  for (const { holder, kind, each } of places) {
    if (isTenantBad && each === 'tenant') pairs.add(`${holder} each tenant, tenant ill-typed`)
    if (isCostBad && kind === 'budget') pairs.add('budget, cost ill-typed')
  }
}

interface ClausePlace {
  readonly holder: string
  readonly kind: 'rate' | 'budget'
  readonly each: string | undefined
}

/** Where the rate and budget clauses stand, in source order: the `#n` of the cases. */
function clausePlaces(declarations: readonly Declaration[]): readonly ClausePlace[] {
  return declarations.flatMap((node): readonly ClausePlace[] => {
    if (node.kind === 'limit-all') return [{ holder: 'guardrail', kind: node.limit.kind, each: node.each }]
    if (node.kind !== 'role' && node.kind !== 'agent' && node.kind !== 'delegation' && node.kind !== 'boundary')
      return []
    const members = node.kind === 'role' ? node.grants : node.members
    return members.flatMap((member): readonly ClausePlace[] => {
      if (member.kind === 'limit') {
        const { limit } = member
        return [{ holder: node.kind, kind: limit.kind, each: limit.kind === 'rate' ? limit.each : undefined }]
      }
      if (member.kind !== 'grant') return []
      return member.clauses.flatMap((clause) =>
        clause.kind === 'rate' ? [{ holder: 'grant', kind: clause.kind, each: clause.each }] : [],
      )
    })
  })
}

function stateOfTime(value: unknown): State {
  return stateOf(value, (time) =>
    typeof time === 'string'
      ? parseStamp(time).ok
      : typeof time === 'number' && Number.isSafeInteger(time) && time >= 0,
  )
}

function stateOf(value: unknown, isRight: (value: unknown) => boolean): State {
  if (value === undefined || value === null) return 'absent'
  return isRight(value) ? 'known' : 'ill-typed'
}

function chainOf({ agent, via }: Asked['request']): readonly string[] {
  const hops: readonly unknown[] = Array.isArray(via) ? via : []
  return [...hops, agent].map((hop) => String(isObject(hop) ? hop.agent : hop))
}

function isHop(chain: readonly string[], { from, to }: Extract<Declaration, { kind: 'delegation' }>): boolean {
  return chain.some((name, index) => name === from.text && chain[index + 1] === to.text)
}

function matches({ actions, patterns }: ScopeNode, { action, resource }: Asked['request']): boolean {
  const isAction = actions.any || actions.names.some(({ text }) => text === action)
  // The policies of these cases name whole resources, or everything.
  return isAction && patterns.some(({ text }) => text === '**' || text === resource)
}

function isGrant(node: { readonly kind: string }): node is GrantNode {
  return node.kind === 'grant'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
