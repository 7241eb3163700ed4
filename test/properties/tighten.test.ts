/**
 * Random policies, narrowed to what random requests used: the narrowed policy gives every request that was used the same
 * verdict, and allows no request at all that the policy does not.
 */
import { expect, test } from 'vitest'
import { tighten } from '../../compiler/analyze/tighten.ts'
import type { Generalise } from '../../compiler/analyze/tighten-pattern.ts'
import { createUsage } from '../../compiler/analyze/tighten-usage.ts'
import { emitImage } from '../../compiler/emit/index.ts'
import { type Decision, type EngineRequest, loadLiveEngine } from '../../engine-wasm/host/index.ts'
import { parsePolicy } from '../../grammar/index.ts'
import { soundFiles } from '../compiler/analyze/sound.ts'
import { render } from './generate/piece.ts'
import { filesOf, generatePolicy } from './generate/policy.ts'
import { Random } from './generate/random.ts'
import { createRequests } from './generate/request.ts'

const POLICIES = Number(process.env.KAVACH_TIGHTEN_POLICIES ?? 10)
const SEED = Number(process.env.KAVACH_TIGHTEN_SEED ?? 20_260_401)
const REQUESTS = 120
const HOW: readonly Generalise[] = [{ kind: 'none' }, { kind: 'values', most: 1 }, { kind: 'values', most: 3 }]

test(
  `${POLICIES} policies narrowed to what was used allow nothing new`,
  () => {
    const seen = { tightened: 0, unproved: 0, used: 0, denied: 0, lost: 0 }
    for (let number = 0; number < POLICIES; number++) {
      const random = new Random(Math.imul(SEED, 0x9e3779b1) + number)
      const { piece, aim } = generatePolicy(random)
      const sources = filesOf(render(piece)).toSorted((a, b) => (a.path < b.path ? -1 : 1))
      const files = sources.map(({ path, text }) => parsePolicy(path, text).file)
      const { model, map } = soundFiles(sources)
      const decide = decider(emitImage(model))
      const requests = createRequests(random, aim, ({ value }) => {
        const { decision, reservations = [] } = decide(value)
        return { decision, reservations }
      })
      const asked = Array.from({ length: REQUESTS }, () => withoutMeters(requests.next().value))
      const usage = createUsage(model)
      const used = asked.slice(0, REQUESTS / 3).filter((request) => {
        const decision = decide(request)
        if (!decision.allowed || !isAsked(request)) return false
        usage.add(request, decision.charged ?? (decision.grant === undefined ? [] : [decision.grant]))
        return true
      })
      if (used.length === 0) continue
      const generalise = HOW[number % HOW.length] ?? { kind: 'none' }
      const tightening = tighten({ files, map, model }, usage.usage(), { generalise })
      if (tightening.kind === 'broken') throw new Error(`policy ${number}: ${tightening.why}`)
      if (tightening.kind === 'unproved') {
        seen.unproved++
        continue
      }
      seen.tightened++
      seen.used += used.length
      const narrowed = decider(emitImage(tightening.result.model))
      for (const request of used) {
        expect([number, narrowed(request).decision, request]).toEqual([number, decide(request).decision, request])
      }
      for (const request of asked) {
        const [before, after] = [decide(request), narrowed(request)]
        if (before.allowed) seen.lost += after.allowed ? 0 : 1
        else {
          seen.denied++
          if (after.allowed) throw new Error(`policy ${number}: new access: ${JSON.stringify(request)}`)
        }
      }
    }
    console.log(`seed ${SEED}: ${JSON.stringify(seen)}`)
    expect(seen.tightened).toBeGreaterThan(POLICIES / 3)
    expect(seen.denied).toBeGreaterThan(seen.tightened)
  },
  POLICIES * 10_000 + 30_000,
)

function decider(image: Uint8Array): (value: unknown) => Decision {
  const engine = loadLiveEngine(image)
  return (value) => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    const readings = isObject && 'readings' in value ? value.readings : undefined
    const request = isObject ? { ...value, readings: readings ?? {} } : value
    return engine.decide(request as EngineRequest, { charge: 'caller' }) // Anything may be asked.
  }
}

/** A grant of another scope has another meter, which nobody has read. */
function withoutMeters(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('readings' in value)) return value
  const { readings } = value
  if (typeof readings !== 'object' || readings === null || !('meters' in readings)) return value
  const { meters: _, ...others } = readings
  return { ...value, readings: others }
}

function isAsked(value: unknown): value is { readonly action: string; readonly resource: string } {
  return typeof value === 'object' && value !== null && 'action' in value && 'resource' in value
}
