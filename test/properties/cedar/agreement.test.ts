/**
 * The engine against Cedar: random policies of what both languages have in common, exported, and requests at their edges. A
 * difference is made small and printed; the seed brings it back.
 *
 * KAVACH_CEDAR_REQUESTS and KAVACH_CEDAR_SEED as in scripts/cedar.mjs; KAVACH_CEDAR_POLICY asks for the policy of that number.
 */
import { expect, test } from 'vitest'
import { type CedarExport, toCedar, toCedarRequest } from '../../../compiler/analyze/index.ts'
import { emitImage } from '../../../compiler/emit/index.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import type { PolicyModel } from '../../../compiler/model/index.ts'
import { createReference, type Reference } from '../../../compiler/reference/index.ts'
import { type Engine, type EngineRequest, loadEngine } from '../../../engine-wasm/host/index.ts'
import { type AtomNode, parsePolicy } from '../../../grammar/index.ts'
import type { Atom } from '../generate/atoms.ts'
import { type Piece, render, withoutOne } from '../generate/piece.ts'
import { type Aim, generatePolicy } from '../generate/policy.ts'
import { Random } from '../generate/random.ts'
import { createRequests, type RequestSource } from '../generate/request.ts'
import { type CedarSubject, createCedar } from './cedar.ts'
import { generateCommon, generateMixed } from './generate.ts'
import { type Construct, createHistogram, type Histogram } from './histogram.ts'

const REQUESTS = Number(process.env.KAVACH_CEDAR_REQUESTS ?? 2_000)
const SEED = Number(process.env.KAVACH_CEDAR_SEED ?? 20_260_401)
const ONLY = process.env.KAVACH_CEDAR_POLICY
/** Requests for one policy. */
const EACH = 40
const REPORT_EVERY = 20_000

