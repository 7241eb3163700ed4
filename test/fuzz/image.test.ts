/**
 * Mutated images: the verifier refuses them, or they can be evaluated without a trap and without touching what is not
 * theirs. Nearly all are digested again, so that the verifier is really met.
 *
 * A mutant lies in one of two places: in a slot with random bytes behind it, or so that its slack ends where memory ends and a
 * read beyond is a trap. A mutant that provably keeps its meaning must give the answers that the reference gives for the
 * original, and one that can only have lost access must not allow more; what the others mean nobody can say.
 */
import { expect, test } from 'vitest'
import {
  STATUS_BAD_OFFSET,
  STATUS_BAD_ORDER,
  STATUS_OK,
  STATUS_OLD_GENERATION,
  STATUS_SAME_GENERATION,
} from '../../engine-wasm/format/codes.ts'
import type { Random } from '../properties/generate/random.ts'
import { type Mutant, mutateImage, seal } from './image-mutants.ts'
import { Instance, outcomeAndReason, withGeneration } from './instance.ts'
import { mutateRequest } from './request-mutants.ts'
import { runCases, runsOr } from './setting.ts'
import { strayReference } from './sound-image.ts'
import { assertGolden, describeAnswer, isAllowed, putState, type Subject, subjectOf } from './subject.ts'
import { Tally } from './tally.ts'
import { Watch } from './watch.ts'

const RUNS = runsOr(12_000)
/** Cases that share a subject and an instance. */
const STRETCH = 500
const WATCH_EVERY = 50
const GOLDEN_AFTER = 3
const MOST_MS = 500
const BEHIND = 256

const STATUSES = ['ok', 'too large', 'bad magic', 'bad version', 'bad length', 'bad digest', 'bad offset', 'bad order']

test(
  `${RUNS} mutated images neither trap nor write outside, and leave an engine that answers`,
  () => {
    const statuses = new Tally()
    const changes = new Tally()
    let host: Host | undefined
    runCases('image', RUNS, (random, number) => {
      const stretch = Math.floor(number / STRETCH)
      if (host === undefined || host.stretch !== stretch || !host.isFit()) host = new Host(stretch)
      const other = subjectOf(stretch + 1 + random.below(2)).image
      const { mutant, status } = host.run(random, other)
      statuses.add(STATUSES[-status] ?? `status ${status}`)
      changes.add(`${status === STATUS_OK ? 'accepted' : 'refused'}: ${mutant.change.replace(/ \d+$/, '')}`)
      if (number % WATCH_EVERY === 0) host.watch.assertUntouched()
    })
    host?.watch.assertUntouched()
    console.log(`${statuses.print('images by status')}\n${changes.print('and by change')}`)
    if (RUNS < 1000) return
    const checked = [STATUS_OK, STATUS_BAD_OFFSET, STATUS_BAD_ORDER, STATUS_OLD_GENERATION, STATUS_SAME_GENERATION]
    const names = new Set(checked.map((status) => STATUSES[-status] ?? `status ${status}`))
    expect(statuses.share((name) => names.has(name))).toBeGreaterThan(0.2)
    expect(statuses.share((name) => name === 'ok')).toBeGreaterThan(0.01)
  },
  RUNS * 10 + 60_000,
)

/** An instance with a good image in one slot and mutants coming to the other. */
class Host {
  readonly stretch: number
  readonly watch: Watch
  private readonly subject: Subject
  private readonly instance = new Instance()

  constructor(stretch: number) {
    this.stretch = stretch
    this.subject = subjectOf(stretch)
    expect(this.instance.load(this.subject.image)).toBe(STATUS_OK)
    putState(this.instance, this.subject)
    this.watch = new Watch(this.instance)
  }

  /** False when no image can follow any more. */
  isFit(): boolean {
    return (this.instance.next() ?? 0xffffffffffffffffn) < 0xfffffffffffffff0n
  }

  run(random: Random, other: Uint8Array): { readonly mutant: Mutant; readonly status: number } {
    const { instance, subject } = this
    const mutant = mutateImage(random, withGeneration(subject.image, instance.next() ?? 0n), other)
    const behind = Uint8Array.from({ length: BEHIND }, () => random.below(256))
    const isAtEnd = random.chance(0.5)
    const status = isAtEnd ? instance.bootAtEnd(mutant.image, behind) : instance.load(mutant.image, behind)
    if (status === STATUS_OK) {
      this.judge(mutant, random)
      this.assertUnchanged(mutant, behind)
      // The good image comes back; it and its generation are new to the engine.
      const next = instance.next()
      if (next === undefined) return { mutant, status }
      expect(instance.load(seal(withGeneration(subject.image, next)))).toBe(STATUS_OK)
    } else if (mutant.meaning !== 'any') {
      throw new Error(`${mutant.change}: a sound image is refused with status ${status}`)
    }
    assertGolden(instance, subject, random, random.chance(0.05) ? subject.golden.length : GOLDEN_AFTER)
    return { mutant, status }
  }

  private judge({ change, image, meaning }: Mutant, random: Random): void {
    const stray = strayReference(image)
    if (stray !== undefined) throw new Error(`${change}: accepted, and it leads astray: ${stray}`)
    for (const one of this.subject.golden) {
      const started = performance.now()
      const answer = outcomeAndReason(this.instance.ask(one.bytes))
      if (performance.now() - started > MOST_MS) this.assertQuick(one.bytes, change)
      if (
        meaning === 'same'
          ? answer === one.expected
          : meaning === 'any' || !isAllowed(answer) || isAllowed(one.expected)
      )
        continue
      const expected = describeAnswer(one.expected)
      throw new Error(`${change}: ${JSON.stringify(one.value)}: ${expected} became ${describeAnswer(answer)}`)
    }
    const some = random.pick(this.subject.golden).bytes
    this.instance.ask(mutateRequest(random, some, random.pick(this.subject.golden).bytes).bytes)
    this.instance.put(some)
    this.instance.exports.explain(some.length)
  }

  /** On a busy machine anything may be slow once: what counts is the processor's time, and the best of some tries. */
  private assertQuick(request: Uint8Array, change: string): void {
    let best = Number.POSITIVE_INFINITY
    for (let left = 5; left > 0 && best > MOST_MS; left--) {
      const started = process.cpuUsage()
      this.instance.ask(request)
      best = Math.min(best, process.cpuUsage(started).user / 1000)
    }
    if (best > MOST_MS) throw new Error(`${change}: a decision takes ${best} ms`)
  }

  private assertUnchanged({ change, image }: Mutant, behind: Uint8Array): void {
    const at = this.instance.exports.image_ptr() >>> 0
    const expected = Buffer.concat([image, behind.subarray(0, this.instance.roomBehind(at + image.length))])
    const found = this.instance.bytes().subarray(at, at + expected.length)
    if (expected.equals(found)) return
    const wrong = expected.findIndex((byte, offset) => byte !== found[offset])
    throw new Error(`${change}: byte ${wrong} of an image of ${image.length} bytes was written to`)
  }
}
