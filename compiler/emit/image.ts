/**
 * From the model to the bytes of a policy image, laid out by `engine-wasm/format/layout.ts`.
 *
 * The same model gives the same bytes on every machine: nothing depends on a clock, on chance or on the order of a hash
 * table that the model does not fix.
 */
import * as layout from '../../engine-wasm/format/layout.ts'
import { MAX_IMAGE_BYTES } from '../../engine-wasm/format/limits.ts'
import {
  type AgentModel,
  type DelegationModel,
  type GrantModel,
  type PolicyModel,
  type ScopeModel,
  sha256,
} from '../model/index.ts'
import { type Actions, createActions } from './actions.ts'
import { hashBytes, hashPair, toSlots } from './hash.ts'
import { createPools, type LimitScope, type Pools, TYPE_NUMBER } from './pools.ts'
import { createRuleWriter, type Rule, type RuleSet, type RuleWriter } from './rules.ts'
import { createSink, type Sink } from './sink.ts'

/**
 * The image of a policy.
 *
 * @throws {RangeError} when it would be larger than the format allows, or a delegation names an agent that is not there
 */
export function emitImage(model: PolicyModel): Uint8Array {
  const writer = createImageWriter(scopesOf(model))
  const guards = writeGuards(writer, model)
  const roles = model.roles.map(({ grants }) => writer.ruleSet(grants))
  const boundary = model.boundary && writer.rules.write(writer.grantRules(model.boundary.grants))
  for (const agent of model.agents) writer.agent(agent, roles)
  const indices = new Map(model.agents.map(({ name }, index) => [name, index]))
  const delegations = [...model.delegations.entries()]
    .map(([order, delegation]) => ({
      order,
      delegation,
      from: indexOf(indices, delegation.from),
      to: indexOf(indices, delegation.to),
    }))
    .sort((a, b) => a.from - b.from || a.to - b.to || a.order - b.order)
  const pairs: { readonly hash: number; readonly first: number }[] = []
  for (const [at, { delegation, from, to }] of delegations.entries()) {
    const before = delegations[at - 1]
    if (before?.from !== from || before.to !== to) pairs.push({ hash: hashPair(from, to), first: at })
    writer.delegation(delegation, from, to)
  }
  const pairSlots = toSlots(pairs.map(({ hash }) => hash)).map((slot) => (pairs[slot - 1]?.first ?? -1) + 1)
  return writer.finish({
    kind: layout.KIND_POLICY,
    name: model.name,
    generation: BigInt(model.generation),
    notBefore: model.notBefore,
    notAfter: model.notAfter,
    guards,
    boundary: model.boundary && {
      rules: boundary ?? NO_RULES,
      limits: writer.pools.limitList(model.boundary.limits),
      mayDelegate: model.boundary.mayDelegate,
    },
    pairSlots,
  })
}

function* scopesOf(model: PolicyModel): Generator<ScopeModel> {
  for (const { grants } of model.roles) yield* grants
  for (const { grants } of model.agents) yield* grants
  for (const { grants } of model.delegations) yield* grants
  yield* model.boundary?.grants ?? []
  yield* model.forbids
  yield* model.requires
  yield* model.limits
}

function indexOf(indices: ReadonlyMap<string, number>, name: string): number {
  const index = indices.get(name)
  if (index === undefined) throw new RangeError(`a delegation names the agent ${name}, which the model does not hold`)
  return index
}

