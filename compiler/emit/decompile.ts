/**
 * From a policy image back to the model, exactly as far as the image says it.
 *
 * Nothing that decides is lost: the model gives the same image again, byte for byte, when the image was made from policy
 * text. What an image does not hold:
 *
 * - the names of roles: they become `role-0`, `role-1`, ... in the order of the text;
 * - how patterns and conditions were written: sets are inlined, `{a,b}` is two patterns where it stands for few texts, a
 *   regex is its automaton, and so is the pattern that `patternOfAutomaton` finds no text for;
 * - the order of a rule's actions and patterns, and rules without patterns, which match nothing;
 * - catalogs, tests and assertions.
 */
import * as layout from '../../engine-wasm/format/layout.ts'
import type {
  AgentModel,
  DelegationModel,
  ForbidModel,
  GrantModel,
  GuardrailLimitModel,
  LimitModel,
  PolicyModel,
  RequireModel,
} from '../model/index.ts'
import { readApproval, readLimit, readLimits, toNumber } from './decompile-clause.ts'
import { type ConditionReader, createConditionReader, TYPES } from './decompile-condition.ts'
import { createRuleReader, type ReadRule, type RuleReader } from './decompile-rule.ts'
import { type ImageReader, readImage } from './read-image.ts'

/**
 * The policy in an image. Its digest is verified; what refers beyond its bytes is refused, and the rest is believed: load an
 * image of unknown origin into an engine first, whose verifier looks at everything.
 *
 * @throws {RangeError} when the image is damaged, holds no policy, or says what the model cannot
 */
export function decompileImage(image: Uint8Array): PolicyModel {
  const reader = readImage(image)
  if (reader.u32(layout.H_KIND) !== layout.KIND_POLICY) throw new RangeError('it holds no policy but a run-time record')
  const parts = createModelReader(reader)
  const notBefore = reader.i64(layout.H_NOT_BEFORE)
  const notAfter = reader.i64(layout.H_NOT_AFTER)
  const agents = recordsOf(reader, layout.S_AGENTS, layout.AGENT_SIZE).map(parts.agent)
  return {
    name: reader.name,
    generation: toNumber(reader.u64(layout.H_GENERATION)),
    ...(notBefore !== FIRST_MOMENT && { notBefore: toNumber(notBefore) }),
    ...(notAfter !== LAST_MOMENT && { notAfter: toNumber(notAfter) }),
    roles: recordsOf(reader, layout.S_RULESETS, layout.RULESET_SIZE).map((at, index) => {
      return { name: `role-${index}`, grants: parts.grants(at) }
    }),
    agents,
    delegations: recordsOf(reader, layout.S_DELEGATIONS, layout.DELEGATION_SIZE).map((at) => {
      return parts.delegation(at, (index) => agents[index]?.name ?? fail(`there is no agent ${index} to delegate`))
    }),
    ...(reader.u32(layout.H_BOUNDARY) !== 0 && { boundary: readBoundary(reader, parts) }),
    ...readGuards(reader, parts),
  }
}

/** Reads the parts of an image that records of run time have too. */
export interface ModelReader {
  /** The grants of the rule set at `at`, by id. */
  grants(at: number): readonly GrantModel[]
  agent(at: number): AgentModel
  /** `nameOf` says who the numbers of the two agents are. */
  delegation(at: number, nameOf: (number: number) => string): DelegationModel
  readonly rules: RuleReader
  readonly conditions: ConditionReader
}

export function createModelReader(reader: ImageReader): ModelReader {
  const conditions = createConditionReader(reader)
  const rules = createRuleReader(reader, conditions)
  const grants = (at: number) => rules.rules(at).map((rule) => readGrant(reader, conditions, rule))
  return {
    rules,
    conditions,
    grants,
    agent: (at) => readAgent(reader, at, grants(at + layout.AGENT_RULES)),
    delegation: (at, nameOf) => readDelegation(reader, at, nameOf, grants(at + layout.DELEGATION_RULES)),
  }
}

const FIRST_MOMENT = -(1n << 63n)
const LAST_MOMENT = (1n << 63n) - 1n
const NOT_STATED = 255

/** Offsets of all records of a section. */
function recordsOf(reader: ImageReader, section: number, size: number): readonly number[] {
  return Array.from({ length: reader.count(section) }, (_, index) => reader.at(section, index, size))
}

function readGrant(reader: ImageReader, conditions: ConditionReader, { id, scope, extra }: ReadRule): GrantModel {
  if (extra === 0) return { id, ...scope }
  const at = reader.at(layout.S_EXTRAS, extra - 1, layout.EXTRA_SIZE)
  const when = conditions.condition(reader.u32(at + layout.EXTRA_CONDITION))
  const approval = readApproval(reader, reader.u32(at + layout.EXTRA_APPROVAL))
  const estimateNanoUsd = reader.u64(at + layout.EXTRA_ESTIMATE)
  return {
    id,
    ...scope,
    ...(when && { when }),
    ...limitsOf(reader, reader.u32(at + layout.EXTRA_LIMITS)),
    ...(approval && { approval }),
    ...(estimateNanoUsd > 0n && { estimateNanoUsd }),
  }
}

