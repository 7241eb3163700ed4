// Swaps policies while they are asked, and reports every decision that is not the one of the policy that it names. It is the same
// file on every runtime, so it uses web standards alone.

/** Where an image has its generation and its digest (docs/abi.md, section 8). */
const GENERATION = 16
const DIGEST = 40
const DIGEST_BYTES = 32

/** What both policies are asked, and what the even and the odd one answer. */
const QUESTIONS = [
  { agent: 'even', action: 'read', resource: 'r:x' },
  { agent: 'odd', action: 'read', resource: 'r:x' },
  { agent: 'both', action: 'read', resource: 'r:even' },
  { agent: 'both', action: 'read', resource: 'r:odd' },
]
const REASONS = [
  ['allowed', 'no-grant', 'forbidden', 'allowed'],
  ['no-grant', 'allowed', 'allowed', 'forbidden'],
]

/** Policy text of the even and of the odd generations. */
export const POLICIES = [
  ['even', 'odd'],
  ['odd', 'even'],
].map(
  ([own, other]) => `policy p
autonomous agent ${own} { allow read on r:** }
autonomous agent ${other} { allow write on r:** }
autonomous agent both { allow read on r:** }
autonomous agent gone { allow read on r:** }
forbid * on r:${own}
`,
)

/**
 * Two engines are swapped by turns: a live one, which verifies the image in slices every other time and is asked between them, and
 * a plain one, which takes another instance each time.
 *
 * @param images of the two policies
 * @param engine the module of `kavachos/engine.wasm`
 */
export async function swapUnderLoad(door, { images, engine, swaps }) {
  const at = (generation) => withGeneration(images[generation % 2], generation, door.createDigest())
  const live = door.loadLiveEngine(at(2))
  const plain = door.openEngine(engine, at(2))
  live.setFlag('gone', 'revoked')
  const report = { swaps: 0, decisions: 0, wrong: [] }
  const check = (asked, generation) => {
    for (const [index, decision] of asked.decideBatch(QUESTIONS).entries()) {
      report.decisions++
      const wrong = wrongIn(decision, index, generation)
      if (wrong !== undefined) report.wrong.push(wrong)
    }
  }
  for (let generation = 3; generation < swaps + 3; generation++) {
    const image = at(generation)
    // What is being loaded does not show: the generation before answers.
    const load = async () => check(live, generation - 1)
    if (generation % 4 < 2) await live.reloadAsync(image, { yield: load })
    else live.reload(image)
    plain.reload(image)
    check(live, generation)
    check(plain, generation)
    report.swaps++
  }
  const last = swaps + 2
  return {
    ...report,
    refused: await refusals(door, live, { at, last }),
    // After all that was refused.
    last: [live, plain].map(({ policy }) => policy.generation),
    revoked: live.decide({ agent: 'gone', action: 'read', resource: 'r:x' }).reason,
  }
}

/** One of the questions, by any number; what is wrong with the answer while a generation is in force, if anything is. */
export function askOne(engine, number, generation) {
  const index = number % QUESTIONS.length
  return wrongIn(engine.decide(QUESTIONS[index]), index, generation)
}

function wrongIn({ reason, policy }, index, generation) {
  const isRight = policy.generation === generation && reason === REASONS[generation % 2][index]
  return isRight ? undefined : { asked: QUESTIONS[index], generation, reason, policy }
}

/** Codes of what may not be swapped in. */
async function refusals(door, live, { at, last }) {
  const digest = door.createDigest()
  const damaged = at(last + 1)
  damaged[damaged.length - 1] ^= 1
  const renamed = withGeneration(at(last + 1), last, digest)
  const codes = []
  const attempt = async (reload) => {
    try {
      await reload()
      codes.push('accepted')
    } catch (error) {
      codes.push(error instanceof door.EngineError ? error.code : `${error}`)
    }
  }
  const nothing = { yield: async () => {} }
  for (const image of [damaged, renamed, at(last - 1), at(last + 1).subarray(0, 100)]) {
    await attempt(() => live.reload(image))
    await attempt(() => live.reloadAsync(image, nothing))
  }
  // A later reload ends the one that is under way. The same image again is no other policy.
  await attempt(() => live.reloadAsync(at(last), { yield: async () => live.reload(at(last)) }))
  return codes
}

/** The image with another generation, and the digest that belongs to it. */
export function withGeneration(image, generation, digest) {
  const copy = new Uint8Array(image)
  new DataView(copy.buffer).setBigUint64(GENERATION, BigInt(generation), true)
  const rest = new Uint8Array(copy.length - DIGEST_BYTES)
  rest.set(copy.subarray(0, DIGEST))
  rest.set(copy.subarray(DIGEST + DIGEST_BYTES), DIGEST)
  copy.set(digest.digest(rest), DIGEST)
  return copy
}
