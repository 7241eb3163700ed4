/**
 * Mutants of random policies, against the engine: one that is proved equivalent is told apart by no request, whatever was made at
 * run time and whatever the meters read, and one that is told apart is told apart by the request that is shown.
 */
import { expect, test } from 'vitest'
import { mutantsOf } from '../../compiler/analyze/mutate.ts'
import { createComparer } from '../../compiler/analyze/mutate-apart.ts'
import { createAsker } from '../../compiler/analyze/mutate-decide.ts'
import { emitImage, emitState } from '../../compiler/emit/index.ts'
import { type PolicyModel, parseState } from '../../compiler/model/index.ts'
import { EngineError, type EngineRequest, type LiveEngine, loadLiveEngine } from '../../engine-wasm/host/index.ts'
import { parsePolicy } from '../../grammar/index.ts'
import { soundFiles } from '../compiler/analyze/sound.ts'
import { render } from './generate/piece.ts'
import { filesOf, generatePolicy } from './generate/policy.ts'
import { Random } from './generate/random.ts'
import { createRequests, type GeneratedRequest } from './generate/request.ts'
import { generateState } from './generate/state.ts'

const POLICIES = Number(process.env.KAVACH_MUTATE_POLICIES ?? 6)
const SEED = Number(process.env.KAVACH_MUTATE_SEED ?? 20_260_401)
const MUTANTS = 24
const REQUESTS = 150
/** A comparison in a test takes a moment at most. */
const STEPS = 1_500_000

test(
  `no request tells an equivalent mutant of ${POLICIES} policies from the policy`,
  () => {
    const seen = { equal: 0, apart: 0, unknown: 0, requests: 0 }
    for (let number = 0; number < POLICIES; number++) {
      const random = new Random(Math.imul(SEED, 0x9e3779b1) + number)
      const { piece, aim: policyAim } = generatePolicy(random)
      const { state, aim } = generateState(random, policyAim)
      const sources = filesOf(render(piece)).toSorted((a, b) => (a.path < b.path ? -1 : 1))
      const files = sources.map(({ path, text }) => parsePolicy(path, text).file)
      const { model, map } = soundFiles(sources)
      const all = mutantsOf({ files, map, model })
      const comparer = createComparer(model, STEPS)
      const engine = engineOf(model, state)
      const ask = (request: GeneratedRequest) => {
        const { decision, reservations = [] } = decide(engine, request.value)
        return { decision, reservations }
      }
      const source = createRequests(random, aim, ask)
      const requests = Array.from({ length: REQUESTS }, () => source.next().value)
      const before = requests.map((request) => decide(engine, request).decision)
      const asker = createAsker(model)
      for (let at = 0; at < Math.min(MUTANTS, all.length); at++) {
        const mutant = all[Math.floor((at * all.length) / Math.min(MUTANTS, all.length))]
        if (mutant === undefined) continue
        const changed = mutant.edit(model)
        const apart = comparer.tellApart(changed)
        seen[apart.kind]++
        if (apart.kind === 'apart') {
          const verdicts = [asker, createAsker(changed)].map((it) => it.decide(apart.request, apart.state).decision)
          expect(verdicts).toEqual(apart.verdicts.map(({ decision }) => decision))
          expect(verdicts[0]).not.toBe(verdicts[1])
        }
        if (apart.kind !== 'equal') continue
        const other = engineOf(changed, state)
        for (const [index, request] of requests.entries()) {
          seen.requests++
          const { decision } = decide(other, request)
          if (decision === before[index]) continue
          const { line, path } = mutant.place
          throw new Error(
            `policy ${number}: ${path}:${line} ${mutant.said}: ${before[index]} and ${decision} for ${JSON.stringify(request)}`,
          )
        }
      }
    }
    console.log(`seed ${SEED}: ${JSON.stringify(seen)}`)
    expect(seen.apart).toBeGreaterThan(POLICIES)
    expect(seen.requests).toBeGreaterThan(100 * POLICIES)
    // Budgets above estimates over many hops take more work than a comparison has here.
    expect(seen.unknown).toBeLessThan(seen.apart)
  },
  POLICIES * 20_000 + 30_000,
)

function engineOf(model: PolicyModel, state: unknown): LiveEngine {
  const engine = loadLiveEngine(emitImage(model))
  const parsed = parseState(state)
  if (!parsed.ok) throw new TypeError(parsed.message)
  for (const record of emitState(parsed.value)) {
    try {
      engine.putRecord(record)
    } catch (error) {
      // An agent whose name the policy declares is not made.
      if (!(error instanceof EngineError) || error.code !== 'name-taken') throw error
    }
  }
  for (const name of parsed.value.revoked) engine.setFlag(name, 'revoked')
  for (const name of parsed.value.suspended) engine.setFlag(name, 'suspended')
  return engine
}

function decide(engine: LiveEngine, value: unknown) {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const readings = isObject && 'readings' in value ? value.readings : undefined
  const request = isObject ? { ...value, readings: readings ?? {} } : value
  return engine.decide(request as EngineRequest, { charge: 'caller' }) // Anything may be asked.
}
