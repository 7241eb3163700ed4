/**
 * Assertions beyond the small universe: random policies with every construct of the language. Nobody can try every request
 * of theirs, so what is proved is attacked with requests that come near it, and what is refuted is asked of the reference.
 */
import {
  analyze,
  type FoundAccess,
  type PolicyUnderAnalysis,
  type Proof,
  proveAssertion,
} from '../../../compiler/analyze/index.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import type { AssertionModel, PolicyModel, Who } from '../../../compiler/model/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import { render } from '../generate/piece.ts'
import { type Aim, filesOf, generatePolicy, nextFile } from '../generate/policy.ts'
import type { Random } from '../generate/random.ts'
import { createRequests } from '../generate/request.ts'
import { generateActions, generatePatterns, generateResource, type Theme } from '../generate/scopes.ts'
import { generateState } from '../generate/state.ts'
import { askEngine, askReference, createSubject, type Source, type Subject } from '../subject.ts'

export interface RandomPolicy {
  readonly text: string
  readonly aim: Aim
  readonly model: PolicyModel
  readonly policy: PolicyUnderAnalysis
  readonly assertions: readonly RandomAssertion[]
}

export interface RandomAssertion {
  readonly model: AssertionModel
  readonly text: string
  /** Where requests of the assertion are likely to be. */
  readonly theme: Theme
  /** A `forbid` of exactly the requests that would refute it; absent for `within` and `some`. */
  readonly forbid: string | undefined
}

const ASSERTIONS = 4

export function generateRandomPolicy(random: Random): RandomPolicy {
  const { piece, aim } = generatePolicy(random)
  const drafts = Array.from({ length: ASSERTIONS }, () => draftAssertion(random, aim))
  const text = `${render(piece)}${nextFile('zz.kavach')}${drafts.map((draft) => `assert ${draft.text}\n`).join('')}`
  const files = filesOf(text)
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, text: content }) => parsePolicy(path, content).file)
  const { model, assertions, diagnostics } = checkPolicy(files)
  if (model === undefined) throw new TypeError(`${diagnostics.map(({ message }) => message).join('; ')}\n${text}`)
  const ours = assertions.slice(-ASSERTIONS)
  return {
    text,
    aim,
    model,
    policy: analyze(model),
    assertions: drafts.flatMap((draft, index) => {
      const located = ours[index]
      return located === undefined ? [] : [{ ...draft, model: located.assertion }]
    }),
  }
}

function draftAssertion(random: Random, aim: Aim): Omit<RandomAssertion, 'model'> {
  const theme = random.chance(0.3) ? aim.themes[0] : random.pick(aim.themes)
  const actions = random.chance(0.3) ? '*' : generateActions(random, theme).join(', ')
  const scope = `${actions} on ${generatePatterns(random, theme).join(', ')}`
  const atoms = random.chance(0.4) ? random.some(aim.atoms, 1, 2).map(({ text }) => text) : []
  const when = atoms.length > 0 ? ` when ${atoms.join(' and ')}` : ''
  const who = random.chance(0.7)
    ? random.some(aim.agents, 1, 2).join(', ')
    : random.pick(['*', 'runtime', 'runtime'] as const)
  const kind = random.weighted({ never: 4, only: 2, some: 2, every: 4, within: 3 })
  switch (kind) {
    case 'never':
    case 'only':
      return { text: `${kind} ${who} can ${scope}${when}`, theme, forbid: `forbid ${scope}${when}` }
    case 'some':
      return { text: `some ${who} can ${scope}${when}`, theme, forbid: undefined }
    case 'within':
      return { text: `${random.pick(aim.agents)} within ${random.pick(aim.agents)}`, theme, forbid: undefined }
    case 'every': {
      const need = aim.atoms.length > 0 ? random.pick(aim.atoms).text : undefined
      if (need === undefined || random.chance(0.3)) {
        return { text: `every ${scope}${when} is denied`, theme, forbid: `forbid ${scope}${when}` }
      }
      return {
        text: `every ${scope}${when} needs ${need}`,
        theme,
        forbid: `forbid ${scope}${when} unless ${need}`,
      }
    }
  }
}

export function prove({ policy }: RandomPolicy, { model }: RandomAssertion): Proof {
  return proveAssertion(policy, model)
}

/** Why the reference does not allow what was shown; `undefined` when it does. */
export function faultOfShown({ text }: RandomPolicy, { example }: FoundAccess): string | undefined {
  const subject = createSubject(filesOf(text), example.state ?? {})
  const { allowed, reason } = askReference(subject, example.request, false)
  return allowed ? undefined : `the reference denies ${JSON.stringify(example)}: ${reason}`
}

