import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { digestOf, emitImage } from '../../../compiler/emit/index.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import type { PolicyModel } from '../../../compiler/model/index.ts'
import * as layout from '../../../engine-wasm/format/layout.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import { Instance } from '../../fuzz/instance.ts'
import { render } from '../../properties/generate/piece.ts'
import { generatePolicy } from '../../properties/generate/policy.ts'
import { Random } from '../../properties/generate/random.ts'
import { modelOf, sectionOf } from './model.ts'

const SMALL = modelOf('autonomous agent a { allow read on x }')

function view(image: Uint8Array): DataView {
  return new DataView(image.buffer, image.byteOffset, image.byteLength)
}

test('the header says what the model says', () => {
  const image = emitImage({ ...SMALL, name: 'n', generation: 2 ** 53 - 1, notBefore: 5, notAfter: 7 })
  const header = view(image)
  expect(header.getUint32(layout.H_MAGIC, true)).toBe(layout.IMAGE_MAGIC)
  expect([header.getUint16(layout.H_VERSION, true), header.getUint16(layout.H_VERSION + 2, true)]).toEqual([1, 0])
  expect([header.getUint32(layout.H_LENGTH, true), image.length % 8]).toEqual([image.length, 0])
  expect(header.getUint32(layout.H_KIND, true)).toBe(layout.KIND_POLICY)
  expect(header.getBigUint64(layout.H_GENERATION, true)).toBe(2n ** 53n - 1n)
  expect([layout.H_NOT_BEFORE, layout.H_NOT_AFTER].map((at) => header.getBigInt64(at, true))).toEqual([5n, 7n])
})

test('without bounds an image holds from the first to the last moment', () => {
  const header = view(emitImage(SMALL))
  expect(header.getBigInt64(layout.H_NOT_BEFORE, true)).toBe(-(2n ** 63n))
  expect(header.getBigInt64(layout.H_NOT_AFTER, true)).toBe(2n ** 63n - 1n)
})

test('the digest is SHA-256 over everything but itself', () => {
  const image = emitImage(SMALL)
  const hash = createHash('sha256').update(image.subarray(0, layout.H_DIGEST))
  hash.update(image.subarray(layout.H_DIGEST + layout.DIGEST_BYTES))
  const expected = [...hash.digest()]
  expect([...digestOf(image)]).toEqual(expected)
  expect([...image.subarray(layout.H_DIGEST, layout.H_DIGEST + layout.DIGEST_BYTES)]).toEqual(expected)
})

/** The same data with its members in another order, in other objects. */
function shuffled<T>(value: T, random: Random): T {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, random)) as T // a list of the same items
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  const members = random.shuffle(Object.entries(value)).map(([name, member]) => [name, shuffled(member, random)])
  return Object.fromEntries(members) // the same members
}

test('the same model gives the same bytes, and the engine takes them', () => {
  const random = new Random(1)
  for (let turn = 0; turn < 40; turn++) {
    const text = render(generatePolicy(random).piece)
    const models = [1, 2].map(() => checkPolicy([parsePolicy('p.kavach', text).file]).model)
    const images = [...models, models[0] && shuffled(models[0], random)].map((model) => model && emitImage(model))
    const digests = images.map((image) => image && createHash('sha256').update(image).digest('hex'))
    expect([digests[0]?.length, new Set(digests).size]).toEqual([64, 1])
    expect(new Instance().load(images[0] ?? new Uint8Array())).toBe(0)
  }
})

test('an agent that the model does not hold cannot be delegated to', () => {
  const delegations = [{ from: 'a', to: 'ghost', grants: [] }]
  expect(() => emitImage({ ...SMALL, delegations })).toThrow(
    'a delegation names the agent ghost, which the model does not hold',
  )
})

test('roles of an agent stand in ascending order, each once', () => {
  const grant = (id: number) => ({ id, actions: undefined, patterns: SMALL.agents[0]?.grants[0]?.patterns ?? [] })
  const roles = [0, 1, 2].map((id) => ({ name: `r${id}`, grants: [grant(id)] }))
  const model: PolicyModel = {
    ...SMALL,
    roles,
    agents: [{ name: 'a', type: 'service', grants: [], roles: [2, 0, 2, 1] }],
  }
  const image = emitImage(model)
  const { bytes } = sectionOf(image, layout.S_ROLE_REFS, 4)
  expect([...bytes]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0])
  expect(new Instance().load(image)).toBe(0)
})

test('a grant of a large policy takes at most 32 bytes', () => {
  const pattern = SMALL.agents[0]?.grants[0]?.patterns[0]
  const agents = (count: number): PolicyModel['agents'] => {
    return Array.from({ length: count }, (_, index) => ({
      name: `agent-${index}`,
      type: 'autonomous',
      grants: Array.from({ length: 10 }, (_, grant) => ({
        id: 10 * index + grant,
        actions: [grant % 2 === 0 ? 'read' : 'write'],
        patterns: [{ segments: [[{ kind: 'text', text: `r${grant}` }]], rest: pattern?.rest === true }],
      })),
    }))
  }
  const [few, many] = [500, 1500].map((count) => emitImage({ ...SMALL, agents: agents(count) }).length)
  expect(((many ?? 0) - (few ?? 0)) / 10_000).toBeLessThan(32)
})
