/**
 * Assertions over whole policies against trying every chain and every request.
 *
 * KAVACH_BRUTE_FORCE_QUESTIONS and KAVACH_BRUTE_FORCE_SEED as in scripts/brute-force.mjs; one question in a hundred is one of
 * these.
 */
import { expect, test } from 'vitest'
import { Random } from '../generate/random.ts'
import { compareProofs, compareWithReference, generateCase } from './policy.ts'

const QUESTIONS = Math.ceil(Number(process.env.KAVACH_BRUTE_FORCE_QUESTIONS ?? 40_000) / 100)
const SEED = Number(process.env.KAVACH_BRUTE_FORCE_SEED ?? 20_260_401)
const QUESTIONS_OF_A_POLICY = 5

test(
  `${QUESTIONS} assertions are proved and refuted as trying says`,
  async () => {
    const started = performance.now()
    const tally = { proved: 0, refuted: 0 }
    const asked = () => tally.proved + tally.refuted
    for (let number = 0; asked() < QUESTIONS; number++) {
      const found = generateCase(new Random(Math.imul(SEED, 0x9e3779b1) + number), QUESTIONS_OF_A_POLICY)
      const { outcomes, fault } = compareProofs(found)
      if (fault !== undefined) throw new Error(`seed ${SEED}, policy ${number}: ${fault}\n${found.text}`)
      for (const outcome of outcomes) tally[outcome]++
      if (number % 32 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const seconds = (performance.now() - started) / 1000
    console.log(
      `seed ${SEED}: ${asked()} assertions in ${seconds.toFixed(1)} s, ${tally.proved} proved, ${tally.refuted} refuted`,
    )
    if (QUESTIONS < 400) return
    // Answers that are nearly always the same would show nothing.
    expect(tally.proved / asked(), 'share of proved').toBeGreaterThan(0.25)
    expect(tally.refuted / asked(), 'share of refuted').toBeGreaterThan(0.25)
  },
  QUESTIONS * 200 + 60_000,
)

test('what is tried agrees with the reference evaluator', () => {
  for (let number = 0; number < 60; number++) {
    const random = new Random(Math.imul(SEED, 0x85ebca6b) + number)
    const found = generateCase(random, 0)
    for (let turn = 0; turn < 4; turn++) expect(compareWithReference(random, found)).toBeUndefined()
  }
}, 180_000)
