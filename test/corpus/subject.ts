/** A case's policy, checked, and the two that answer its questions: the reference and the engine. */

import { loadEngineWasm } from '../../cli/engine-wasm.ts'
import { analyzePolicy } from '../../compiler/analyze/index.ts'
import { emitImage, emitState, spliceModule } from '../../compiler/emit/index.ts'
import { checkPolicy, meterKeys } from '../../compiler/front/index.ts'
import { parseState } from '../../compiler/model/index.ts'
import { createReference, type Reference } from '../../compiler/reference/index.ts'
import { type DecideOptions, EngineError, type LiveEngine, loadLiveEngine } from '../../engine-wasm/host/index.ts'
import { type Diagnostic, type PolicyFile, parsePolicy } from '../../grammar/index.ts'
import type { Case, Question } from './case-file.ts'

export interface Checked {
  readonly files: readonly PolicyFile[]
  readonly model: ReturnType<typeof checkPolicy>['model']
  /** Of the parser, the checks and the proofs, in the order of the text. */
  readonly diagnostics: readonly Diagnostic[]
}

/** A case that asks questions may delegate more than is held, to show that nothing comes of it; the others are proved too. */
export function checkCase({ files: sources, others, settings, questions }: Case): Checked {
  const parsed = sources.map(({ path, text }) => parsePolicy(path, text))
  const files = parsed.map(({ file }) => file)
  const strict = settings.strict === true
  const checked = checkPolicy(files, {
    strict,
    ...(others.size > 0 && { loadCatalog: (path: string) => others.get(path) }),
    ...(settings.now !== undefined && { now: Date.parse(settings.now) }),
  })
  const order = new Map(files.map(({ path }, index) => [path, index]))
  const { model } = checked
  const isProved = model !== undefined && questions.length === 0
  const proved = !isProved ? [] : analyzePolicy({ ...checked, files, model }, { strict }).diagnostics
  const diagnostics = [...parsed.flatMap((each) => each.diagnostics), ...checked.diagnostics, ...proved].sort(
    (a, b) =>
      (order.get(a.path) ?? 0) - (order.get(b.path) ?? 0) || a.span.start - b.span.start || (a.code < b.code ? -1 : 1),
  )
  return { files, model, diagnostics }
}

export interface Subject {
  readonly reference: Reference
  readonly engine: LiveEngine
  /** What the engine was loaded from, and what it was given. */
  readonly image: Uint8Array
  readonly records: readonly Uint8Array[]
  readonly revoked: readonly string[]
  readonly suspended: readonly string[]
  /** Writes the KEY of each clause for its `#n`. */
  readonly withKeys: (text: string) => string
}

/** @throws {Error} when the policy has an error, or its state */
export function makeSubject({ state, settings }: Case, { files, model: plain, diagnostics }: Checked): Subject {
  if (plain === undefined)
    throw new Error(`the policy has errors: ${diagnostics.map(({ message }) => message).join('; ')}`)
  const { notBefore, notAfter } = settings
  const model = {
    ...plain,
    ...(notBefore !== undefined && { notBefore: Date.parse(notBefore) }),
    ...(notAfter !== undefined && { notAfter: Date.parse(notAfter) }),
  }
  const keys = meterKeys(files)
  const reference = createReference(files, state, { keyOf: (clause) => keys.get(clause) })
  const image = emitImage(model)
  const engine = loadLiveEngine(spliceModule(loadEngineWasm(), image))
  const made = parseState(state)
  if (!made.ok) throw new Error(made.message)
  const records = emitState(made.value)
  const { revoked, suspended } = made.value
  for (const record of records) putRecord(engine, record)
  for (const name of revoked) engine.setFlag(name, 'revoked')
  for (const name of suspended) engine.setFlag(name, 'suspended')
  const numbered = [...keys.values()]
  const withKeys = (text: string) =>
    text.replace(/#(\d+)(p?)\//g, (whole, number: string, pace: string) => {
      const key = numbered[Number(number)]
      return key === undefined ? whole : `${key}${pace}/`
    })
  return { reference, engine, image, records, revoked, suspended, withKeys }
}

/** An agent whose name the policy declares is refused, and the others are made (docs/language.md, section 4). */
function putRecord(engine: LiveEngine, record: Uint8Array): void {
  try {
    engine.putRecord(record)
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'name-taken')) throw error
  }
}

/** The request of a question, with the keys of its meters, and with readings, which count as 0 where nothing is said. */
export function requestOf({ request }: Question, { withKeys }: Subject): unknown {
  if (!isObject(request)) return request
  const { readings = {} } = request
  if (!isObject(readings) || !isObject(readings.meters)) return { ...request, readings }
  const meters = Object.entries(readings.meters).map(([key, reading]) => [withKeys(key), reading])
  return { ...request, readings: { ...readings, meters: Object.fromEntries(meters) } }
}

/** How the engine is asked a question. */
export function optionsOf({ mode }: Question): DecideOptions {
  return mode === 'host' ? {} : { charge: 'caller', possible: mode === 'possible' }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
