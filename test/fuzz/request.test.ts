/**
 * Mutated requests straight into the module: it never traps and never writes outside. What a mutant says is read by a decoder
 * of our own, and the reference decides it: where the bytes have a meaning in JSON the module must answer the same.
 */
import { expect, test } from 'vitest'
import { ANSWER_NEED_AGENT, ANSWER_NEED_DELEGATIONS } from '../../engine-wasm/format/codes.ts'
import { BATCH_ANSWER_SIZE, REQ_FLAGS, REQ_OPEN, REQ_STRINGS } from '../../engine-wasm/format/layout.ts'
import type { Random } from '../properties/generate/random.ts'
import { decodeRequest } from './decode-request.ts'
import { Instance, outcomeAndReason } from './instance.ts'
import { mutateRequest } from './request-mutants.ts'
import { runCases, runsOr } from './setting.ts'
import { assertGolden, describeAnswer, isAllowed, putState, type Subject, subjectOf, toAnswer } from './subject.ts'
import { Tally } from './tally.ts'
import { Watch } from './watch.ts'

const RUNS = runsOr(25_000)
const STRETCH = 1000
const CHECK_EVERY = 100

test(
  `${RUNS} mutated requests are answered as the reference answers what they say`,
  () => {
    const kinds = new Tally()
    const answers = new Tally()
    let host: Host | undefined
    runCases('request', RUNS, (random, number) => {
      const stretch = Math.floor(number / STRETCH)
      if (host?.stretch !== stretch) host = new Host(stretch)
      const { kind, answer } = host.run(random)
      kinds.add(kind)
      answers.add(describeAnswer(answer))
      if (number % CHECK_EVERY === 0) host.check(random)
    })
    console.log(`${kinds.print('requests by what they are')}\n${answers.print('and by answer')}`)
    if (RUNS < 1000) return
    expect(kinds.share((kind) => kind === 'request')).toBeGreaterThan(0.3)
    expect(answers.share((answer) => answer === 'allow allowed')).toBeGreaterThan(0.01)
  },
  RUNS * 10 + 60_000,
)

test(`batches of mutated requests get the answers that each gets alone`, () => {
  const host = new Host(0)
  runCases('request', Math.ceil(RUNS / 50), (random) => host.runBatch(random))
})

class Host {
  readonly stretch: number
  private readonly subject: Subject
  private readonly instance = new Instance()
  private readonly watch: Watch

  constructor(stretch: number) {
    this.stretch = stretch
    this.subject = subjectOf(stretch)
    expect(this.instance.load(this.subject.image)).toBe(0)
    putState(this.instance, this.subject)
    this.watch = new Watch(this.instance)
  }

  check(random: Random): void {
    assertGolden(this.instance, this.subject, random)
    this.watch.assertUntouched()
  }

  run(random: Random): { readonly kind: string; readonly answer: number } {
    const { instance } = this
    const { bytes, change } = this.mutant(random)
    // Sometimes more or less is decided than was written: what stands there is the request.
    instance.put(bytes)
    const length = random.chance(0.03) ? random.below(2 * bytes.length + 8) : bytes.length
    const at = instance.exports.req_ptr() >>> 0
    const request = instance.bytes().slice(at, at + length)
    const answer = outcomeAndReason(instance.ask(request))
    const kind = this.judge(request, answer, change)
    if (random.chance(0.1)) this.assertExplained(request, change)
    return { kind, answer }
  }

  /** Several of them in a row, one behind the other, and whatever an earlier batch has left behind them. */
  runBatch(random: Random): void {
    const { instance } = this
    const requests = Array.from({ length: random.between(1, 8) }, () => this.mutant(random).bytes)
    const alone = requests.map((request) => this.headOf(request))
    const parts = requests.map((request) => {
      const part = Buffer.alloc(4 + ((request.length + 3) & ~3), random.below(256))
      part.writeUInt32LE(request.length)
      part.set(request, 4)
      return part
    })
    const whole = Buffer.concat(parts)
    const at = instance.put(whole)
    const cut = random.chance(0.3) ? random.below(whole.length + 1) : whole.length
    const count = instance.exports.eval_batch(cut)
    let start = 0
    let decided = 0
    for (const [index, part] of parts.entries()) {
      const size = requests[index]?.length ?? 0
      if (size < REQ_STRINGS || start + 4 + size > cut) break
      expect(instance.bytes().slice(at + start + 4, at + start + 4 + BATCH_ANSWER_SIZE)).toEqual(alone[index])
      decided++
      start += part.length
    }
    expect(count).toBe(decided)
  }

  private mutant(random: Random): { readonly bytes: Uint8Array; readonly change: string } {
    const { golden } = this.subject
    return mutateRequest(random, random.pick(golden).bytes, random.pick(golden).bytes)
  }

  private headOf(request: Uint8Array): Uint8Array {
    this.instance.put(request)
    this.instance.exports.eval(request.length)
    const at = this.instance.exports.res_ptr() >>> 0
    return this.instance.bytes().slice(at, at + BATCH_ANSWER_SIZE)
  }

  private judge(request: Uint8Array, answer: number, change: string): string {
    const decoded = decodeRequest(request)
    const fail = (expected: string): Error => {
      const bytes = Buffer.from(request).toString('base64')
      return new Error(`${change}: ${decoded.kind} ${bytes}: expected ${expected}, found ${describeAnswer(answer)}`)
    }
    if (decoded.kind === 'outside' || decoded.kind === 'invalid') {
      if (decoded.kind === 'invalid' && answer !== 0) throw fail('deny invalid-request')
      return decoded.kind
    }
    const isOpen = (new DataView(request.buffer).getUint32(REQ_FLAGS, true) & REQ_OPEN) !== 0
    // It asks for what is not there instead of denying.
    if (isOpen && [ANSWER_NEED_AGENT, ANSWER_NEED_DELEGATIONS].includes(answer & 15)) return 'open'
    const expected = toAnswer(this.subject.reference.decide(decoded.value, { possible: decoded.possible }))
    const isRight = decoded.kind === 'bounded' ? !isAllowed(answer) || isAllowed(expected) : answer === expected
    if (!isRight) throw fail(describeAnswer(expected))
    return decoded.kind
  }

  private assertExplained(request: Uint8Array, change: string): void {
    const { exports } = this.instance
    this.instance.put(request)
    const answer = exports.eval(request.length)
    exports.explain(request.length)
    const explained = this.instance.view().getInt32(exports.res_ptr(), true)
    if (explained !== answer)
      throw new Error(`${change}: ${describeAnswer(answer)} is explained as ${describeAnswer(explained)}`)
  }
}
