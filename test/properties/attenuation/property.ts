/**
 * A delegate never holds more than its delegator: the property, and a run of it through the life of one world.
 *
 * For a chain A0 ... An, a request and what is read of the meters:
 *
 * 1. *Bound.* What is allowed is open in every factor: to A0 itself, through every hop by a delegation that can be used, and in
 *    the boundary for all that was made at run time; nobody is gone, nothing is deeper than was said, and every clause of
 *    what was chosen is charged to its holder and has room (`oracle.ts`).
 * 2. *Order.* With `allow > throttle > approval > limited > deny` the decision for the chain is no better than that for any
 *    prefix A0 ... Ai with the same facts. Nothing is exempt: `agent.` atoms are asked of each principal of the chain
 *    in its own right, and limits are charged to each, so that a longer chain only adds to both.
 * 3. *Meters.* When the cost is given and every hop of the prefix can use the same delegations in both, each reservation of the prefix
 *    is one of the chain's, with the same key and amount: whoever is spawned, the meters of his ancestors stay the same.
 *    (Otherwise a shorter chain may choose another grant, and point 1 says what must be charged.)
 * 4. *Time.* What narrows a world (a grant, a flag, an expiry, a record that is gone) makes no decision better; what only
 *    moves it (a swap, an eviction whose records are supplied) changes none. Read by window: a meter whose clause is
 *    given another condition is another meter.
 * 5. *Agreement.* The reference says the same of the chain, and of one of its prefixes, drawn at random.
 */
import fc from 'fast-check'
import { type Generated, generated } from './generate.ts'
import { type Answer, breachOf, usableDelegations } from './oracle.ts'
import { facts, hopsSince, NO_READINGS, prefixOf, type Question, type Readings } from './question.ts'
import { type Step, step, take } from './step.ts'
import { createSubject, type Subject } from './subject.ts'
import type { Tally } from './tally.ts'
import { limitsOf, mostOf, type World } from './world.ts'

/** A world, what is asked of it again and again, and its life: steps with questions behind each. */
export interface Life {
  readonly generated: Generated
  readonly sample: readonly Drawn[]
  readonly first: readonly Drawn[]
  readonly rest: readonly { readonly step: Step; readonly questions: readonly Drawn[] }[]
}

/** A question before it meets its world. */
interface Drawn {
  readonly start: number
  readonly hops: number
  readonly shape: 'straight' | 'walk' | 'permuted' | 'skipping' | 'too-long' | 'repeated' | 'stranger'
  /** Which way a walk takes where there are several. */
  readonly turns: readonly number[]
  readonly since: Question['since']
  readonly facts: Question['facts']
  /** What meters read: about as much as a clause allows. */
  readonly usage: { readonly clause: number; readonly delta: number } | undefined
  /** Of the reservations that a part of the chain makes, this one is used up, and it is asked again. */
  readonly exhaust: number | undefined
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  start: fc.constantFrom(0, 0, 0, 1, 1, 2),
  hops: fc.constantFrom(0, 1, 2, 3, 4, 5, 5),
  shape: fc.oneof(
    { weight: 24, arbitrary: fc.constant('straight' as const) },
    { weight: 6, arbitrary: fc.constant('walk' as const) },
    { weight: 3, arbitrary: fc.constantFrom('permuted', 'skipping', 'too-long', 'repeated', 'stranger') },
  ),
  turns: fc.array(fc.nat(5), { minLength: 5, maxLength: 5 }),
  since: hopsSince,
  facts,
  usage: fc.option(fc.record({ clause: fc.nat(99), delta: fc.constantFrom(-1, 0, 0, 1, -300) }), {
    freq: 2,
    nil: undefined,
  }),
  exhaust: fc.option(fc.nat(99), { freq: 2, nil: undefined }),
})

const SAMPLE = 6
const QUESTIONS = 30

const questions = fc.array(drawn, { minLength: 1, maxLength: QUESTIONS, size: 'max' })

