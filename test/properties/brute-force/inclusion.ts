/** Questions about unions of grants, asked of the algebra and counted out. */
import {
  createUniverse,
  decideAttenuation,
  findWitness,
  forbidBoxes,
  grantBox,
  type HeldGrants,
  type Subject,
  subtractBoxes,
  type Universe,
  type Witness,
} from '../../../compiler/algebra/index.ts'
import type { Random } from '../generate/random.ts'
import { toFacts, toForbidModel, toGrantModel } from './compiled.ts'
import { ALL_FACTS, type Facts, type Principal, UNAPPROVED_FACTS } from './facts.ts'
import { type Bounds, generateForbid, generateGrant, OWNER_ATOMS, TYPE_ATOMS } from './generate.ts'
import { isMatch, PATTERNS } from './pattern.ts'
import { type Forbid, forbiddenAt, type Grant, grantedAt, textOfForbid, textOfGrant } from './rule.ts'

/** Grants on one side, and on the other what holds or takes away. */
export type Question =
  /** Is every request of `given` held by one of `held`? */
  | { readonly kind: 'included'; readonly given: Grant; readonly held: readonly Grant[] }
  /** Does nothing of `given` remain when the `forbids` are taken away? */
  | { readonly kind: 'forbidden'; readonly given: Grant; readonly forbids: readonly Forbid[] }
  /** Is every request of all `given` held, by one way to act, and in it by a grant of every factor? */
  | {
      readonly kind: 'attenuated'
      readonly given: readonly Grant[]
      readonly ways: readonly (readonly (readonly Grant[])[])[]
    }

export type Verdict = 'yes' | 'no' | 'unknown'

const HOLDER: Principal = { name: 'holder', type: 'service', owner: 'ann' }
const SUBJECT: Subject = { kind: 'known', type: 'service', owner: 'ann' }

/** Every pattern against every other one, without conditions; with a `stride`, every so many of the pairs. */
export function* everyPair(stride: number): Generator<Question> {
  for (const [row, given] of PATTERNS.entries()) {
    for (const [column, held] of PATTERNS.entries()) {
      if ((row + column) % stride !== 0) continue
      yield { kind: 'included', given: plainGrant(given), held: [plainGrant(held)] }
    }
  }
}

const PLAIN = new Map<string, Grant>()

function plainGrant(pattern: string): Grant {
  const known = PLAIN.get(pattern)
  const grant = known ?? { actions: undefined, patterns: [pattern], when: [], approval: undefined }
  PLAIN.set(pattern, grant)
  return grant
}

/** Questions that share their patterns: near ones, whose answers are not all no, and whose automata are made once. */
const BATCH = 500

/** Random questions without end. */
export function* generateQuestions(random: Random): Generator<Question> {
  while (true) {
    const patterns = random.some(PATTERNS, 3, 7)
    for (let left = BATCH; left > 0; left--) yield generateQuestion(random, patterns)
  }
}

function generateQuestion(random: Random, patterns: readonly string[]): Question {
  const agentAtoms = random.chance(0.3) ? [...TYPE_ATOMS, ...OWNER_ATOMS] : []
  const bounds: Bounds = { agentAtoms, hasApprovals: random.chance(0.3), patterns }
  const grants = (least: number, most: number): readonly Grant[] =>
    Array.from({ length: random.between(least, most) }, () => generateGrant(random, bounds))
  switch (random.below(4)) {
    case 0:
    case 1: {
      const given = generateGrant(random, bounds)
      return { kind: 'included', given, held: cover(random, given, grants(1, 3)) }
    }
    case 2: {
      const given = generateGrant(random, bounds)
      const forbids = Array.from({ length: random.between(1, 3) }, () => generateForbid(random, bounds))
      return { kind: 'forbidden', given, forbids: random.chance(0.5) ? around(given, forbids) : forbids }
    }
    default: {
      const given = grants(1, 2)
      const [first] = given
      const factor = () =>
        first === undefined || random.chance(0.3) ? grants(1, 3) : cover(random, first, grants(1, 2))
      const ways = Array.from({ length: random.between(1, 2) }, () => [
        factor(),
        ...(random.chance(0.5) ? [factor()] : []),
      ])
      return { kind: 'attenuated', given, ways }
    }
  }
}

/** Two grants that hold `given` together, most of the time: by a condition and its opposite, or by two actions. */
function cover(random: Random, given: Grant, others: readonly Grant[]): readonly Grant[] {
  const [atom] = given.when
  const about = random.pick(['inner', 'outer', 'office', 'daytime'] as const)
  switch (random.below(4)) {
    case 0:
      return others
    case 1:
      return [{ ...given, actions: ['read'] }, { ...given, actions: ['write'] }, ...others]
    case 2: {
      const split = (isNegated: boolean): Grant => ({ ...given, when: [...given.when, { isNegated, about }] })
      return [split(true), split(false), ...others]
    }
    default:
      return atom === undefined ? [given, ...others] : [{ ...given, when: given.when.slice(1) }, ...others]
  }
}

/** The first `forbid` over all of the grant's scope. */
function around(given: Grant, [first, ...others]: readonly Forbid[]): readonly Forbid[] {
  return first === undefined ? others : [{ ...first, actions: undefined, patterns: given.patterns }, ...others]
}

/** The answer by trying every request of the universe. */
export function countOut(question: Question): Verdict {
  const facts = rulesOf(question).some(needsApproval) ? ALL_FACTS : UNAPPROVED_FACTS
  return facts.every((some) => leftAt(question, some) === 0n) ? 'yes' : 'no'
}

