/**
 * What a comparison of two policies finds, against their engines: whatever request one of them allows and the other does not
 * lies in a region, or in what is said to be unknown.
 */
import { expect, test } from 'vitest'
import { diffPolicies } from '../../compiler/analyze/diff.ts'
import { type Comparison, compareAccess, type Gains } from '../../compiler/analyze/diff-compare.ts'
import { emitImage } from '../../compiler/emit/index.ts'
import type { PolicyModel } from '../../compiler/model/index.ts'
import { type EngineRequest, type LiveEngine, loadLiveEngine } from '../../engine-wasm/host/index.ts'
import { parsePolicy, printPolicy } from '../../grammar/index.ts'
import { soundFiles } from '../compiler/analyze/sound.ts'
import { boxContains, type PlainRequest } from './diff/contains.ts'
import { type Piece, render, withoutOne } from './generate/piece.ts'
import { type Aim, filesOf, generatePolicy } from './generate/policy.ts'
import { Random } from './generate/random.ts'
import { createRequests } from './generate/request.ts'

const PAIRS = Number(process.env.KAVACH_DIFF_PAIRS ?? 20)
const SEED = Number(process.env.KAVACH_DIFF_SEED ?? 20_260_401)
const REQUESTS = 60

interface Pair {
  readonly old: PolicyModel
  readonly new: PolicyModel
  readonly aims: readonly Aim[]
}

test(
  `every difference of ${PAIRS} pairs of policies lies in a region`,
  () => {
    const seen = { differences: 0, inRegions: 0, unknown: 0, chains: 0 }
    for (let number = 0; number < PAIRS; number++) {
      const random = new Random(Math.imul(SEED, 0x9e3779b1) + number)
      const pair = generatePair(random)
      const comparison = compareAccess(pair.old, pair.new)
      const [old, new_] = [engineOf(pair.old), engineOf(pair.new)]
      if (comparison.unknown.length > 0) seen.unknown++
      for (const request of requestsOf(random, pair, old, new_)) {
        const [was, is] = [allows(old, request), allows(new_, request)]
        if (was === is) continue
        seen.differences++
        if (request.via !== undefined) seen.chains++
        const found = isIn(is ? comparison.gained : comparison.lost, request)
        if (found) seen.inRegions++
        else if (!isUnanswered(comparison.unknown, request)) {
          throw new Error(`pair ${number}: ${is ? 'new' : 'lost'} access is missing: ${JSON.stringify(request)}`)
        }
      }
    }
    console.log(`seed ${SEED}: ${JSON.stringify(seen)}`)
    // Five hops of grants with estimates above budgets may take more work than a question has.
    expect(seen.unknown).toBeLessThanOrEqual(PAIRS / 10)
    if (seen.unknown === 0) expect(seen.inRegions).toBe(seen.differences)
    expect(seen.differences).toBeGreaterThan(PAIRS)
    expect(seen.chains).toBeGreaterThan(PAIRS / 10)
  },
  PAIRS * 2000 + 30_000,
)

test('what is new from one policy to another is what is lost on the way back', () => {
  for (let number = 0; number < PAIRS / 5; number++) {
    const { old, new: new_ } = generatePair(new Random(SEED + number))
    const there = diffPolicies({ model: old }, { model: new_ })
    const back = diffPolicies({ model: new_ }, { model: old })
    expect(there.newAccess.map(withoutDigest)).toEqual(back.lostAccess.map(withoutDigest))
    expect(there.lostAccess.map(withoutDigest)).toEqual(back.newAccess.map(withoutDigest))
    expect(there.unknown).toEqual([])
  }
}, 120_000)

test('a policy is no different from itself, printed again', () => {
  for (let number = 0; number < PAIRS / 2; number++) {
    const sources = filesOf(render(generatePolicy(new Random(SEED - number)).piece))
    const printed = sources.map(({ path, text }) => ({ path, text: printPolicy(parsePolicy(path, text).file) }))
    const diff = diffPolicies({ model: soundFiles(sources).model }, { model: soundFiles(printed).model })
    expect(diff).toMatchObject({ newAccess: [], lostAccess: [], unknown: [], limits: [] })
  }
}, 180_000)