/** Forbids, requirements and limits for everybody; their rules come first of all. */
function writeGuards({ rules, pools, guards }: ImageWriter, model: PolicyModel): RuleSet {
  const add = (record: GuardRecord): number => {
    guards.u32(record.kind)
    guards.u32(record.when ?? layout.NONE)
    guards.u32(record.unless ?? layout.NONE)
    guards.u32(record.approval ?? layout.NONE)
    guards.u32(record.limit ?? layout.NONE)
    return guards.length() / layout.GUARD_SIZE
  }
  const written: Rule[] = []
  const rule = (scope: ScopeModel & { readonly id: number }, extra: number): void => {
    const { id, actions, patterns, automata } = scope
    written.push({ id, actions, patterns, ...(automata && { automata }), extra })
  }
  for (const forbid of model.forbids) {
    const when = pools.condition(forbid.when)
    rule(forbid, add({ kind: layout.GUARD_FORBID, when, unless: pools.condition(forbid.unless) }))
  }
  for (const require of model.requires) {
    const when = pools.condition(require.when)
    rule(require, add({ kind: layout.GUARD_REQUIRE, when, approval: pools.approval(require.approval) }))
  }
  for (const guard of model.limits) {
    const scope: LimitScope = guard.per ?? 'all'
    rule(guard, add({ kind: layout.GUARD_LIMITS, limit: pools.limit(guard.limit, scope) }))
  }
  return rules.write(written)
}

interface GuardRecord {
  readonly kind: number
  readonly when?: number
  readonly unless?: number
  readonly approval?: number
  readonly limit?: number
}

const NO_RULES: RuleSet = { start: 0, hashed: 0, general: 0 }
const ENCODER = new TextEncoder()
const NOT_STATED = 255

/** What stands in the header beside digest and sections. */
export interface ImageHead {
  readonly kind: number
  readonly name: string
  readonly generation: bigint
  readonly notBefore?: number | undefined
  readonly notAfter?: number | undefined
  readonly guards?: RuleSet
  readonly boundary?:
    | { readonly rules: RuleSet; readonly limits: number; readonly mayDelegate: number | undefined }
    | undefined
  readonly pairSlots?: Uint32Array
}

export interface ImageWriter {
  readonly pools: Pools
  readonly rules: RuleWriter
  readonly guards: Sink
  grantRules(grants: readonly GrantModel[]): readonly Rule[]
  /** Index of a set that agents share. */
  ruleSet(grants: readonly GrantModel[]): number
  /** `roleSets` are the indices of the model's roles. */
  agent(agent: AgentModel, roleSets: readonly number[]): void
  delegation(delegation: DelegationModel, from: number, to: number): void
  finish(head: ImageHead): Uint8Array
}

