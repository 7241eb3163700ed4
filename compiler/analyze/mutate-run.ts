/** Mutants against the tests of a policy, and what becomes of those that no test notices. */
import type { TestResult } from '../front/index.ts'
import type { PolicyModel } from '../model/index.ts'
import type { Mutant } from './mutate.ts'
import { type Apart, createComparer, type ToldApart } from './mutate-apart.ts'
import { type AskedRequest, tryAsker } from './mutate-decide.ts'

/** What a test asks, and what it expects. */
export interface Question {
  readonly request: AskedRequest
  /** `reason` only where the test names one. */
  readonly expected: { readonly decision: string; readonly reason?: string }
}

/** Each question once, however many rows ask it. */
export function questionsOf(results: readonly TestResult[]): readonly Question[] {
  const questions = results.map(({ request, expected }): Question => ({ request, expected }))
  return [...new Map(questions.map((question) => [JSON.stringify(question), question])).values()]
}

export type Fate =
  /** A test fails on it. */
  | { readonly kind: 'killed' }
  /** No test fails, and yet it decides otherwise. */
  | { readonly kind: 'survived'; readonly apart: ToldApart }
  /** Proved to decide the same: no test could fail. */
  | { readonly kind: 'equivalent' }
  | { readonly kind: 'unknown'; readonly why: string }

export interface JudgedMutant {
  readonly mutant: Mutant
  readonly fate: Fate
}

/** Judges one mutant after the other. Tests must pass on `model`. */
export function* judgeMutants(
  model: PolicyModel,
  mutants: readonly Mutant[],
  questions: readonly Question[],
): Generator<JudgedMutant> {
  const comparer = createComparer(model)
  for (const mutant of mutants) {
    const changed = mutant.edit(model)
    if (isKilledBy(changed, questions)) yield { mutant, fate: { kind: 'killed' } }
    else yield { mutant, fate: fateOf(comparer.tellApart(changed)) }
  }
}

function fateOf(apart: Apart): Fate {
  switch (apart.kind) {
    case 'apart':
      return { kind: 'survived', apart }
    case 'equal':
      return { kind: 'equivalent' }
    case 'unknown':
      return apart
  }
}

/** Whether a question is not answered as it is expected. A policy that the engine refuses answers nothing. */
export function isKilledBy(model: PolicyModel, questions: readonly Question[]): boolean {
  const asker = tryAsker(model)
  if (asker === undefined) return false
  return questions.some(({ request, expected: { decision, reason } }) => {
    const answer = asker.decide(request)
    return answer.decision !== decision || (reason !== undefined && answer.reason !== reason)
  })
}

/** How many mutants of those that can be noticed at all were noticed. */
export interface MutationScore {
  readonly total: number
  readonly killed: number
  readonly survived: number
  readonly equivalent: number
  readonly unknown: number
  /** Percent of all but the equivalent ones; 100 when there are no others. */
  readonly score: number
}

export function scoreOf(judged: readonly JudgedMutant[]): MutationScore {
  const count = (kind: Fate['kind']) => judged.filter(({ fate }) => fate.kind === kind).length
  const [killed, equivalent] = [count('killed'), count('equivalent')]
  const noticeable = judged.length - equivalent
  return {
    total: judged.length,
    killed,
    survived: count('survived'),
    equivalent,
    unknown: count('unknown'),
    score: noticeable === 0 ? 100 : (100 * killed) / noticeable,
  }
}
