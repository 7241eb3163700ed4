/** A policy for the fuzzers: its image, what was made at run time, and requests whose answers the reference has given. */
import { emitImage, emitState } from '../../compiler/emit/index.ts'
import { checkPolicy } from '../../compiler/front/index.ts'
import { parseState } from '../../compiler/model/index.ts'
import { createReference, type Reference } from '../../compiler/reference/index.ts'
import { STATUS_NAME_TAKEN } from '../../engine-wasm/format/codes.ts'
import { type PolicyFile, parsePolicy } from '../../grammar/index.ts'
import { render } from '../properties/generate/piece.ts'
import { generatePolicy } from '../properties/generate/policy.ts'
import { Random } from '../properties/generate/random.ts'
import { createRequests } from '../properties/generate/request.ts'
import { generateState } from '../properties/generate/state.ts'
import { encodeRequest } from './encode-request.ts'
import { type Instance, outcomeAndReason } from './instance.ts'

/** A request, and the outcome and reason that the reference gives. */
export interface Golden {
  readonly bytes: Uint8Array
  readonly value: Readonly<Record<string, unknown>>
  readonly possible: boolean
  readonly expected: number
}

export interface Subject {
  readonly file: PolicyFile
  readonly image: Uint8Array
  readonly state: unknown
  readonly records: readonly Uint8Array[]
  /** Stable id and flags. */
  readonly flags: readonly (readonly [string, number])[]
  readonly reference: Reference
  readonly golden: readonly Golden[]
}

const GOLDEN = 16
const SUBJECTS = 200
/** Larger images are rare and only slow the digest down. */
const MOST_BYTES = 32_768
const MADE = new Map<number, Subject>()

/** Subject `number`, one of 200 that differ; made once. */
export function subjectOf(number: number): Subject {
  const known = number % SUBJECTS
  let found = MADE.get(known)
  const random = new Random(Math.imul(0x5eed, known + 1))
  while (found === undefined) found = createSubject(random)
  MADE.set(known, found)
  return found
}

function createSubject(random: Random): Subject | undefined {
  const generated = generatePolicy(random)
  const { state, aim } = generateState(random, generated.aim)
  const file = parsed(render(generated.piece))
  const { model } = checkPolicy([file])
  const made = parseState(state)
  if (model === undefined || !made.ok) throw new TypeError('the generator made a policy that is refused')
  const image = emitImage(model)
  if (image.length > MOST_BYTES) return undefined
  const reference = createReference([file], state)
  const requests = createRequests(random, aim, ({ value, possible }) => reference.decide(value, { possible }))
  const golden: Golden[] = []
  while (golden.length < GOLDEN) {
    const { value: asked, possible } = requests.next()
    if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) continue
    // Meters read 0 here, and there.
    const { readings, ...value } = asked as Readonly<Record<string, unknown>> // any members at all
    const decision = reference.decide(value, { possible })
    const bytes = encodeRequest(value, possible)
    if (bytes === undefined || decision.reason === 'invalid-request') continue
    golden.push({ bytes, value, possible, expected: toAnswer(decision) })
  }
  const flags = new Map<string, number>()
  for (const name of made.value.revoked) flags.set(name, 1)
  for (const name of made.value.suspended) flags.set(name, (flags.get(name) ?? 0) | 2)
  return {
    file,
    image,
    state,
    records: emitState(made.value),
    flags: [...flags],
    reference,
    golden,
  }
}

function parsed(text: string): PolicyFile {
  return parsePolicy('p.kavach', text).file
}

const OUTCOMES = ['deny', 'limited', 'approval', 'throttle', 'allow']
const REASONS = `invalid-request agent-unknown agent-revoked agent-suspended agent-expired delegation-expired
  delegation-revoked delegation-depth forbidden no-grant ip-not-allowed outside-hours arg-mismatch unexpected-arg
  trust-too-low cost-too-high approval-required rate-limited budget-exhausted throttled allowed`.split(/\s+/)

/** What the module says for a decision of the reference. */
export function toAnswer({ decision, reason }: { readonly decision: string; readonly reason: string }): number {
  return OUTCOMES.indexOf(decision) | (REASONS.indexOf(reason) << 4)
}

/** An answer in words. */
export function describeAnswer(answer: number): string {
  return `${OUTCOMES[answer & 15] ?? `outcome ${answer & 15}`} ${REASONS[(answer >> 4) & 255] ?? (answer >> 4) & 255}`
}

export function isAllowed(answer: number): boolean {
  return (answer & 15) === 3 || (answer & 15) === 4
}

/** Puts the records and flags of a subject into an instance that has an image. */
export function putState(instance: Instance, { records, flags }: Subject): void {
  for (const record of records) {
    instance.put(record)
    const handle = instance.exports.overlay_put(record.length)
    if (handle < 0 && handle !== STATUS_NAME_TAKEN) throw new Error(`a record is refused: ${handle}`)
  }
  for (const [id, bits] of flags) {
    const bytes = new TextEncoder().encode(id)
    instance.put(bytes)
    if (instance.exports.revoke(bytes.length, bits) !== 0) throw new Error(`the flag of ${id} is refused`)
  }
}

/** Asks some of the golden requests; throws when an answer is not the reference's. */
export function assertGolden(instance: Instance, { golden }: Subject, random: Random, count = golden.length): void {
  const first = count < golden.length ? random.below(golden.length) : 0
  for (let i = 0; i < count; i++) {
    const one = golden[(first + i) % golden.length]
    if (one === undefined) return
    const answer = outcomeAndReason(instance.ask(one.bytes))
    if (answer === one.expected) continue
    throw new Error(
      `${JSON.stringify(one.value)}: expected ${describeAnswer(one.expected)}, found ${describeAnswer(answer)}`,
    )
  }
}
