/** Policies are swapped while they are asked. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { DIGEST_BYTES, H_DIGEST, H_GENERATION } from '../../../engine-wasm/format/layout.ts'
import { loadLiveEngine } from '../../../engine-wasm/host/index.ts'
import { compilePolicy } from '../../abi/compiled.ts'

const SWAPS = 10_000

/** In the two of them other agents may read, and another resource is forbidden. */
const [EVEN, ODD] = [
  ['even', 'odd', ''],
  ['odd', 'even', 'autonomous agent more { allow read on m:** }'],
].map(
  ([reader, writer, more]) =>
    compilePolicy(`policy p
autonomous agent ${reader} { allow read on r:** }
autonomous agent ${writer} { allow write on r:** }
autonomous agent gone { allow read on r:** }
forbid * on r:${reader}
${more}`).image,
)

/** The image with another generation, and the digest that belongs to it. */
function withGeneration(image: Uint8Array | undefined, generation: number): Uint8Array {
  const copy = Uint8Array.from(image ?? [])
  new DataView(copy.buffer).setBigUint64(H_GENERATION, BigInt(generation), true)
  const digest = createHash('sha256')
    .update(copy.subarray(0, H_DIGEST))
    .update(copy.subarray(H_DIGEST + DIGEST_BYTES))
  copy.set(digest.digest(), H_DIGEST)
  return copy
}

test(`${SWAPS} swaps give no wrong decision, and forget no revocation`, () => {
  const engine = loadLiveEngine(withGeneration(EVEN, 2))
  engine.setFlag('gone', 'revoked')
  for (let generation = 3; generation < SWAPS + 3; generation++) {
    const image = withGeneration(generation % 2 === 0 ? EVEN : ODD, generation)
    engine.reload(image)
    const [reader, other] = generation % 2 === 0 ? ['even', 'odd'] : ['odd', 'even']
    const ask = (agent: string, resource: string) => engine.decide({ agent, action: 'read', resource })
    const found = [ask(reader, 'r:x'), ask(other, 'r:x'), ask(reader, `r:${reader}`), ask('gone', 'r:x')]
    const reasons = found.map(({ reason }) => reason).join()
    const seen = found.every(({ policy }) => policy.generation === generation)
    // `expect` would take longer than the swaps.
    if (reasons !== 'allowed,no-grant,forbidden,agent-revoked' || !seen) throw new Error(`${generation}: ${reasons}`)
  }
  expect(() => engine.reload(withGeneration(EVEN, SWAPS))).toThrow(/is refused/)
  expect(engine.policy.generation).toBe(SWAPS + 2)
}, 180_000)

test('a large image is swapped in slices, under a load that gets right answers all the time', async () => {
  const grants = Array.from({ length: 20_000 }, (_, i) => `  allow read on r:g${i}\n`).join('')
  const large = compilePolicy(
    `policy p autonomous agent even {\n${grants}}\nautonomous agent gone { allow read on r:** }`,
  )
  const engine = loadLiveEngine(withGeneration(EVEN, 1))
  engine.setFlag('gone', 'revoked')
  const reasonsFor = (resource: string) =>
    ['even', 'gone'].map((agent) => engine.decide({ agent, action: 'read', resource }).reason).join()
  let asked = 0
  for (let generation = 2; generation < 12; generation++) {
    const isLarge = generation % 2 === 0
    await engine.reloadAsync(withGeneration(isLarge ? large.image : EVEN, generation), {
      async yield() {
        for (let i = 0; i < 50; i++) {
          // What is being loaded does not show: the other one answers.
          const expected = isLarge ? 'forbidden,agent-revoked' : 'no-grant,agent-revoked'
          const reasons = reasonsFor(isLarge ? 'r:even' : 'r:g20000')
          if (reasons !== expected) throw new Error(reasons)
          asked++
        }
      },
    })
    expect(reasonsFor('r:g7')).toBe('allowed,agent-revoked')
    expect(reasonsFor('r:even')).toBe(isLarge ? 'no-grant,agent-revoked' : 'forbidden,agent-revoked')
  }
  expect(asked).toBeGreaterThan(1000)
})