function limitsOf(reader: ImageReader, list: number): { readonly limits?: readonly LimitModel[] } {
  const limits = readLimits(reader, list)
  return limits.length > 0 ? { limits } : {}
}

function readAgent(reader: ImageReader, at: number, grants: readonly GrantModel[]): AgentModel {
  const owner = reader.u32(at + layout.AGENT_OWNER)
  const may = reader.u8(at + layout.AGENT_MAY)
  const start = reader.u32(at + layout.AGENT_ROLES)
  const roles = Array.from({ length: reader.u32(at + layout.AGENT_ROLE_COUNT) }, (_, i) => {
    return reader.u32(reader.at(layout.S_ROLE_REFS, start + i, 4))
  })
  return {
    name: reader.text(reader.u32(at + layout.AGENT_NAME_OFFSET), reader.u32(at + layout.AGENT_NAME_LENGTH)),
    type: TYPES[reader.u8(at + layout.AGENT_TYPE)] ?? fail('an agent is of no type we know'),
    ...(owner !== layout.NONE && { owner: reader.string(owner) }),
    grants,
    ...(roles.length > 0 && { roles }),
    ...limitsOf(reader, reader.u32(at + layout.AGENT_LIMITS)),
    ...(may !== NOT_STATED && { mayDelegate: may }),
    ...(reader.u8(at + layout.AGENT_HAS_EXPIRY) !== 0 && {
      expiresAt: toNumber(reader.i64(at + layout.AGENT_EXPIRES_AT)),
    }),
  }
}

function readDelegation(
  reader: ImageReader,
  at: number,
  nameOf: (number: number) => string,
  grants: readonly GrantModel[],
): DelegationModel {
  const depth = reader.u8(at + layout.DELEGATION_DEPTH)
  const expiry = reader.u8(at + layout.DELEGATION_EXPIRY)
  const expires = toNumber(reader.i64(at + layout.DELEGATION_EXPIRES))
  return {
    from: nameOf(reader.u32(at + layout.DELEGATION_FROM)),
    to: nameOf(reader.u32(at + layout.DELEGATION_TO)),
    grants,
    ...limitsOf(reader, reader.u32(at + layout.DELEGATION_LIMITS)),
    ...(depth > 0 && { depth }),
    ...(expiry === layout.EXPIRY_AT && { expiresAt: expires }),
    ...(expiry === layout.EXPIRY_IN && { expiresIn: expires }),
    ...(reader.u8(at + layout.DELEGATION_REVOKED) !== 0 && { revoked: true }),
  }
}

/** The boundary; there is one when the header says so. */
export function readBoundary(reader: ImageReader, { grants }: ModelReader): NonNullable<PolicyModel['boundary']> {
  const may = reader.u32(layout.H_BOUNDARY_MAY)
  return {
    grants: grants(layout.H_BOUNDARY_RULES),
    ...limitsOf(reader, reader.u32(layout.H_BOUNDARY_LIMITS)),
    ...(may !== layout.NONE && { mayDelegate: may }),
  }
}

/** The guardrails in the order in which they were stored. */
export function readGuards(
  reader: ImageReader,
  { rules, conditions }: ModelReader,
): Pick<PolicyModel, 'forbids' | 'requires' | 'limits'> {
  const forbids: ForbidModel[] = []
  const requires: RequireModel[] = []
  const limits: GuardrailLimitModel[] = []
  const sorted = [...rules.rules(layout.H_GUARD_RULES)].sort((a, b) => a.extra - b.extra)
  for (const { id, scope, extra } of sorted) {
    const at = reader.at(layout.S_GUARDS, extra - 1, layout.GUARD_SIZE)
    const when = conditions.condition(reader.u32(at + layout.GUARD_WHEN))
    const kind = reader.u32(at + layout.GUARD_KIND)
    if (kind === layout.GUARD_LIMITS) {
      const { limit, scope: per } = readLimit(reader, reader.u32(at + layout.GUARD_LIMIT))
      if (per === 'resource') throw new RangeError('a limit for everybody is counted per resource')
      limits.push({ id, ...scope, limit: withoutEach(limit), ...(per !== 'all' && { per }) })
    } else if (kind === layout.GUARD_REQUIRE) {
      const approval = readApproval(reader, reader.u32(at + layout.GUARD_APPROVAL))
      requires.push({ id, ...scope, ...(approval && { approval }), ...(when && { when }) })
    } else {
      const unless = conditions.condition(reader.u32(at + layout.GUARD_UNLESS))
      forbids.push({ id, ...scope, ...(when && { when }), ...(unless && { unless }) })
    }
  }
  return { forbids, requires, limits }
}

/** Of a guardrail `per` says it. */
function withoutEach(limit: LimitModel): LimitModel {
  if (limit.kind === 'budget') return limit
  const { kind, key, windows } = limit
  return { kind, key, windows }
}

function fail(message: string): never {
  throw new RangeError(message)
}