function withoutDigest<T extends { readonly digest: string }>({ digest: _, ...region }: T): Omit<T, 'digest'> {
  return region
}

/** Mostly a policy and the same without a few of its parts; sometimes two that have little in common. */
function generatePair(random: Random): Pair {
  const { piece, aim } = generatePolicy(random)
  const model = modelOf(piece) ?? fail()
  if (random.chance(0.2)) {
    const other = generatePolicy(random)
    return { old: model, new: modelOf(other.piece) ?? fail(), aims: [aim, other.aim] }
  }
  let smaller = piece
  for (let cuts = random.between(1, 4); cuts > 0; ) {
    const candidates = [...withoutOne(smaller)]
    if (candidates.length === 0) break
    const candidate = random.pick(candidates)
    cuts--
    if (modelOf(candidate) !== undefined) smaller = candidate
  }
  const cut = modelOf(smaller) ?? fail()
  return random.chance(0.5) ? { old: model, new: cut, aims: [aim] } : { old: cut, new: model, aims: [aim] }
}

function fail(): never {
  throw new TypeError('a generated policy has errors')
}

/** `undefined` when what was left out makes the rest wrong. */
function modelOf(piece: Piece): PolicyModel | undefined {
  try {
    return soundFiles(filesOf(render(piece))).model
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function engineOf(model: PolicyModel): LiveEngine {
  return loadLiveEngine(emitImage(model))
}

/** Requests near the edges of both, with fresh meters and hops that were just opened. */
function* requestsOf(random: Random, { aims }: Pair, old: LiveEngine, new_: LiveEngine): Generator<PlainRequest> {
  for (const [index, aim] of aims.entries()) {
    const engine = index === 0 ? new_ : old
    const source = createRequests(random, aim, ({ value }) => {
      const request = toPlain(value)
      if (request === undefined) return { decision: 'deny', reservations: [] }
      const { decision, reservations = [] } = decide(engine, request)
      return { decision, reservations: [...reservations] }
    })
    for (let count = 0; count < REQUESTS / aims.length; count++) {
      const request = toPlain(source.next().value)
      if (request !== undefined) yield request
    }
  }
}

function toPlain(value: unknown): PlainRequest | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const {
    agent,
    action,
    resource,
    via,
    now,
    readings: _,
    since: __,
    tenant: ___,
    ...facts
  }: Record<string, unknown> = {
    ...value,
  }
  if (typeof agent !== 'string' || typeof action !== 'string' || typeof resource !== 'string') return undefined
  const names = Array.isArray(via) ? via.map((hop: unknown) => (isRecord(hop) ? hop.agent : hop)) : []
  if (names.some((name) => typeof name !== 'string')) return undefined
  return {
    agent,
    ...(names.length > 0 && { via: names.map(String) }),
    action,
    resource,
    ...facts,
    ...(now !== undefined && { now, since: now }),
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function decide(engine: LiveEngine, request: PlainRequest) {
  // Anything may be asked: the engine promises to answer what is no request too.
  return engine.decide({ ...request, readings: {} } as EngineRequest, { charge: 'caller' })
}

function allows(engine: LiveEngine, request: PlainRequest): boolean {
  return decide(engine, request).allowed
}

/** The question about exactly this chain took too much work, or the chains were too many. */
function isUnanswered(unknown: Comparison['unknown'], request: PlainRequest): boolean {
  const chain = JSON.stringify([...(request.via ?? []), request.agent])
  return unknown.some(({ who }) => who[0] === '*' || JSON.stringify(who) === chain)
}

function isIn({ entries, direction }: Gains, request: PlainRequest): boolean {
  const who = JSON.stringify([...(request.via ?? []), request.agent])
  direction.universe.renew()
  return entries.some(
    (entry) =>
      entry.who.some((chain) => JSON.stringify(chain) === who) && boxContains(entry.box, request, direction.universe),
  )
}