/** Writes images; `scopes` are all scopes that will be written, for the numbering of actions. */
export function createImageWriter(scopes: Iterable<ScopeModel>): ImageWriter {
  const pools = createPools()
  const actionRecords = createSink()
  const actions: Actions = createActions(scopes, pools, actionRecords)
  const records = createSink()
  const hashes = createSink()
  const patterns = createSink()
  const rules = createRuleWriter(actions, pools, { records, hashes, patterns })
  const roleRefs = createSink()
  const ruleSets = createSink()
  const agents = createSink()
  const delegations = createSink()
  const guards = createSink()
  const nameHashes: number[] = []

  const grantRules = (grants: readonly GrantModel[]): readonly Rule[] =>
    grants.map((grant) => {
      const { id, actions, exceptActions, patterns, automata } = grant
      return {
        id,
        actions,
        ...(exceptActions && { exceptActions }),
        patterns,
        ...(automata && { automata }),
        extra: pools.extra(grant),
      }
    })
  const writeSet = (sink: Sink, { start, hashed, general }: RuleSet): void => {
    sink.u32(start)
    sink.u32(hashed)
    sink.u32(general)
  }

  return {
    pools,
    rules,
    guards,
    grantRules,
    ruleSet: (grants) => {
      const set = rules.write(grantRules(grants))
      writeSet(ruleSets, set)
      return ruleSets.length() / layout.RULESET_SIZE - 1
    },
    agent: (agent, roleSets) => {
      const set = rules.write(grantRules(agent.grants))
      const name = ENCODER.encode(agent.name)
      nameHashes.push(hashBytes(name, layout.SEED_NAME))
      agents.u32(pools.text(name))
      agents.u32(name.length)
      agents.u8(TYPE_NUMBER[agent.type])
      agents.u8(agent.mayDelegate ?? NOT_STATED)
      agents.u8(agent.expiresAt === undefined ? 0 : 1)
      agents.u8(0)
      agents.u32(agent.owner === undefined ? layout.NONE : pools.string(agent.owner))
      writeSet(agents, set)
      agents.u32(roleRefs.length() / 4)
      // Ascending, each once: the verifier wants to see that no decision meets a role twice.
      const roles = [...new Set(agent.roles?.map((role) => roleSets[role] ?? 0))].sort((a, b) => a - b)
      agents.u32(roles.length)
      for (const role of roles) roleRefs.u32(role)
      agents.u32(pools.limitList(agent.limits))
      agents.u64(BigInt(agent.expiresAt ?? 0))
    },
    delegation: (delegation, from, to) => {
      const set = rules.write(grantRules(delegation.grants))
      const { expiresAt, expiresIn } = delegation
      delegations.u32(from)
      delegations.u32(to)
      writeSet(delegations, set)
      delegations.u32(pools.limitList(delegation.limits))
      delegations.u8(delegation.depth ?? 0)
      delegations.u8(
        expiresAt !== undefined ? layout.EXPIRY_AT : expiresIn !== undefined ? layout.EXPIRY_IN : layout.EXPIRY_NONE,
      )
      delegations.u8(delegation.revoked ? 1 : 0)
      delegations.u8(0)
      delegations.u32(0)
      delegations.u64(BigInt(expiresAt ?? expiresIn ?? 0))
      delegations.u64(0n)
    },
    finish: (head) => {
      const name = pools.string(head.name)
      const agentSlots = createSink()
      for (const slot of toSlots(nameHashes)) {
        agentSlots.u32(nameHashes[slot - 1] ?? 0)
        agentSlots.u32(slot)
      }
      const sections: readonly (readonly [number, Uint8Array, number])[] = [
        [layout.S_BYTES, pools.bytes.bytes(), 1],
        [layout.S_STRINGS, pools.strings.bytes(), layout.STRING_SIZE],
        [layout.S_ACTION_SLOTS, toBytes(actions.slots), 4],
        [layout.S_ACTIONS, actionRecords.bytes(), layout.ACTION_SIZE],
        [layout.S_AGENT_SLOTS, agentSlots.bytes(), layout.AGENT_SLOT_SIZE],
        [layout.S_AGENTS, agents.bytes(), layout.AGENT_SIZE],
        [layout.S_RULES, records.bytes(), layout.RULE_SIZE],
        [layout.S_ROLE_REFS, roleRefs.bytes(), 4],
        [layout.S_RULESETS, ruleSets.bytes(), layout.RULESET_SIZE],
        [layout.S_PATTERNS, patterns.bytes(), layout.PATTERN_SIZE],
        [layout.S_DFAS, pools.dfas.bytes(), layout.DFA_SIZE],
        [layout.S_EXTRAS, pools.extras.bytes(), layout.EXTRA_SIZE],
        [layout.S_CONDITIONS, pools.conditions.bytes(), layout.CONDITION_SIZE],
        [layout.S_ATOMS, pools.atoms.bytes(), layout.ATOM_SIZE],
        [layout.S_WORDS, pools.words.bytes(), 4],
        [layout.S_NUMBERS, pools.numbers.bytes(), layout.NUMBER_SIZE],
        [layout.S_RANGES, pools.ranges.bytes(), layout.RANGE_SIZE],
        [layout.S_WEEKS, pools.weeks.bytes(), layout.WEEK_SIZE],
        [layout.S_APPROVALS, pools.approvals.bytes(), layout.APPROVAL_SIZE],
        [layout.S_LIMIT_LISTS, pools.limitLists.bytes(), layout.LIMIT_LIST_SIZE],
        [layout.S_LIMITS, pools.limits.bytes(), layout.LIMIT_SIZE],
        [layout.S_METERS, pools.meters.bytes(), layout.METER_SIZE],
        [layout.S_PAIR_SLOTS, toBytes(head.pairSlots ?? toSlots([])), 4],
        [layout.S_DELEGATIONS, delegations.bytes(), layout.DELEGATION_SIZE],
        [layout.S_GUARDS, guards.bytes(), layout.GUARD_SIZE],
        [layout.S_RULE_HASHES, hashes.bytes(), 4],
      ]
      return assemble({ ...head, nameIndex: name, depths: rules }, sections)
    },
  }
}

