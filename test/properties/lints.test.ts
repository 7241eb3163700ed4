/**
 * Lints are certain: what they say changes nothing changes no decision of the engine, whatever is asked and read.
 *
 * Random policies, what was made at run time beside them, and requests at their edges are those of the differential test.
 * KAVACH_LINTS_POLICIES and KAVACH_LINTS_SEED ask for more, or for others.
 */
import { expect, test } from 'vitest'
import { analyze } from '../../compiler/analyze/index.ts'
import { lintPolicy } from '../../compiler/analyze/lints/all-lints.ts'
import { emitImage, emitState } from '../../compiler/emit/index.ts'
import { checkPolicy } from '../../compiler/front/index.ts'
import {
  type ForbidModel,
  type GrantModel,
  type PolicyModel,
  parseState,
  type RequireModel,
} from '../../compiler/model/index.ts'
import {
  type Decision,
  EngineError,
  type EngineRequest,
  type LiveEngine,
  loadLiveEngine,
} from '../../engine-wasm/host/index.ts'
import { type ConditionNode, type Diagnostic, type PolicyFile, parsePolicy } from '../../grammar/index.ts'
import { render } from './generate/piece.ts'
import { filesOf, generatePolicy } from './generate/policy.ts'
import { Random } from './generate/random.ts'
import { createRequests } from './generate/request.ts'
import { generateState } from './generate/state.ts'

const POLICIES = Number(process.env.KAVACH_LINTS_POLICIES ?? 80)
const SEED = Number(process.env.KAVACH_LINTS_SEED ?? 20_260_401)
const REQUESTS = 120
/** Below this nothing can be said of how often something occurs. */
const FAIR_POLICIES = 80

test(
  `what lints say of ${POLICIES} policies is true of every request`,
  async () => {
    const tally: Record<string, { findings: number; decided: number }> = {}
    for (let number = 0; number < POLICIES; number++) {
      for (const { code, decided } of runPolicy(number)) {
        tally[code] ??= { findings: 0, decided: 0 }
        tally[code].findings++
        tally[code].decided += decided
      }
      if (number % 8 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    console.log(`seed ${SEED}: ${JSON.stringify(tally)}`)
    if (POLICIES < FAIR_POLICIES) return
    for (const code of ['KV4301', 'KV4302', 'KV4303', 'KV4304', 'KV4305']) {
      expect(tally[code]?.findings, code).toBeGreaterThan(2)
    }
    // Answers that are all denials would show nothing.
    for (const code of ['KV4301', 'KV4302', 'KV4305']) expect(tally[code]?.decided, code).toBeGreaterThan(100)
  },
  POLICIES * 4_000 + 60_000,
)

interface Tried {
  readonly code: string
  /** Requests that were not denied. */
  readonly decided: number
}

function runPolicy(number: number): readonly Tried[] {
  const random = new Random(Math.imul(SEED, 0x9e3779b1) + Math.imul(number, 0x85ebca6b))
  const generated = generatePolicy(random)
  const { state, aim } = generateState(random, generated.aim)
  const text = render(generated.piece)
  const files = filesOf(text)
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, text: source }) => parsePolicy(path, source).file)
  const checked = checkPolicy(files)
  const { model } = checked
  if (model === undefined) throw new Error(`policy ${number} is refused:\n${text}`)
  const edits = lintPolicy(analyze(model), { ...checked, model, files }).flatMap((diagnostic) => {
    const edited = withoutWhatIsIdle(diagnostic, files, model)
    const id = idAt(diagnostic, rulesOf(files))
    return edited === undefined ? [] : [{ diagnostic, id, engine: engineOf(edited, state) }]
  })
  if (edits.length === 0) return []
  const before = engineOf(model, state)
  const requests = createRequests(random, aim, ({ value, possible }) => {
    const { decision, reservations = [] } = before.decide(withReadings(value), { charge: 'caller', possible })
    return { decision, reservations }
  })
  const decided = edits.map(() => 0)
  for (let asked = 0; asked < REQUESTS; asked++) {
    const request = withReadings(requests.next().value)
    const expected = before.decide(request, { charge: 'caller' })
    for (const [index, { diagnostic, engine, id }] of edits.entries()) {
      const fault = faultOf({ diagnostic, id, expected, found: engine.decide(request, { charge: 'caller' }) })
      if (fault !== undefined) {
        const place = `policy ${number}, ${diagnostic.code} at ${diagnostic.path} ${JSON.stringify(diagnostic.span)}`
        throw new Error(`${place}: ${fault}\n${text}\n${JSON.stringify({ request, state })}`)
      }
      if (expected.decision !== 'deny') decided[index] = (decided[index] ?? 0) + 1
    }
  }
  return edits.map(({ diagnostic: { code } }, index) => ({ code, decided: decided[index] ?? 0 }))
}

