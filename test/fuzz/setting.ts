/**
 * How long a suite runs, and with which seed: scripts/fuzz.mjs says it by KAVACH_FUZZ_RUNS and KAVACH_FUZZ_SEED;
 * KAVACH_FUZZ_ONLY asks for the one case with that number.
 */
import { Random } from '../properties/generate/random.ts'

/** Of this run. */
export const SEED_OF_RUN = Number(process.env.KAVACH_FUZZ_SEED ?? 20_260_401)
const RUNS = process.env.KAVACH_FUZZ_RUNS
const ONLY = process.env.KAVACH_FUZZ_ONLY
const REPORT_EVERY = 100_000

/** How many cases `npm test` runs of a suite, unless more are asked for. */
export function runsOr(slice: number): number {
  return RUNS === undefined ? slice : Number(RUNS)
}

/** The choices of one case: the same for the same seed and number, whatever ran before. */
export function randomOf(number: number): Random {
  return new Random(Math.imul(SEED_OF_RUN, 0x9e3779b1) + Math.imul(number, 0x85ebca6b))
}

/** Runs the cases, says which one failed, and prints how it went. */
export function runCases(suite: string, runs: number, run: (random: Random, number: number) => void): void {
  const started = performance.now()
  const numbers = ONLY === undefined ? runs : 1
  for (let count = 0; count < numbers; count++) {
    const number = ONLY === undefined ? count : Number(ONLY)
    try {
      run(randomOf(number), number)
    } catch (error) {
      throw new Error(`npm run fuzz -- ${suite} --seed ${SEED_OF_RUN} --only ${number}: ${describe(error)}`, {
        cause: error,
      })
    }
    if (count > 0 && count % REPORT_EVERY === 0) console.log(`${suite}: ${count} of ${runs}`)
  }
  const seconds = (performance.now() - started) / 1000
  console.log(`${suite}: seed ${SEED_OF_RUN}, ${numbers} cases in ${seconds.toFixed(1)} s`)
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
