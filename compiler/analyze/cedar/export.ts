/**
 * A policy as Cedar policies, for what both languages have: agents that act alone.
 *
 * A decision of the exported text never allows what the policy denies. A grant that Cedar cannot say is dropped, and a
 * guardrail that it cannot say is exported wider than it is; both deny more, and both are listed. Delegations, the boundary
 * and what is made at run time have no part: `toCedarRequest` refuses their requests, and to Cedar their agents are nobody.
 */
import type {
  AgentModel,
  AtomModel,
  ForbidModel,
  GrantModel,
  GuardrailLimitModel,
  PolicyModel,
  RequireModel,
  ScopeModel,
} from '../../model/index.ts'
import { type Foreign, isForeign, nameOfPath, type Surroundings, toNotFalse, toTrue } from './condition.ts'
import { type CedarEntity, toAgents } from './entity.ts'
import { allOf, inGroups, not } from './logic.ts'
import { entity, quote } from './quote.ts'
import { toSchema, type Vocabulary } from './schema.ts'
import { isForeignScope, toScope } from './scope.ts'

/** What is left out, and what that does. */
export interface CedarSkip {
  /** Whose it is: `allow 3`, `forbid 0`, `require 2`, `limit 1`, `agent NAME`, `delegate FROM -> TO`, `boundary runtime`. */
  readonly subject: string
  /** Id of the rule; absent for agents, delegations and the boundary. */
  readonly rule?: number
  readonly construct: string
  readonly why: string
  /**
   * `dropped`: a grant that Cedar does not have. `widened`: a restriction that Cedar makes also where the policy does not.
   * `apart`: it has no part in what agents do alone.
   */
  readonly effect: 'dropped' | 'widened' | 'apart'
}

export interface CedarExport {
  /** Cedar policy text. */
  readonly policies: string
  /** Cedar schema text, against which the policies are valid. */
  readonly schema: string
  /** The declared agents by name. */
  readonly agents: ReadonlyMap<string, CedarEntity>
  readonly vocabulary: Vocabulary
  /** In the order of the policy: grants, agents, guardrails, then what is apart. */
  readonly skipped: readonly CedarSkip[]
}

export interface CedarExportOptions {
  /** Where a rule stands, such as `acme.kavach:12:3`: becomes an annotation. */
  readonly originOf?: (rule: number) => string | undefined
}

/** The number that a context carries, so that a request of another mapping is denied. */
export const MAPPING_VERSION = 1

/** The Cedar of a policy, with a list of what it could not say. The same model gives the same text. */
export function toCedar(model: PolicyModel, { originOf = () => undefined }: CedarExportOptions = {}): CedarExport {
  const owners = model.agents.flatMap(({ owner }) => (owner === undefined ? [] : [owner]))
  const writer: Writer = { originOf, surroundings: { owners: [...new Set(owners)] }, policies: [], skipped: [] }
  writeValidity(writer, model)
  for (const held of grantsOf(model)) writeGrant(writer, held)
  for (const agent of model.agents) writeAgent(writer, agent)
  for (const forbid of model.forbids) writeForbid(writer, forbid)
  for (const require of model.requires) writeRequire(writer, require)
  for (const limit of model.limits) writeLimit(writer, limit)
  const vocabulary = vocabularyOf(model)
  return {
    policies: writer.policies.join('\n'),
    schema: toSchema(vocabulary),
    agents: toAgents(model),
    vocabulary,
    skipped: [...writer.skipped, ...apart(model)],
  }
}

interface Writer {
  readonly originOf: (rule: number) => string | undefined
  readonly surroundings: Surroundings
  readonly policies: string[]
  readonly skipped: CedarSkip[]
}

/** One Cedar policy. */
interface Statement {
  readonly id: string
  readonly rule?: number
  readonly effect: 'permit' | 'forbid'
  readonly principal?: string
  readonly action?: string
  readonly resource?: string
  readonly when?: readonly string[]
  readonly unless?: readonly string[]
}