function faultOf({
  diagnostic,
  id,
  expected,
  found,
}: {
  readonly diagnostic: Diagnostic
  readonly id: number
  readonly expected: Decision
  readonly found: Decision
}): string | undefined {
  const [before, after] = [expected, found].map((decision) => JSON.stringify(comparable(diagnostic, decision)))
  if (before !== after) return `${before} became ${after}`
  const isDearer = BigInt(found.amountNanoUsd ?? 0) > BigInt(expected.amountNanoUsd ?? 0)
  if (diagnostic.code === 'KV4301' && expected.decision !== 'deny' && isDearer) {
    return `${expected.amountNanoUsd} nano-USD became ${found.amountNanoUsd}`
  }
  const isNeverChosen = diagnostic.code === 'KV4303' || diagnostic.code === 'KV4304'
  return isNeverChosen && chosenOf(expected).includes(id) ? `grant ${id} is chosen` : undefined
}

/** Whom a denial blames may change with a grant that was the nearest miss; the decision may not. */
function comparable({ code }: Diagnostic, decision: Decision): unknown {
  const { decision: word, allowed, reason, reservations = [] } = decision
  if (word === 'deny') return { word, allowed }
  if (code !== 'KV4305') return { word, allowed, reason }
  return { word, allowed, reason, chosen: chosenOf(decision), reservations }
}

function chosenOf({ decision, charged, grant }: Decision): readonly number[] {
  if (decision === 'deny') return []
  return charged ?? (grant === undefined ? [] : [grant])
}

/** The model with what the finding calls idle taken out; `undefined` where it calls nothing so. */
function withoutWhatIsIdle(
  diagnostic: Diagnostic,
  files: readonly PolicyFile[],
  model: PolicyModel,
): PolicyModel | undefined {
  const grant = grantOf(diagnostic, files, model)
  switch (diagnostic.code) {
    case 'KV4301':
    case 'KV4303':
    case 'KV4304':
      return grant && mapGrants(model, (each) => (each.id === grant.id ? undefined : each))
    case 'KV4302':
      return mapGrants(model, (each) => {
        if (each.id !== grant?.id) return each
        const { approval: _, ...others } = each
        return others
      })
    case 'KV4305':
      return withoutAtom(diagnostic, files, model)
    default:
      return undefined
  }
}

function mapGrants(model: PolicyModel, change: (grant: GrantModel) => GrantModel | undefined): PolicyModel {
  const within = <H extends { readonly grants: readonly GrantModel[] }>(holder: H): H => ({
    ...holder,
    grants: holder.grants.flatMap((grant) => change(grant) ?? []),
  })
  return {
    ...model,
    roles: model.roles.map(within),
    agents: model.agents.map(within),
    delegations: model.delegations.map(within),
    ...(model.boundary && { boundary: within(model.boundary) }),
  }
}

