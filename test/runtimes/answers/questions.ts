/** The golden requests and the corpus as one text that every runtime reads: images, requests, and the whole answers. */
import * as door from '../../../engine-wasm/host/index.ts'
import { compileFolder, compilePolicy, recordsOf } from '../../abi/compiled.ts'
import { GOLDEN } from '../../abi/golden.ts'
import { type Case, loadCases } from '../../corpus/case-file.ts'
import { checkCase, makeSubject, optionsOf, requestOf } from '../../corpus/subject.ts'
import { POLICIES } from '../swap/runner.mjs'
import { type Asked, type Data, openLive, type Subject } from './runner.mjs'

/** A compiled policy, for those that import or compile modules. */
export const ACME: Uint8Array = compileFolder('acme').module

/** A subject whose answers are to be found. */
interface Asking extends Omit<Subject, 'questions'> {
  readonly asked: readonly (Asked & { readonly verdict?: string })[]
}

/** So many that instances which are not let go would show. */
const SWAPS = 500

/**
 * JSON that every runtime reads alike. The answers are those of the sources on this Node, which `test/abi/golden.test.ts` and
 * `test/corpus` hold against a second encoder, the reference and the cases; the verdicts of cases are compared here as well.
 */
export function questionsText(): string {
  const sets = {
    golden: GOLDEN.map(
      ({ name, image, state, requests }): Asking => ({
        name,
        image: base64(image),
        records: recordsOf(state).map(base64),
        revoked: state.revoked,
        suspended: state.suspended,
        asked: requests.map(({ value, possible }) => ({
          request: withReadings(value),
          options: { charge: 'caller', possible },
        })),
      }),
    ),
    corpus: loadCases()
      .filter(({ questions }) => questions.length > 0)
      .map(askingOf),
  }
  return toText({
    sets: { golden: sets.golden.map(answered), corpus: sets.corpus.map(answered) },
    swap: { images: POLICIES.map((text) => base64(compilePolicy(text).image)), count: SWAPS },
    module: base64(ACME),
  } satisfies Data)
}

/** Where nothing is said meters read 0. */
function withReadings(request: unknown): unknown {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return request
  return { ...request, readings: ('readings' in request ? request.readings : undefined) ?? {} }
}

function askingOf(each: Case): Asking {
  const subject = makeSubject(each, checkCase(each))
  return {
    name: each.name,
    image: base64(subject.image),
    records: subject.records.map(base64),
    revoked: subject.revoked,
    suspended: subject.suspended,
    asked: each.questions.map((question) => ({
      request: requestOf(question, subject),
      options: optionsOf(question),
      verdict: `${question.decision} ${question.reason}`,
    })),
  }
}

function answered({ asked, ...about }: Asking): Subject {
  const engine = openLive(door, about)
  const questions = asked.map(({ request: written, options, verdict }) => {
    // What the runtimes read is asked here too.
    const request = JSON.parse(toText(written))
    const decision = engine.decide(request, options)
    const found = `${decision.decision} ${decision.reason}`
    if (verdict !== undefined && found !== verdict) throw new Error(`${about.name}: ${found} instead of ${verdict}`)
    const explanation = JSON.stringify(engine.explain(request, options))
    return { request, options, decision: JSON.stringify(decision), explanation }
  })
  return { ...about, questions }
}

/** JSON, with what JSON can be read as and `JSON.stringify` does not write: -0 and numbers beyond the largest. */
function toText(value: unknown): string {
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return '-0'
    return Number.isFinite(value) ? `${value}` : `${value < 0 ? '-' : ''}1e999`
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((each) => toText(each ?? null)).join()}]`
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${toText(member)}`).join()}}`
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