function write({ policies, originOf }: Writer, statement: Statement): void {
  const { id, rule, effect, principal = 'principal', action = 'action', resource = 'resource' } = statement
  const origin = rule === undefined ? undefined : originOf(rule)
  const clause = (word: string, texts: readonly string[] = []) =>
    texts.length === 0 ? '' : ` ${word} {\n  ${inGroups(texts, ' && ').join('\n  && ')}\n}`
  const annotations = [`@id(${quote(id)})\n`, ...(origin === undefined ? [] : [`@from(${quote(origin)})\n`])]
  const clauses = `${clause('when', statement.when)}${clause('unless', statement.unless)}`
  policies.push(`${annotations.join('')}${effect} (${principal}, ${action}, ${resource})${clauses};\n`)
}

/** Denies what was not mapped as it should be, without which a `forbid` could be missed; and what is stale. */
function writeValidity(writer: Writer, { notBefore, notAfter }: PolicyModel): void {
  const isMappedAddress = 'context has ip && context.ip.isIpv6() && context.ip.isInRange(ip("::ffff:0:0/96"))'
  const isMapped = `context has mapping && context.mapping == ${MAPPING_VERSION}`
  write(writer, { id: 'mapping', effect: 'forbid', unless: [isMapped, 'resource has count', not(isMappedAddress)] })
  if (notBefore === undefined && notAfter === undefined) return
  const bounds = [
    ...(notBefore === undefined ? [] : [`context.now >= ${notBefore}`]),
    ...(notAfter === undefined ? [] : [`context.now < ${notAfter}`]),
  ]
  write(writer, { id: 'validity', effect: 'forbid', unless: ['context has now', ...bounds] })
}

/** A grant, and the agents and roles that hold it. */
interface HeldGrant {
  readonly grant: GrantModel
  readonly agents: string[]
  readonly roles: string[]
}

/** By id. Roles hold what they include, so a grant may be that of several. */
function grantsOf({ agents, roles }: PolicyModel): readonly HeldGrant[] {
  const held = new Map<number, HeldGrant>()
  const holdersOf = (grant: GrantModel): HeldGrant => {
    const known = held.get(grant.id) ?? { grant, agents: [], roles: [] }
    held.set(grant.id, known)
    return known
  }
  for (const agent of agents) for (const grant of agent.grants) holdersOf(grant).agents.push(agent.name)
  for (const role of roles) for (const grant of role.grants) holdersOf(grant).roles.push(role.name)
  return [...held.values()].sort((a, b) => a.grant.id - b.grant.id)
}

function writeGrant(writer: Writer, { grant, agents, roles }: HeldGrant): void {
  const { id, when = [], limits = [], approval } = grant
  const condition = toTrue(when, writer.surroundings)
  const foreign = [
    ...patternsOf(grant),
    ...(limits.length > 0 ? [METER] : []),
    ...(approval === undefined ? [] : [APPROVAL]),
    ...(isForeign(condition) ? [condition] : []),
  ]
  if (foreign.length > 0 || isForeign(condition)) {
    skip(writer, { subject: `allow ${id}`, rule: id, effect: 'dropped' }, foreign)
    return
  }
  const scope = toScope(grant)
  const holders = [...agents.map((name) => entity('Agent', name)), ...roles.map((name) => entity('Role', name))]
  const [only] = holders
  const isOne = only !== undefined && holders.length === 1
  write(writer, {
    id: `allow-${id}`,
    rule: id,
    effect: 'permit',
    action: scope.action,
    resource: scope.resource,
    ...(isOne && { principal: `principal ${agents.length > 0 ? '==' : 'in'} ${only}` }),
    when: [...(isOne ? [] : [`principal in [${holders.join(', ')}]`]), ...scope.when, ...condition],
  })
}

/** Expiry, and the limits of all that an agent does. */
function writeAgent(writer: Writer, { name, expiresAt, limits = [] }: AgentModel): void {
  const principal = `principal == ${entity('Agent', name)}`
  if (expiresAt !== undefined) {
    const unless = ['context has now', `context.now < ${expiresAt}`]
    write(writer, { id: `expiry-of-${name}`, effect: 'forbid', principal, unless })
  }
  if (limits.length === 0) return
  skip(writer, { subject: `agent ${name}`, effect: 'widened' }, [METER])
  write(writer, { id: `limit-of-${name}`, effect: 'forbid', principal })
}