/** Asks the engine `count` requests near what was proved, and returns one that it should not have allowed. */
export function attack(
  random: Random,
  found: RandomPolicy,
  assertion: RandomAssertion,
  count: number,
): string | undefined {
  const generated = generateState(random, found.aim)
  const { aim } = generated
  const state = widen(generated.state)
  const subject = createSubject(filesOf(found.text), state)
  const source = createRequests(random, aim, ({ value, possible }) => {
    const { decision, reservations } = askEngine(subject, value, possible)
    return { decision: decision === 'allow' || decision === 'throttle' ? decision : 'deny', reservations }
  })
  const isBreach = createJudge(found, assertion, subject, state)
  for (let left = count; left > 0; left--) {
    const request = aimAt(random, source.next().value, { assertion, aim })
    if (request === undefined || !askEngine(subject, request, false).allowed) continue
    if (isBreach(request)) return JSON.stringify({ request, state })
  }
  return undefined
}

type Json = { readonly [key: string]: unknown }

interface RuntimeState {
  readonly agents: readonly (Json & { readonly name: string })[]
  readonly delegations: readonly Json[]
}

/** What is made at run time may do all that the boundary lets it. */
function widen({ agents, delegations }: ReturnType<typeof generateState>['state']): RuntimeState {
  const permissions = [{ resource: '**', actions: ['*'] }]
  return {
    agents: agents.map((agent) => ({ ...agent, permissions, mayDelegate: 5 })),
    delegations: delegations.filter(isJson).map(({ from, to }) => ({ from, to, permissions, depth: 5 })),
  }
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A request bent towards the assertion, half of the time. */
function aimAt(
  random: Random,
  value: unknown,
  { assertion, aim }: { readonly assertion: RandomAssertion; readonly aim: Aim },
): Json | undefined {
  if (!isJson(value)) return undefined
  const { theme, model } = assertion
  const request = { ...value }
  if (random.chance(0.5)) request.action = theme.action
  if (random.chance(0.7)) request.resource = generateResource(random, theme)
  const inner = model.kind === 'within' ? model.inner : undefined
  const wanted = 'who' in model && model.who.kind === 'agents' && model.kind === 'never' ? model.who.names : undefined
  if (random.chance(0.6)) {
    const chain = random.some(aim.agents, 0, 2)
    const acting = inner ?? random.pick(wanted ?? aim.agents)
    const via = chain.filter((name) => name !== acting)
    return { ...request, agent: acting, via: via.length > 0 ? via : undefined, since: request.now }
  }
  return request
}

/** Whether an allowed request makes the assertion false. */
function createJudge(
  found: RandomPolicy,
  { model, forbid }: RandomAssertion,
  subject: Subject,
  state: RuntimeState,
): (request: Json) => boolean {
  const runtime = new Map(state.agents.map((agent) => [agent.name, agent]))
  const declared = new Map(found.model.agents.map((agent) => [agent.name, agent]))
  if (model.kind === 'within') {
    return (request) => {
      const [root] = Array.isArray(request.via) ? request.via : [request.agent]
      const name = isJson(root) ? root.agent : root
      if (request.agent !== model.inner || name === model.outer || !declared.has(String(name))) return false
      const { reason } = askReference(subject, { ...request, agent: model.outer, via: undefined }, false)
      return MISSES.has(reason)
    }
  }
  if (forbid === undefined) return () => false
  const probes = new Map<string, Subject>()
  const probeOf = (name: string): Subject => {
    const known = probes.get(name)
    if (known !== undefined) return known
    const { type, owner } = declared.get(name) ?? runtime.get(name) ?? { type: 'service', owner: undefined }
    const permissions = [{ resource: '**', actions: ['*'] }]
    const agents = [{ name: 'probe', type, ...(owner !== undefined && { owner }), permissions }]
    const probe = createSubject(probeSources(found.text, forbid), { agents })
    probes.set(name, probe)
    return probe
  }
  return (request) => {
    const acting = String(request.agent)
    if (!isAbout(model, acting, declared.has(acting))) return false
    const asked = { ...request, agent: 'probe', via: undefined }
    return askReference(probeOf(acting), asked, false).reason === 'forbidden'
  }
}

/** The outer agent of a `within` does not hold what was asked. */
const MISSES: ReadonlySet<string> = new Set([
  'no-grant',
  'ip-not-allowed',
  'outside-hours',
  'arg-mismatch',
  'unexpected-arg',
  'trust-too-low',
  'cost-too-high',
])

/** A policy under which anybody made at run time may do everything but what would refute the assertion. */
function probeSources(text: string, forbid: string): readonly Source[] {
  const sets = text.split('\n').filter((line) => line.startsWith('set '))
  return [
    { path: 'a.kavach', text: `policy probe\n${sets.join('\n')}\nboundary runtime { allow * on ** }\n${forbid}\n` },
  ]
}

function isAbout(model: AssertionModel, acting: string, isDeclared: boolean): boolean {
  if (model.kind === 'within') return false
  if (model.kind === 'every') return true
  const isWho = isOneOf(model.who, acting, isDeclared)
  return model.kind === 'only' ? !isWho : isWho
}

function isOneOf(who: Who, acting: string, isDeclared: boolean): boolean {
  switch (who.kind) {
    case 'anybody':
      return true
    case 'runtime':
      return !isDeclared
    case 'agents':
      return isDeclared && who.names.includes(acting)
  }
}
