import { expect, test } from 'vitest'
import { createSink } from '../../../compiler/emit/sink.ts'

test('numbers are little-endian, negative ones in two’s complement', () => {
  const sink = createSink()
  sink.u8(1)
  sink.u16(0x0203)
  sink.u32(0x04050607)
  sink.u64(0x08090a0b0c0d0e0fn)
  sink.u64(-2n)
  expect([...sink.bytes()]).toEqual([
    ...[1, 3, 2, 7, 6, 5, 4],
    ...[0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 9, 8],
    ...[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  ])
})

test('zeros are written up to a multiple, and none where it is reached', () => {
  const sink = createSink()
  sink.append(Uint8Array.of(9))
  sink.align(4)
  sink.align(4)
  expect([...sink.bytes()]).toEqual([9, 0, 0, 0])
})

test('it grows and keeps what it holds', () => {
  const sink = createSink()
  for (let index = 0; index < 5000; index++) sink.u32(index)
  sink.append(new Uint8Array(100_000).fill(7))
  const bytes = sink.bytes()
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  expect(sink.length()).toBe(120_000)
  expect([0, 1, 4999].map((index) => view.getUint32(4 * index, true))).toEqual([0, 1, 4999])
  expect([bytes[20_000], bytes[119_999]]).toEqual([7, 7])
})
