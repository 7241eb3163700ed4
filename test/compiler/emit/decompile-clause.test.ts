import { expect, test } from 'vitest'
import { readApproval, readLimit, readLimits, toNumber } from '../../../compiler/emit/decompile-clause.ts'
import { digestOf, emitImage } from '../../../compiler/emit/index.ts'
import { readImage } from '../../../compiler/emit/read-image.ts'
import * as layout from '../../../engine-wasm/format/layout.ts'
import { modelOf } from './model.ts'

const MODEL = modelOf(`autonomous agent a {
  allow read on x needs approval by "b" within 2m rate 2 per minute, 3 per day each owner
  limit budget 1 USD per month throttle at 50% to 4 per hour
}`)
const IMAGE = emitImage(MODEL)

function changed(section: number, offset: number, value: number): Uint8Array {
  const copy = IMAGE.slice()
  copy[readImage(IMAGE).at(section, 0, 1) + offset] = value
  copy.set(digestOf(copy), layout.H_DIGEST)
  return copy
}

test('limits and approvals are those of the policy', () => {
  const reader = readImage(IMAGE)
  const [agent] = MODEL.agents
  expect(readLimits(reader, 0)).toEqual(agent?.grants[0]?.limits)
  expect(readLimits(reader, 1)).toEqual(agent?.limits)
  expect([readLimit(reader, 0).scope, readLimit(reader, 1).scope]).toEqual(['owner', 'agent'])
  expect(readApproval(reader, 0)).toEqual({ by: 'b', withinMs: 120_000 })
  expect([readLimits(reader, layout.NONE), readApproval(reader, layout.NONE)]).toEqual([[], undefined])
})

test('what no policy says is refused', () => {
  const read = (image: Uint8Array) => () => readLimit(readImage(image), 0)
  expect(read(changed(layout.S_LIMITS, layout.LIMIT_PER, 9))).toThrow('limit 0 is counted per nothing we know')
  expect(read(changed(layout.S_METERS, layout.METER_WINDOW, 4))).toThrow('there is no window 4')
  expect(() => readLimits(readImage(IMAGE), 2)).toThrow('has no record 2')
  expect(() => readApproval(readImage(IMAGE), 1)).toThrow('has no record 1')
  expect(() => toNumber(2n ** 53n)).toThrow('9007199254740992 is beyond 2^53')
  expect(toNumber(-(2n ** 53n) + 1n)).toBe(-(2 ** 53) + 1)
})