test(
  `the engine and Cedar agree on ${REQUESTS} requests`,
  async () => {
    const histogram = createHistogram()
    let asked = 0
    let reported = 0
    let number = Number(ONLY ?? 0)
    for (; asked < REQUESTS; number++) {
      asked += comparePolicy(number, histogram)
      if (ONLY !== undefined) break
      // The worker must answer its master now and then.
      if (number % 32 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (asked - reported >= REPORT_EVERY) {
        reported = asked
        console.log(`${asked} requests, policy ${number}`)
      }
    }
    console.log(`seed ${SEED}: ${asked} requests to ${number} policies\n${histogram.print()}`)
    if (ONLY === undefined) expect(histogram.shortfalls()).toEqual([])
  },
  REQUESTS * 20 + 30_000,
)

test(
  'Cedar allows nothing that the engine denies, whatever had to be left out of the export',
  async () => {
    const counts = { requests: 0, allowed: 0, stricter: 0, policies: 0, dropped: 0, widened: 0 }
    for (; counts.requests < REQUESTS / 2; counts.policies++) {
      const random = new Random(seedOf(counts.policies) ^ 0x5afe)
      // Now and then with all that the language has.
      const { piece, aim } = (counts.policies % 4 === 0 ? generatePolicy : generateMixed)(random)
      const text = render(piece).replaceAll(/^\/\/ file .*\n/gm, '')
      const subject = createSubject(text)
      const effects = new Set(subject.exported.skipped.map(({ effect }) => effect))
      if (effects.has('dropped')) counts.dropped++
      if (effects.has('widened')) counts.widened++
      const requests = requestsFor(random, aim, subject)
      for (let left = EACH; left > 0; left--) {
        const request = withReadings(alone(requests.next().value), random.chance(0.5) ? EXHAUSTED : {})
        const { answer, isAllowed } = answersOf(subject, request)
        if (answer === 'refused') continue
        counts.requests++
        if (answer === 'allow') counts.allowed++
        else if (isAllowed) counts.stricter++
        const isSound = isAllowed || answer === 'deny'
        if (!isSound) throw new Error(`seed ${SEED}, policy ${counts.policies}:\n${text}\n${JSON.stringify(request)}`)
      }
      if (counts.policies % 32 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    console.log(`seed ${SEED}: ${JSON.stringify(counts)}`)
    // It would be no claim if Cedar allowed nothing, or if nothing had been left out.
    expect(counts.allowed / counts.requests).toBeGreaterThan(0.15)
    expect(counts.stricter / counts.requests).toBeGreaterThan(0.05)
    expect(Math.min(counts.dropped, counts.widened) / counts.policies).toBeGreaterThan(0.3)
  },
  REQUESTS * 20 + 30_000,
)

interface Subject {
  readonly exported: CedarExport
  readonly cedar: CedarSubject
  readonly engine: Engine
  /** The same policy without guardrails. */
  readonly lax: Engine
  readonly reference: Reference
}

function createSubject(text: string): Subject {
  const { file, diagnostics } = parsePolicy('a.kavach', text)
  const checked = checkPolicy([file])
  const errors = [...diagnostics, ...checked.diagnostics].filter(({ severity }) => severity === 'error')
  const { model } = checked
  if (model === undefined) throw new TypeError(`refused: ${JSON.stringify(errors)}\n${text}`)
  const exported = toCedar(model)
  const without: PolicyModel = { ...model, forbids: [], requires: [], limits: [] }
  try {
    const cedar = createCedar(exported)
    const reference = createReference([file], {}, { keyOf: () => undefined, stateKeys: [] })
    return { exported, cedar, engine: loadEngine(emitImage(model)), lax: loadEngine(emitImage(without)), reference }
  } catch (error) {
    throw new Error(`${text}\n${exported.policies}`, { cause: error })
  }
}

function requestsFor(random: Random, aim: Aim, { engine }: Subject): RequestSource {
  return createRequests(random, aim, ({ value }) => ({ ...decide(engine, value), reservations: [] }))
}

function seedOf(number: number): number {
  return Math.imul(SEED, 0x9e3779b1) + Math.imul(number, 0x85ebca6b)
}

/** Returns how many requests Cedar answered. */
function comparePolicy(number: number, histogram: Histogram): number {
  const random = new Random(seedOf(number))
  const { piece, aim } = generateCommon(random)
  const text = render(piece)
  const subject = createSubject(text)
  expect(subject.exported.skipped, text).toEqual([])
  const requests = requestsFor(random, aim, subject)
  const inPolicy = constructsOf(text)
  const kindOf = kindsOf(text, aim.atoms)
  let asked = 0
  for (let left = EACH; left > 0; left--) {
    const request = alone(requests.next().value)
    const { answer, isAllowed } = answersOf(subject, request)
    if (isAllowed !== (answer === 'allow')) throw new Error(report(piece, request, number))
    if (answer === 'refused') continue
    asked++
    const constructs = new Set<Construct>(inPolicy)
    const observe = (atom: AtomNode) => {
      for (const kind of kindOf(atom)) constructs.add(kind)
    }
    subject.reference.decide(request, { observe })
    const isForbidden = !isAllowed && decide(subject.lax, request).allowed
    histogram.add({ decision: answer, isForbidden, constructs })
  }
  return asked
}

function answersOf({ engine, cedar, exported }: Subject, request: unknown) {
  return { isAllowed: decide(engine, request).allowed, answer: cedar.ask(toCedarRequest(exported, request)) }
}

/** Approvals and meters are the caller's, so that `allowed` is the policy's word. */
function decide(engine: Engine, request: unknown) {
  // Anything may be asked: the engine promises to answer what is no request too.
  return engine.decide(request as EngineRequest, { charge: 'caller' })
}

/** More than any meter of the policies allows. */
const EXHAUSTED = {
  used: { minute: 1e12, hour: 1e12, day: 1e12, month: 1e12 },
  spent: { minute: 1e10, hour: 1e10, day: 1e10, month: 1e10 },
}

function withReadings(request: unknown, readings: object): unknown {
  return typeof request === 'object' && request !== null && !Array.isArray(request) ? { ...request, readings } : request
}

/** Without delegators; the root asks for itself. */
function alone(request: unknown): unknown {
  if (typeof request !== 'object' || request === null || Array.isArray(request) || !('via' in request)) return request
  const { via, ...rest } = request
  return Array.isArray(via) && typeof via[0] === 'string' ? { ...rest, agent: via[0] } : rest
}

/** The smallest policy and request that still differ. */
function report(piece: Piece, request: unknown, number: number): string {
  const differs = (policy: Piece, asked: unknown): boolean => {
    try {
      const { answer, isAllowed } = answersOf(createSubject(render(policy)), asked)
      return isAllowed !== (answer === 'allow')
    } catch {
      // What is refused is no smaller case.
      return false
    }
  }
  const smaller = (policy: Piece): Piece | undefined => {
    for (const candidate of withoutOne(policy)) if (differs(candidate, request)) return candidate
    return undefined
  }
  let small = piece
  for (let next = smaller(small); next !== undefined; next = smaller(small)) small = next
  const subject = createSubject(render(small))
  return [
    `seed ${SEED}, policy ${number}:`,
    render(small),
    subject.exported.policies,
    `request ${JSON.stringify(request)}`,
    `mapped  ${JSON.stringify(toCedarRequest(subject.exported, request))}`,
    `answers ${JSON.stringify(answersOf(subject, request))}`,
  ].join('\n')
}

function constructsOf(text: string): readonly Construct[] {
  const found: readonly (readonly [Construct, RegExp])[] = [
    ['role', /^ {2}roles /m],
    ['expires at', /expires at/],
    ['forbid', /^forbid /m],
    ['unless', / unless /],
    ['require', /^require /m],
    ['not', / not /],
    ['several actions', /(allow|forbid|for) \S+, /],
    ['one resource', / on [^*{\s]+( |$)/m],
    ['`*` in a segment', / on \S*([^:\s*]\*|\*[^:\s*])/],
    ['{a,b}', / on \S*\{/],
    ['**', /\*\*/],
    ['like', /matches \/.*\.\*/],
    ['list of a regex', /matches \/(a\||ab\{|😀)/u],
  ]
  return found.flatMap(([construct, pattern]) => (pattern.test(text) ? [construct] : []))
}

/** Kinds of the conditions of a policy, by their text. */
function kindsOf(policy: string, atoms: readonly Atom[]): (atom: AtomNode) => Iterable<Construct> {
  const kinds = new Map(atoms.map((atom) => [atom.text, atom.kind]))
  return ({ start, end }) => {
    const kind = kinds.get(policy.slice(start, end))
    return kind === undefined ? [] : [kind]
  }
}