function writeForbid(writer: Writer, { id, when, unless, ...scope }: ForbidModel): void {
  const { texts, foreign } = toNotFalse(when ?? [], writer.surroundings)
  const exception = unless === undefined ? undefined : toTrue(unless, writer.surroundings)
  const all = [
    ...patternsOf(scope),
    ...foreign,
    ...(exception !== undefined && isForeign(exception) ? [exception] : []),
  ]
  skip(writer, { subject: `forbid ${id}`, rule: id, effect: 'widened' }, all)
  writeGuardrail(writer, `forbid-${id}`, id, scope, {
    when: texts,
    // What Cedar cannot say excepts nothing.
    ...(exception !== undefined && !isForeign(exception) && { unless: always(exception) }),
  })
}

function writeRequire(writer: Writer, { id, when, approval, ...scope }: RequireModel): void {
  const condition = when === undefined ? APPROVAL : toTrue(when, writer.surroundings)
  const foreign = approval !== undefined ? APPROVAL : isForeign(condition) ? condition : undefined
  const all = [...patternsOf(scope), ...(foreign === undefined ? [] : [foreign])]
  skip(writer, { subject: `require ${id}`, rule: id, effect: 'widened' }, all)
  const unless = foreign === undefined && !isForeign(condition) ? always(condition) : []
  writeGuardrail(writer, `require-${id}`, id, scope, { unless })
}

function writeLimit(writer: Writer, { id, limit: _, per: __, ...scope }: GuardrailLimitModel): void {
  skip(writer, { subject: `limit ${id}`, rule: id, effect: 'widened' }, [...patternsOf(scope), METER])
  writeGuardrail(writer, `limit-${id}`, id, scope, {})
}

/** A conjunction of nothing is true, while Cedar reads an absent clause as one that excepts nothing. */
function always(texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? [allOf(texts)] : texts
}

function writeGuardrail(
  writer: Writer,
  id: string,
  rule: number,
  scope: ScopeModel,
  clauses: Pick<Statement, 'when' | 'unless'>,
): void {
  const { action, resource, when } = toScope(scope)
  const { unless } = clauses
  write(writer, {
    id,
    rule,
    effect: 'forbid',
    action,
    resource,
    when: [...when, ...(clauses.when ?? [])],
    ...(unless && { unless }),
  })
}

function patternsOf(scope: ScopeModel): readonly Foreign[] {
  return isForeignScope(scope) ? [PATTERN] : []
}

const PATTERN: Foreign = { construct: 'pattern', why: 'an image keeps this pattern as an automaton, not as text' }
const METER: Foreign = { construct: 'limit', why: 'Cedar counts neither calls nor money' }
const APPROVAL: Foreign = { construct: 'approval', why: 'Cedar knows no approvals' }

function skip(
  { skipped }: Writer,
  whose: Pick<CedarSkip, 'subject' | 'rule' | 'effect'>,
  foreign: readonly Foreign[],
): void {
  for (const { construct, why } of foreign) skipped.push({ ...whose, construct, why })
}

/** What concerns only requests with delegators and agents made at run time. */
function apart({ delegations, boundary }: PolicyModel): readonly CedarSkip[] {
  const pairs = new Set(delegations.map(({ from, to }) => `delegate ${from} -> ${to}`))
  const why = 'an export is about agents that act alone'
  return [
    ...[...pairs].map((subject): CedarSkip => ({ subject, construct: 'delegation', why, effect: 'apart' })),
    ...(boundary === undefined
      ? []
      : [{ subject: 'boundary runtime', construct: 'boundary', why, effect: 'apart' } as const]),
  ]
}

function vocabularyOf({ agents, roles, forbids, requires, limits }: PolicyModel): Vocabulary {
  const grants = [...agents, ...roles].flatMap((holder) => holder.grants)
  const scopes: readonly ScopeModel[] = [...grants, ...forbids, ...requires, ...limits]
  const conditions = [...grants, ...forbids, ...requires].flatMap(({ when = [] }) => when)
  const atoms = [...conditions, ...forbids.flatMap(({ unless = [] }) => unless)]
  return {
    actions: new Set(scopes.flatMap(({ actions = [] }) => actions)),
    args: new Map(atoms.flatMap(pathOf).map((path) => [nameOfPath(path), path])),
  }
}

function pathOf(atom: AtomModel): readonly (readonly string[])[] {
  return 'path' in atom ? [atom.path] : []
}
