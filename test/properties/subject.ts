/** One policy as both see it: the reference walks its text, the engine runs its image. */
import { emitImage, emitState } from '../../compiler/emit/index.ts'
import { type CheckResult, checkPolicy, meterKeys, type SourceMap } from '../../compiler/front/index.ts'
import { parseState } from '../../compiler/model/index.ts'
import { createReference, type Reference, type ReferenceReservation } from '../../compiler/reference/index.ts'
import { EngineError, type EngineRequest, type LiveEngine, loadLiveEngine } from '../../engine-wasm/host/index.ts'
import { type Diagnostic, type PolicyFile, parsePolicy } from '../../grammar/index.ts'

/** What is compared of a decision. */
export interface Plain {
  readonly decision: string
  readonly allowed: boolean
  readonly reason: string
  /** Sorted by key. */
  readonly reservations: readonly ReferenceReservation[]
  /** Ids of the grants charged by the root and by each hop, -1 for one made at run time. */
  readonly charged: readonly number[]
}

export interface Subject {
  readonly map: SourceMap
  readonly reference: Reference
  readonly engine: LiveEngine
  /** What the engine was loaded from. */
  readonly image: Uint8Array
}

/** One file of a policy. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** Codes of the errors in a policy. */
export function errorsOf(sources: readonly Source[]): readonly string[] {
  return check(sources).errors.map(({ code }) => code)
}

function check(sources: readonly Source[]): {
  readonly files: readonly PolicyFile[]
  readonly checked: CheckResult
  readonly errors: readonly Diagnostic[]
} {
  const sorted = sources.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const parsed = sorted.map(({ path, text }) => parsePolicy(path, text))
  const files = parsed.map(({ file }) => file)
  const checked = checkPolicy(files)
  const all = [...parsed.flatMap(({ diagnostics }) => diagnostics), ...checked.diagnostics]
  return { files, checked, errors: all.filter(({ severity }) => severity === 'error') }
}

/** @throws {TypeError} when the policy or the state is refused by one of the two */
export function createSubject(sources: readonly Source[], state: unknown): Subject {
  const { files, checked, errors } = check(sources)
  if (checked.model === undefined || errors.length > 0) {
    throw new TypeError(`refused: ${errors.map(({ code, message }) => `${code} ${message}`).join('; ')}`)
  }
  const parsed = parseState(state)
  if (!parsed.ok) throw new TypeError(`the state is refused: ${parsed.message}`)
  const made = [...parsed.value.agents, ...parsed.value.delegations]
  const stateKeys = made.flatMap(({ grants }) => grants.flatMap(({ limits }) => (limits ?? []).map(({ key }) => key)))
  const keys = meterKeys(files)
  const reference = createReference(files.toReversed(), state, { keyOf: (clause) => keys.get(clause), stateKeys })
  const image = emitImage(checked.model)
  const engine = loadLiveEngine(image)
  for (const record of emitState(parsed.value)) putRecord(engine, record)
  for (const name of parsed.value.revoked) engine.setFlag(name, 'revoked')
  for (const name of parsed.value.suspended) engine.setFlag(name, 'suspended')
  return { map: checked.map, reference, engine, image }
}

/** An agent whose name the policy declares is not made. */
function putRecord(engine: LiveEngine, record: Uint8Array): void {
  try {
    engine.putRecord(record)
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'name-taken') throw error
  }
}

export function askReference({ reference }: Subject, request: unknown, possible: boolean): Plain {
  const { decision, allowed, reason, reservations, charged } = reference.decide(request, { possible })
  return { decision, allowed, reason, reservations: byKey(reservations), charged }
}

/** The engine's answer in the reference's words; what it throws becomes the reason. */
export function askEngine({ engine }: Subject, request: unknown, possible: boolean): Plain {
  try {
    // Anything may be asked: the engine promises to answer what is no request too.
    const found = engine.decide(withReadings(request) as EngineRequest, { charge: 'caller', possible })
    const { decision, allowed, reason, hops } = found
    const ids = found.charged ?? (found.grant === undefined ? [] : [found.grant])
    // The boundary's grants stand behind those of the chain; the reference does not list them.
    const charged = allowed ? ids.slice(0, hops + 1) : []
    return { decision, allowed, reason, reservations: allowed ? byKey(found.reservations ?? []) : [], charged }
  } catch (error) {
    return { decision: 'deny', allowed: false, reason: `it threw ${error}`, reservations: [], charged: [] }
  }
}

/** Where nothing is said about meters the reference reads 0; the engine is told so. */
function withReadings(request: unknown): unknown {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return request
  const readings = 'readings' in request ? request.readings : undefined
  return { ...request, readings: readings ?? {} }
}

function byKey(reservations: readonly ReferenceReservation[]): readonly ReferenceReservation[] {
  return reservations
    .map(({ key, window, windowStart, amount, limit, unit }) => ({ key, window, windowStart, amount, limit, unit }))
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

/** What is wrong between the two answers, or `undefined` when they are one. */
export function differenceOf(subject: Subject, request: unknown, possible: boolean): string | undefined {
  const expected = askReference(subject, request, possible)
  const found = askEngine(subject, request, possible)
  const texts = [JSON.stringify(expected), JSON.stringify(found)]
  if (texts[0] !== texts[1]) return `reference ${texts[0]}\nengine    ${texts[1]}`
  return misnamed(subject.map, found.charged)
}

/** The source map calls every charged grant an `allow`, whose text begins with it. */
function misnamed({ rules }: SourceMap, charged: readonly number[]): string | undefined {
  const wrong = charged.find((id) => id >= 0 && (rules[id]?.kind !== 'allow' || rules[id]?.id !== id))
  return wrong === undefined ? undefined : `rule ${wrong} of the map is no grant: ${JSON.stringify(rules[wrong])}`
}
