/**
 * Random policies with every construct, beyond what can be tried: nothing is *unknown*, what is proved withstands attack, and
 * what is refuted is shown to the engine and the reference.
 *
 * KAVACH_BRUTE_FORCE_QUESTIONS and KAVACH_BRUTE_FORCE_SEED as in scripts/brute-force.mjs; one question in two hundred is one
 * of these, and is attacked harder in a long run.
 */
import { expect, test } from 'vitest'
import { Random } from '../generate/random.ts'
import { attack, faultOfShown, generateRandomPolicy, prove } from './beyond.ts'

const LONG = process.env.KAVACH_BRUTE_FORCE_QUESTIONS
const ASSERTIONS = Math.ceil(Number(LONG ?? 40_000) / 200)
const SEED = Number(process.env.KAVACH_BRUTE_FORCE_SEED ?? 20_260_401)
const ATTACKS = LONG === undefined ? 60 : 2000

test(
  `${ASSERTIONS} assertions about random policies are decided, and rightly`,
  async () => {
    const started = performance.now()
    const tally = { proved: 0, refuted: 0, unknown: 0 }
    const asked = () => tally.proved + tally.refuted + tally.unknown
    let slowest = 0
    for (let number = 0; asked() < ASSERTIONS; number++) {
      const random = new Random(Math.imul(SEED, 0x9e3779b1) ^ number)
      const found = generateRandomPolicy(random)
      for (const assertion of found.assertions) {
        const before = performance.now()
        const proof = prove(found, assertion)
        slowest = Math.max(slowest, performance.now() - before)
        tally[proof.kind]++
        const fault = (): string | undefined => {
          switch (proof.kind) {
            case 'unknown':
              return proof.why
            case 'refuted':
              return proof.counterexample && faultOfShown(found, proof.counterexample)
            case 'proved':
              return proof.example === undefined
                ? attack(random, found, assertion, ATTACKS)
                : faultOfShown(found, proof.example)
          }
        }
        const why = fault()
        if (why !== undefined) {
          throw new Error(`seed ${SEED}, policy ${number}, ${proof.kind}: ${assertion.text}\n${why}\n${found.text}`)
        }
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    const seconds = (performance.now() - started) / 1000
    console.log(
      `seed ${SEED}: ${asked()} assertions in ${seconds.toFixed(1)} s, ${tally.proved} proved, ${tally.refuted} refuted, ${tally.unknown} unknown; the slowest took ${slowest.toFixed(0)} ms`,
    )
    expect(tally.unknown).toBe(0)
    expect(tally.proved / asked(), 'share of proved').toBeGreaterThan(0.25)
    expect(tally.refuted / asked(), 'share of refuted').toBeGreaterThan(0.25)
  },
  ASSERTIONS * 2000 + 60_000,
)
