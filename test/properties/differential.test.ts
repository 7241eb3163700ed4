/**
 * The reference against the engine: random policies, what was made at run time, and requests at their edges. A difference is
 * made small and printed; the seed brings it back.
 *
 * KAVACH_DIFFERENTIAL_RUNS and KAVACH_DIFFERENTIAL_SEED as in scripts/differential.mjs; KAVACH_DIFFERENTIAL_POLICY asks for
 * the one policy with that number.
 */
import { expect, test } from 'vitest'
import type { EngineRequest } from '../../engine-wasm/host/index.ts'
import type { AtomNode } from '../../grammar/index.ts'
import type { Atom, AtomKind } from './generate/atoms.ts'
import { generateMistake } from './generate/mistakes.ts'
import { type Piece, render } from './generate/piece.ts'
import { filesOf, generatePolicy } from './generate/policy.ts'
import { Random } from './generate/random.ts'
import { createRequests, type GeneratedRequest } from './generate/request.ts'
import { generateState } from './generate/state.ts'
import { createHistogram, type Histogram } from './histogram.ts'
import { type Case, printCase, shrink } from './shrink.ts'
import { createSubject, differenceOf, errorsOf, type Subject } from './subject.ts'

const RUNS = Number(process.env.KAVACH_DIFFERENTIAL_RUNS ?? 20_000)
const SEED = Number(process.env.KAVACH_DIFFERENTIAL_SEED ?? 20_260_401)
const ONLY = process.env.KAVACH_DIFFERENTIAL_POLICY
/** Below this the shares of a histogram say nothing. */
const FAIR_RUNS = 15_000
/** Requests for one policy, and for one that allowed nothing so far. */
const REQUESTS = 60
const BARREN_REQUESTS = 8
const REPORT_EVERY = 100_000

test(
  `the engine decides ${RUNS} cases as the reference does`,
  async () => {
    const histogram = createHistogram()
    const started = performance.now()
    let cases = 0
    let reported = 0
    for (let number = Number(ONLY ?? 0); cases < RUNS; number++) {
      cases += runPolicy(number, histogram)
      if (ONLY !== undefined) break
      // The worker must answer its master now and then.
      if (number % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (cases - reported >= REPORT_EVERY) {
        reported = cases
        console.log(`${cases} cases, policy ${number}, ${Math.round((cases / (performance.now() - started)) * 1000)}/s`)
      }
    }
    const seconds = (performance.now() - started) / 1000
    console.log(
      `seed ${SEED}: ${cases} cases in ${seconds.toFixed(1)} s, ${Math.round(cases / seconds)}/s\n${histogram.print()}`,
    )
    if (cases >= FAIR_RUNS) expect(histogram.shortfalls()).toEqual([])
  },
  RUNS * 10 + 30_000,
)

test('a mistake in a policy is refused with its code, whatever stands around it', () => {
  for (let number = 0; number < Math.min(400, RUNS / 50); number++) {
    const random = new Random(seedOf(number) ^ 0x5eed)
    const { piece } = generatePolicy(random)
    const { text, code } = generateMistake(random)
    const policy = render(piece) + text
    expect(errorsOf(filesOf(policy)), policy).toContain(code)
  }
})

function seedOf(number: number): number {
  return Math.imul(SEED, 0x9e3779b1) + Math.imul(number, 0x85ebca6b)
}

/** Returns how many cases it was. */
function runPolicy(number: number, histogram: Histogram): number {
  const random = new Random(seedOf(number))
  const generated = generatePolicy(random)
  const { state, aim } = generateState(random, generated.aim)
  const policy = render(generated.piece)
  const subject = subjectOf(policy, state, number)
  const ask = ({ value, possible }: GeneratedRequest) => subject.reference.decide(value, { possible })
  const requests = createRequests(random, aim, ask)
  const kindOf = kindsOf(policy, aim.atoms)
  const runtime: ReadonlySet<unknown> = new Set(state.agents.map(({ name }) => name))
  const asked: unknown[] = []
  let hasVerdict = false
  let cases = 0
  for (; cases < (hasVerdict ? REQUESTS : BARREN_REQUESTS); cases++) {
    const request = requests.next()
    const kinds = new Set<AtomKind>()
    const { value, possible } = request
    asked.push(value)
    const observe = (atom: AtomNode) => {
      for (const kind of kindOf(atom)) kinds.add(kind)
    }
    const decided = subject.reference.decide(value, { possible, observe })
    if (decided.decision !== 'deny') hasVerdict = true
    const chain = chainOf(value)
    histogram.add({
      decision: decided.decision,
      reason: decided.reason,
      hops: chain.length - 1,
      kinds,
      isRuntime: chain.some((name) => runtime.has(name)),
    })
    if (differenceOf(subject, value, possible) !== undefined) {
      throw new Error(report({ piece: generated.piece, state, request }, `policy ${number}, request ${cases}`))
    }
  }
  if (number % 4 === 0) {
    // A batch promises the answers of one by one, in order.
    const requests = asked as EngineRequest[] // Whatever it is, it may be asked.
    const { engine } = subject
    expect(engine.decideBatch(requests), `seed ${SEED}, policy ${number}, as a batch`).toEqual(
      requests.map((request) => engine.decide(request)),
    )
  }
  return cases
}

function subjectOf(policy: string, state: unknown, number: number): Subject {
  try {
    return createSubject(filesOf(policy), state)
  } catch (error) {
    throw new Error(`seed ${SEED}, policy ${number}:\n${policy}\nstate ${JSON.stringify(state)}`, { cause: error })
  }
}

function report(
  { piece, state, request }: { readonly piece: Piece; readonly state: unknown; readonly request: GeneratedRequest },
  place: string,
): string {
  const difference = (found: Case): string | undefined => {
    try {
      return differenceOf(createSubject(filesOf(render(found.policy)), found.state), found.request, found.possible)
    } catch {
      // What is refused is no smaller case.
      return undefined
    }
  }
  const found = { policy: piece, state, request: request.value, possible: request.possible }
  const small = shrink(found, (smaller) => difference(smaller) !== undefined)
  return `seed ${SEED}, ${place}:\n${printCase(small)}\n${difference(small)}`
}

function chainOf(request: unknown): readonly unknown[] {
  if (typeof request !== 'object' || request === null || !('agent' in request)) return [undefined]
  const via: unknown = 'via' in request ? request.via : undefined
  return [...(Array.isArray(via) ? via : []), request.agent]
}

/** Kinds of the conditions of a policy, by their text; those of permissions have none. */
function kindsOf(policy: string, atoms: readonly Atom[]): (atom: AtomNode) => Iterable<AtomKind> {
  const kinds = new Map(atoms.map((atom) => [atom.text, atom.kind]))
  const texts = filesOf(policy).map(({ text }) => text)
  // A node does not say which file it is from; where one file has no atom at its place, the other has.
  return ({ start, end }) => texts.flatMap((text) => kinds.get(text.slice(start, end)) ?? [])
}
