/**
 * Mutated requests over all endpoints: none fails with anything but a declared refusal, nothing of the platform is changed, and a
 * request that is only said otherwise has the answer of the original.
 */
import { describe, expect, test } from 'vitest'
import { type Exchanged, exchange } from './http-exchange.ts'
import { mutantOf, render, synonymOf } from './http-request.ts'
import { type HttpSubject, SUBJECTS } from './http-subjects.ts'
import { randomOf, runsOr, SEED_OF_RUN } from './setting.ts'
import { Tally } from './tally.ts'

const RUNS = runsOr(500)
/** Requests that are under way at the same time. */
const AT_ONCE = 8
/** A host whose agents were all revoked by mutants tells little. */
const FRESH_AFTER = 2000
const SYNONYMS = 0.2
const GROWTH_BYTES = 300 * 2 ** 20

describe.each(Object.keys(SUBJECTS))('%s', (name) => {
  test(
    `${RUNS} mutated requests are answered or refused`,
    async () => {
      const open = SUBJECTS[name]
      if (open === undefined) throw new Error(`there is no subject ${name}`)
      const before = Object.getOwnPropertyNames(Object.prototype).join()
      const tally = new Tally()
      let heap: number | undefined
      for (let number = 0; number < RUNS; ) {
        const subject = await open()
        const end = Math.min(RUNS, number + FRESH_AFTER)
        const run = async () => {
          while (number < end) await runCase(subject, number++, tally)
        }
        await Promise.all(Array.from({ length: AT_ONCE }, run))
        await subject.close()
        globalThis.gc?.()
        const used = process.memoryUsage().heapUsed
        heap ??= used
        if (used - heap > GROWTH_BYTES)
          throw new Error(`the heap grew from ${heap} to ${used} bytes in ${number} requests`)
      }
      console.log(tally.print(`${name}: requests`))
      expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(before)
      expect('polluted' in {}).toBe(false)
      if (RUNS < 1000) return
      // Mutants that all die at the first check tell nothing.
      expect(tally.share((what) => / 2\d\d$/.test(what))).toBeGreaterThan(0.15)
    },
    RUNS * 50 + 60_000,
  )
})

async function runCase(subject: HttpSubject, number: number, tally: Tally): Promise<void> {
  const random = randomOf(number)
  const seed = random.pick(subject.seeds)
  const again = `npm run fuzz -- http --seed ${SEED_OF_RUN} --runs ${number + 1}: case ${number}, ${seed.name}`
  if (random.chance(SYNONYMS) && seed.isRepeatable === true) {
    const first = await exchange(subject.port, render(seed))
    const synonym = synonymOf(random, seed)
    const second = await exchange(subject.port, synonym)
    tally.add(`synonym ${second.status}`)
    if (said(first) === said(second)) return
    // Another request that came in between may have changed what both are answered from.
    if (said(await exchange(subject.port, render(seed))) === said(second)) return
    throw new Error(
      `${again}: said otherwise it has another answer\n${shown(synonym.bytes)}\n${said(first)}\n${said(second)}`,
    )
  }
  const mutant = mutantOf(random, seed, subject.seeds)
  const { bytes, isFramed } = mutant
  const answer = await exchange(subject.port, mutant)
  tally.add(`mutant ${answer.status}`)
  const fault = answer.status === 0 && isFramed ? 'it was not answered' : subject.faultOf(answer)
  if (fault !== undefined) throw new Error(`${again}: ${fault}\n${shown(bytes)}\n${JSON.stringify(answer)}`)
}

/** What an answer says, without ids, times and secrets, which are new each time; members come in an order of their own. */
function said({ status, headers, body }: Exchanged): string {
  const { date: _, 'x-request-id': __, 'content-length': ___, ...rest } = headers
  return JSON.stringify([status, rest, sortedJson(body)])
    .replace(/\b(req|agt|dlg|apr|aud|kv|kvp|key|kva|kvr|kvc|kvs|mcp)_[0-9A-Za-z]+/g, '$1_')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T')
    .replace(/retry-?after\\?":\\?"?\d+/gi, 'retry')
}

function sortedJson(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    )
  } catch {
    return body
  }
}

function shown(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes).toString('latin1').slice(0, 3000))
}