function rulesOf(question: Question): readonly (Grant | Forbid)[] {
  switch (question.kind) {
    case 'included':
      return [question.given, ...question.held]
    case 'forbidden':
      return [question.given, ...question.forbids]
    case 'attenuated':
      return [...question.given, ...question.ways.flat(2)]
  }
}

function needsApproval(rule: Grant | Forbid): boolean {
  return 'approval' in rule && rule.approval !== undefined
}

function leftAt(question: Question, facts: Facts): bigint {
  switch (question.kind) {
    case 'included':
      return grantedAt(question.given, facts, HOLDER) & ~unionAt(question.held, facts)
    case 'forbidden': {
      const forbidden = question.forbids.reduce((union, forbid) => union | forbiddenAt(forbid, facts, HOLDER), 0n)
      return grantedAt(question.given, facts, HOLDER) & ~forbidden
    }
    case 'attenuated': {
      const held = question.ways.reduce((union, factors) => {
        return union | factors.reduce((common, factor) => common & unionAt(factor, facts), -1n)
      }, 0n)
      return unionAt(question.given, facts) & ~held
    }
  }
}

function unionAt(grants: readonly Grant[], facts: Facts): bigint {
  return grants.reduce((union, grant) => union | grantedAt(grant, facts, HOLDER), 0n)
}

/** Whether the witness, of whatever universe, is a request that makes the answer no. */
export function isShown(question: Question, { resource, ...witness }: Witness): boolean {
  const facts = toFacts({ resource, ...witness })
  const on = <R extends Grant | Forbid>(rule: R): R => ({
    ...rule,
    patterns: rule.patterns.some((pattern) => isMatch(pattern, resource)) ? ['**'] : [],
  })
  switch (question.kind) {
    case 'included':
      return leftAt({ ...question, given: on(question.given), held: question.held.map(on) }, facts) !== 0n
    case 'forbidden':
      return leftAt({ ...question, given: on(question.given), forbids: question.forbids.map(on) }, facts) !== 0n
    case 'attenuated': {
      const ways = question.ways.map((factors) => factors.map((factor) => factor.map(on)))
      return leftAt({ ...question, given: question.given.map(on), ways }, facts) !== 0n
    }
  }
}

export interface Answer {
  readonly verdict: Verdict
  readonly witness?: Witness | undefined
}

/** What the algebra says. */
export function decide(question: Question, universe: Universe): Answer {
  universe.renew()
  const box = (grant: Grant) => {
    const made = grantBox(toGrantModel(grant), SUBJECT, universe)
    return made === undefined ? [] : [made]
  }
  switch (question.kind) {
    case 'included':
      return emptyOrNot(subtractBoxes(box(question.given), question.held.flatMap(box), universe), universe)
    case 'forbidden': {
      const holes = question.forbids.flatMap((forbid) => forbidBoxes(toForbidModel(forbid), SUBJECT, universe))
      return emptyOrNot(subtractBoxes(box(question.given), holes, universe), universe)
    }
    case 'attenuated': {
      const holding = (grants: readonly Grant[]): HeldGrants => ({ grants: grants.map(toGrantModel), subject: SUBJECT })
      const held = question.ways.map((factors) => ({ factors: factors.map((factor) => [holding(factor)]) }))
      const answer = decideAttenuation({ given: holding(question.given), held }, universe)
      if (answer.kind === 'within') return { verdict: 'yes' }
      return answer.kind === 'unknown' ? { verdict: 'unknown' } : { verdict: 'no', witness: answer.witness }
    }
  }
}

function emptyOrNot(left: ReturnType<typeof subtractBoxes>, universe: Universe): Answer {
  const [first] = left
  if (first === undefined) return { verdict: 'yes' }
  const witness = findWitness(first, universe)
  return witness === undefined ? { verdict: 'unknown' } : { verdict: 'no', witness }
}

/** Asks both; what is wrong, or the verdict on which they agree. */
export function compare(
  question: Question,
  universe: Universe,
): { readonly verdict: Verdict; readonly fault?: string } {
  const verdict = countOut(question)
  const answer = decide(question, universe)
  if (answer.verdict !== verdict) return { verdict, fault: `counted ${verdict}, decided ${answer.verdict}` }
  const isUnshown = verdict === 'no' && (answer.witness === undefined || !isShown(question, answer.witness))
  return isUnshown ? { verdict, fault: `no counterexample: ${JSON.stringify(answer.witness)}` } : { verdict }
}

/** A universe of the algebra that is given up before it has learnt too much. */
export function createUniverses(): () => Universe {
  let universe = createUniverse()
  let left = 20_000
  return () => {
    if (left-- === 0) {
      universe = createUniverse()
      left = 20_000
    }
    return universe
  }
}

export function print(question: Question): string {
  const grants = (some: readonly Grant[]) => some.map(textOfGrant).join('\n    ')
  switch (question.kind) {
    case 'included':
      return `${textOfGrant(question.given)}\n  in\n    ${grants(question.held)}`
    case 'forbidden':
      return `${textOfGrant(question.given)}\n  without\n    ${question.forbids.map(textOfForbid).join('\n    ')}`
    case 'attenuated':
      return `${grants(question.given)}\n  in\n    ${question.ways
        .map((factors) => factors.map(grants).join('\n    and\n    '))
        .join('\n    or\n    ')}`
  }
}