export const life: fc.Arbitrary<Life> = fc.record({
  generated,
  sample: fc.array(drawn, { minLength: 1, maxLength: SAMPLE, size: 'max' }),
  first: questions,
  rest: fc.array(fc.record({ step, questions }), { maxLength: 10, size: 'max' }),
})

/** @throws {Error} whose message says what went wrong, with the policy, the state and the request */
export function live({ generated: { world: first, line }, sample, first: begin, rest }: Life, tally: Tally): void {
  const subject = createSubject(first)
  const watched = sample.map((one) => toQuestion(one, first, line))
  for (const one of begin) examine(subject, toQuestion(one, first, line), one, tally)
  let before = watched.map((question) => judged(subject, question))
  for (const { step, questions } of rest) {
    const taken = take(subject.world, first, step)
    if (taken === undefined) continue
    subject.become(taken.world, taken.how)
    const after = watched.map((question) => judged(subject, question))
    let shrunk = 0
    for (const [index, question] of watched.entries()) {
      const [old, now] = [before[index], after[index]]
      if (old === undefined || now === undefined) continue
      if (taken.effect !== 'wider' && isBetter(now, old)) {
        throw failure(subject, question, now, `${step.kind} made it better than ${print(old)}`)
      }
      if (taken.effect === 'same' && isBetter(old, now)) {
        throw failure(subject, question, now, `${step.kind} made it worse than ${print(old)}`)
      }
      if (isBetter(old, now)) shrunk++
    }
    tally.step(step.kind, taken.effect, shrunk > 0)
    before = after
    for (const one of questions) examine(subject, toQuestion(one, taken.world, line), one, tally)
  }
}

/** One random chain: every part of it is asked, judged and compared. */
function examine(subject: Subject, question: Question, { exhaust, shape, turns }: Drawn, tally: Tally): void {
  const answers = examinePrefixes(subject, question, turns)
  const answer = answers.at(-1)
  if (answer === undefined) return
  tally.chain(subject.world, question, answer, shape)
  if (exhaust === undefined) return
  // Any part of the chain may have used up what the whole of it needs.
  const reservations = answers.flatMap((one) => one.reservations)
  const reservation = reservations[exhaust % Math.max(1, reservations.length)]
  if (reservation === undefined) return
  const used = Number(reservation.limit) / (reservation.unit === 'calls' ? 1 : 1e9)
  const readings = { ...question.readings, meters: { [reservation.key]: used } }
  examinePrefixes(subject, { ...question, readings }, turns)
  tally.exhausted()
}

/** The answers to all parts of the chain, the shortest first. */
function examinePrefixes(subject: Subject, question: Question, turns: readonly number[]): readonly Answer[] {
  const parts = question.chain.map((_, index) => prefixOf(question, index))
  const compared = [parts.length - 1, turns.at(-1)]
  const answers = parts.map((part, index) =>
    compared.includes(index) ? judged(subject, part) : bounded(subject, part),
  )
  for (const [index, part] of parts.entries()) {
    const [answer, next, whole] = [answers[index], answers[index + 1], answers.at(-1)]
    if (answer === undefined || next === undefined || whole === undefined) continue
    if (isBetter(next, answer)) {
      throw failure(
        subject,
        prefixOf(question, index + 1),
        next,
        `better than ${print(answer)} of the chain without its end`,
      )
    }
    const lost = keepsMeters(subject, part, question) ? lostMeter(answer, whole) : undefined
    if (whole.allowed && lost !== undefined) {
      throw failure(
        subject,
        question,
        whole,
        `the part through \`${part.chain.at(-1)}\` charges ${lost}, the whole does not`,
      )
    }
  }
  return answers
}

/** The engine's answer, within its bound. */
function bounded(subject: Subject, question: Question): Answer {
  const answer = subject.ask(question)
  const breach = breachOf(subject, question, answer)
  if (breach !== undefined) throw failure(subject, question, answer, breach)
  return answer
}