function withoutAtom(diagnostic: Diagnostic, files: readonly PolicyFile[], model: PolicyModel): PolicyModel {
  const { id, member, index } = atomAt(diagnostic, files)
  const change = <R extends GrantModel | ForbidModel | RequireModel>(rule: R): R => {
    const atoms = member in rule ? Object.entries(rule).find(([name]) => name === member)?.[1] : undefined
    if (rule.id !== id || !Array.isArray(atoms)) return rule
    return { ...rule, [member]: atoms.filter((_, at) => at !== index) }
  }
  return {
    ...mapGrants(model, change),
    forbids: model.forbids.map(change),
    requires: model.requires.map(change),
  }
}

interface Rule {
  readonly path: string
  readonly start: number
  readonly end: number
  readonly conditions: readonly { readonly member: 'when' | 'unless'; readonly node: ConditionNode }[]
}

/** All rules in source order, so that the place of each is its id. */
function rulesOf(files: readonly PolicyFile[]): readonly Rule[] {
  return files.flatMap(({ path, declarations }) =>
    declarations.flatMap((node): readonly Rule[] => {
      const rule = (
        { start, end }: { readonly start: number; readonly end: number },
        when?: ConditionNode,
        unless?: ConditionNode,
      ): Rule => ({
        path,
        start,
        end,
        conditions: [
          ...(when === undefined ? [] : [{ member: 'when' as const, node: when }]),
          ...(unless === undefined ? [] : [{ member: 'unless' as const, node: unless }]),
        ],
      })
      switch (node.kind) {
        case 'role':
          return node.grants.map((grant) => rule(grant, grant.when))
        case 'agent':
        case 'delegation':
        case 'boundary':
          return [...node.members].flatMap((member) => (member.kind === 'grant' ? [rule(member, member.when)] : []))
        case 'forbid':
          return [rule(node, node.when, node.unless)]
        case 'require':
          return [rule(node, node.requirement.kind === 'condition' ? node.requirement : undefined)]
        case 'limit-all':
          return [rule(node)]
        default:
          return []
      }
    }),
  )
}

function idAt({ path, span }: Diagnostic, rules: readonly Rule[]): number {
  return rules.findIndex((rule) => rule.path === path && rule.start <= span.start && span.end <= rule.end)
}

function grantOf(diagnostic: Diagnostic, files: readonly PolicyFile[], model: PolicyModel): GrantModel | undefined {
  const id = idAt(diagnostic, rulesOf(files))
  const { roles, agents, delegations, boundary } = model
  return [...roles, ...agents, ...delegations, ...(boundary === undefined ? [] : [boundary])]
    .flatMap(({ grants }) => grants)
    .find((grant) => grant.id === id)
}

function atomAt(diagnostic: Diagnostic, files: readonly PolicyFile[]) {
  const rules = rulesOf(files)
  const id = idAt(diagnostic, rules)
  for (const { member, node } of rules[id]?.conditions ?? []) {
    const index = node.atoms.findIndex(({ start }) => start === diagnostic.span.start)
    if (index >= 0) return { id, member, index }
  }
  throw new Error(`no atom at ${JSON.stringify(diagnostic)}`)
}

function engineOf(model: PolicyModel, state: unknown): LiveEngine {
  const engine = loadLiveEngine(emitImage(model))
  const parsed = parseState(state)
  if (!parsed.ok) throw new TypeError(parsed.message)
  for (const record of emitState(parsed.value)) putRecord(engine, record)
  for (const name of parsed.value.revoked) engine.setFlag(name, 'revoked')
  for (const name of parsed.value.suspended) engine.setFlag(name, 'suspended')
  return engine
}

/** An agent whose name the policy declares is not made. */
function putRecord(engine: LiveEngine, record: Uint8Array): void {
  try {
    engine.putRecord(record)
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'name-taken') throw error
  }
}

/** Meters of which nothing is said read 0. What is no request at all may be asked too. */
function withReadings(request: unknown): EngineRequest {
  if (typeof request !== 'object' || request === null || Array.isArray(request))
    return request as unknown as EngineRequest
  return { readings: {}, ...request } as EngineRequest
}
