/**
 * The decision procedure against trying every request of a small universe.
 *
 * KAVACH_BRUTE_FORCE_QUESTIONS and KAVACH_BRUTE_FORCE_SEED as in scripts/brute-force.mjs.
 */
import { expect, test } from 'vitest'
import { Random } from '../generate/random.ts'
import { compare, createUniverses, everyPair, generateQuestions, print, type Question } from './inclusion.ts'
import { PATTERNS, RESOURCES } from './pattern.ts'

const QUESTIONS = Number(process.env.KAVACH_BRUTE_FORCE_QUESTIONS ?? 6000)
/** A short run asks every second pair. */
const STRIDE = process.env.KAVACH_BRUTE_FORCE_QUESTIONS === undefined ? 2 : 1
const SEED = Number(process.env.KAVACH_BRUTE_FORCE_SEED ?? 20_260_401)

test('no resource of the universe stands for what another one stands for', () => {
  expect({ patterns: PATTERNS.length, resources: new Set(RESOURCES).size }).toEqual({ patterns: 310, resources: 148 })
})

test('every pattern is held against every other one as counting says', async () => {
  const tally = await ask(everyPair(STRIDE), Number.POSITIVE_INFINITY)
  expect(tally.yes + tally.no).toBe(PATTERNS.length ** 2 / STRIDE)
}, 300_000)

test(
  `${QUESTIONS} random unions, guardrails and delegations come out as counting says`,
  async () => {
    const tally = await ask(generateQuestions(new Random(SEED)), QUESTIONS)
    if (QUESTIONS < 5000) return
    // Answers that are nearly always the same would show nothing.
    expect(tally.yes / QUESTIONS, 'share of yes').toBeGreaterThan(0.2)
    expect(tally.no / QUESTIONS, 'share of no').toBeGreaterThan(0.2)
  },
  QUESTIONS * 10 + 60_000,
)

/** Throws at the first disagreement; *unknown* is one. */
async function ask(questions: Iterable<Question>, most: number): Promise<Record<'yes' | 'no' | 'unknown', number>> {
  const universes = createUniverses()
  const tally = { yes: 0, no: 0, unknown: 0 }
  const started = performance.now()
  let asked = 0
  for (const question of questions) {
    const { verdict, fault } = compare(question, universes())
    if (fault !== undefined) throw new Error(`seed ${SEED}, question ${asked}: ${fault}\n${print(question)}`)
    tally[verdict]++
    asked++
    // The worker must answer its master now and then.
    if (asked % 2000 === 0) await new Promise((resolve) => setImmediate(resolve))
    if (asked === most) break
  }
  const seconds = (performance.now() - started) / 1000
  console.log(
    `seed ${SEED}: ${asked} questions in ${seconds.toFixed(1)} s, ${tally.yes} yes, ${tally.no} no, 0 unknown`,
  )
  return tally
}
