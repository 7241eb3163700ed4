/**
 * A delegate never holds more than its delegator: `attenuation/property.ts` says what is held, over random worlds and their
 * random lives.
 *
 * KAVACH_ATTENUATION_CHAINS and KAVACH_ATTENUATION_SEED as in scripts/attenuation.mjs.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Life, life, live } from './attenuation/property.ts'
import { createTally } from './attenuation/tally.ts'

const CHAINS = Number(process.env.KAVACH_ATTENUATION_CHAINS ?? 10_000)
const SEED = Number(process.env.KAVACH_ATTENUATION_SEED ?? 20_260_401)
/** Lives between two looks at the clock; the worker must answer its master now and then. */
const BATCH = 10
/** Below this the shares of a tally say nothing. */
const FAIR_CHAINS = 10_000
const REPORT_EVERY = 100_000
/** A failing life is made smaller for as long. */
const SHRINK_MS = 20_000

test(
  `no delegate of ${CHAINS} chains holds more than its delegator`,
  async () => {
    const tally = createTally()
    const started = performance.now()
    const speed = () => Math.round((tally.chains() / (performance.now() - started)) * 1000)
    let reported = 0
    for (let batch = 0; tally.chains() < CHAINS; batch++) {
      run(SEED + batch, (one) => live(one, tally))
      await new Promise((resolve) => setImmediate(resolve))
      if (tally.chains() - reported >= REPORT_EVERY) {
        reported = tally.chains()
        console.log(`${reported} chains, batch ${batch}, ${speed()}/s`)
      }
    }
    console.log(`seed ${SEED}: ${speed()} chains/s\n${tally.print()}`)
    if (CHAINS >= FAIR_CHAINS) expect(tally.shortfalls()).toEqual([])
  },
  CHAINS * 20 + 60_000,
)

function run(seed: number, hold: (one: Life) => void): void {
  const property = fc.property(fc.noBias(life), hold)
  const found = fc.check(property, { seed, numRuns: BATCH, endOnFailure: true })
  if (!found.failed) return
  // Again from the life that failed, to make it smaller for as long as there is time.
  const path = found.counterexamplePath ?? ''
  const small = fc.check(property, { seed, path, interruptAfterTimeLimit: SHRINK_MS })
  const { errorInstance, numShrinks } = small.failed ? small : found
  const what = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  throw new Error(`seed ${seed}, made smaller ${numShrinks} times: ${what}`)
}