/** Puts header and sections together and digests them. */
function assemble(
  head: ImageHead & { readonly nameIndex: number; readonly depths: RuleWriter },
  sections: readonly (readonly [number, Uint8Array, number])[],
): Uint8Array {
  const start = layout.H_SECTIONS + 8 * layout.SECTION_COUNT
  const length = sections.reduce((sum, [, bytes]) => align(sum) + bytes.length, start)
  if (align(length) > MAX_IMAGE_BYTES) {
    throw new RangeError(`the image would be ${align(length)} bytes, the format allows ${MAX_IMAGE_BYTES}`)
  }
  const image = new Uint8Array(align(length))
  const view = new DataView(image.buffer)
  const u32 = (at: number, value: number): void => view.setUint32(at, value, true)
  u32(layout.H_MAGIC, layout.IMAGE_MAGIC)
  view.setUint16(layout.H_VERSION, layout.ABI_MAJOR, true)
  view.setUint16(layout.H_VERSION + 2, layout.ABI_MINOR, true)
  u32(layout.H_LENGTH, image.length)
  u32(layout.H_KIND, head.kind)
  view.setBigUint64(layout.H_GENERATION, head.generation, true)
  view.setBigInt64(layout.H_NOT_BEFORE, head.notBefore === undefined ? MIN_TIME : BigInt(head.notBefore), true)
  view.setBigInt64(layout.H_NOT_AFTER, head.notAfter === undefined ? MAX_TIME : BigInt(head.notAfter), true)
  u32(layout.H_NAME, head.nameIndex)
  u32(layout.H_STAR_DEPTHS, head.depths.starDepths())
  u32(layout.H_REST_DEPTHS, head.depths.restDepths())
  const guards = head.guards ?? NO_RULES
  u32(layout.H_GUARD_RULES, guards.start)
  u32(layout.H_GUARD_HASHED, guards.hashed)
  u32(layout.H_GUARD_GENERAL, guards.general)
  const { boundary } = head
  u32(layout.H_BOUNDARY, boundary === undefined ? 0 : 1)
  u32(layout.H_BOUNDARY_RULES, boundary?.rules.start ?? 0)
  u32(layout.H_BOUNDARY_HASHED, boundary?.rules.hashed ?? 0)
  u32(layout.H_BOUNDARY_GENERAL, boundary?.rules.general ?? 0)
  u32(layout.H_BOUNDARY_LIMITS, boundary?.limits ?? layout.NONE)
  u32(layout.H_BOUNDARY_MAY, boundary?.mayDelegate ?? layout.NONE)
  let at = start
  for (const [number, bytes, size] of sections) {
    at = align(at)
    u32(layout.H_SECTIONS + 8 * number, at)
    u32(layout.H_SECTIONS + 8 * number + 4, bytes.length / size)
    image.set(bytes, at)
    at += bytes.length
  }
  image.set(digestOf(image), layout.H_DIGEST)
  return image
}

const MIN_TIME = -(1n << 63n)
const MAX_TIME = (1n << 63n) - 1n

/** The digest of an image: over all of it but the digest. */
export function digestOf(image: Uint8Array): Uint8Array {
  const covered = new Uint8Array(image.length - layout.DIGEST_BYTES)
  covered.set(image.subarray(0, layout.H_DIGEST))
  covered.set(image.subarray(layout.H_DIGEST + layout.DIGEST_BYTES), layout.H_DIGEST)
  return sha256(covered)
}

function align(length: number): number {
  return (length + 7) & ~7
}

/** Words, little-endian on every machine. */
function toBytes(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word, true)
  return bytes
}