/** The engine's answer, within its bound and as the reference gives it. */
function judged(subject: Subject, question: Question): Answer {
  const answer = bounded(subject, question)
  const expected = subject.askReference(question)
  if (expected === undefined) return answer
  // The reference does not say what was chosen in the boundary.
  const chosen = answer.chosen.slice(0, expected.chosen.length)
  if (print({ ...answer, chosen }) !== print(expected)) {
    throw failure(subject, question, answer, `the reference says ${print(expected)}`)
  }
  return answer
}

/** Point 3 speaks of these. */
function keepsMeters({ world }: Subject, part: Question, whole: Question): boolean {
  if (whole.facts.cost === undefined) return false
  return part.chain.every((_, hop) => {
    if (hop === 0) return true
    return usableDelegations(world, part, hop).length === usableDelegations(world, whole, hop).length
  })
}

function lostMeter(part: Answer, whole: Answer): string | undefined {
  const charged = new Set(whole.reservations.map(({ key, amount, limit }) => `${amount} of ${limit} to ${key}`))
  return part.reservations
    .map(({ key, amount, limit }) => `${amount} of ${limit} to ${key}`)
    .find((reservation) => !charged.has(reservation))
}

const ORDER = ['deny', 'limited', 'approval', 'throttle', 'allow']

function isBetter(answer: Answer, than: Answer): boolean {
  return ORDER.indexOf(answer.decision) > ORDER.indexOf(than.decision)
}

function failure(subject: Subject, question: Question, answer: Answer, what: string): Error {
  return new Error(
    `${what}\nanswer   ${print(answer)}\nrequest  ${subject.show(question)}\nstate    ${subject.state()}\n${subject.text}`,
  )
}

function print(answer: Answer): string {
  return JSON.stringify(answer)
}

function toQuestion(drawn: Drawn, world: World, line: readonly string[]): Question {
  const { since, facts, usage } = drawn
  return { chain: chainOf(drawn, world, line), since, facts, readings: readingsOf(usage, world) }
}

function chainOf({ start, hops, shape, turns }: Drawn, world: World, line: readonly string[]): readonly string[] {
  const chain = line.slice(start, start + hops + 1)
  switch (shape) {
    case 'straight':
      return chain
    case 'walk':
      return walk(chain.slice(0, 1), turns.slice(0, hops), world)
    case 'permuted':
      return chain.length > 1 ? [...chain.slice(1), ...chain.slice(0, 1)] : chain
    case 'skipping':
      return chain.length > 2 ? chain.toSpliced(1, 1) : chain
    case 'too-long':
      return line.slice(0, chain.length > 3 ? 7 : 8)
    case 'repeated':
      return [...chain, ...chain.slice(0, 1)]
    case 'stranger':
      return chain.toSpliced(Math.floor(chain.length / 2), 1, 'nobody')
  }
}

/** A chain along whatever delegations there are, beside the line too. */
function walk(from: readonly string[], turns: readonly number[], { delegations }: World): readonly string[] {
  const chain = [...from]
  for (const turn of turns) {
    const next = delegations.filter(({ from, to }) => from === chain.at(-1) && !chain.includes(to))
    const one = next[turn % Math.max(1, next.length)]
    if (one === undefined) break
    chain.push(one.to)
  }
  return chain
}

/** Every window reads the same number, near what some clause allows: those with smaller numbers are used up. */
function readingsOf(usage: Drawn['usage'], world: World): Readings {
  const limits = limitsOf(world).filter(({ most }) => most > 0)
  const limit = usage && limits[usage.clause % Math.max(1, limits.length)]
  if (usage === undefined || limit === undefined) return NO_READINGS
  const reading = mostOf(limit, 0) + usage.delta
  const windows = { minute: reading, hour: reading, day: reading, month: reading }
  return limit.kind === 'rate' ? { ...NO_READINGS, used: windows } : { ...NO_READINGS, spent: windows }
}
