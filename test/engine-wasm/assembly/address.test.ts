import { isIP, isIPv4 } from 'node:net'
import { expect, test } from 'vitest'
import { Random } from '../../properties/generate/random.ts'
import { agree } from './agree.ts'
import { compile, FREE } from './compile.ts'

interface Address {
  parseAddress(at: number, length: number): number
  addressIn(ranges: number, count: number): number
}

const engine = await compile<Address>('address')
/** Where an address lies that was parsed, as a number of 16 bytes, low byte first. */
const { ADDRESS } = await compile<{ readonly ADDRESS: WebAssembly.Global<'i32'> }>('memory')
const PARSED = new DataView(engine.memory.buffer, ADDRESS.value, 16)

function parse(text: string): bigint | undefined {
  const bytes = new TextEncoder().encode(text)
  if (engine.parseAddress(engine.write(Uint8Array.from([...bytes, 0x3a, 0x31])), bytes.length) === 0) return undefined
  return (PARSED.getBigUint64(8, true) << 64n) | PARSED.getBigUint64(0, true)
}

/** Node says whether it is an address, except for zones; the groups say which one. */
function expected(text: string): bigint | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined
  if (isIPv4(text)) return 0xffff00000000n | fromV4(text)
  const [head = '', tail] = text.split('::')
  const [before, behind] = [groupsOf(head), groupsOf(tail ?? '')]
  const zeros = new Array<bigint>(tail === undefined ? 0 : 8 - before.length - behind.length).fill(0n)
  return [...before, ...zeros, ...behind].reduce((value, group) => (value << 16n) | group, 0n)
}

function fromV4(text: string): bigint {
  return text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

function groupsOf(text: string): readonly bigint[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)]
    const value = fromV4(group)
    return [value >> 16n, value & 0xffffn]
  })
}

test('addresses are read as node reads them, and what is none is none', () => {
  const random = new Random(1)
  let sound = 0
  for (let turn = 0; turn < 40_000; turn++) {
    const text = someText(random)
    const value = expected(text)
    agree(text, parse(text), value)
    if (value !== undefined) sound++
  }
  expect(sound).toBeGreaterThan(10_000)
})

/** Mostly addresses, often with a fault. */
function someText(random: Random): string {
  const group = () => random.pick(['0', '1', 'ffff', 'FFFF', 'db8', '00ab', random.below(65536).toString(16)])
  const v4 = () => Array.from({ length: 4 }, () => random.pick([0, 1, 9, 10, 99, 100, 199, 249, 255])).join('.')
  let text: string
  switch (random.below(4)) {
    case 0:
      text = v4()
      break
    case 1:
      text = Array.from({ length: 8 }, group).join(':')
      break
    default: {
      const head = Array.from({ length: random.below(8) }, group)
      const tail = Array.from({ length: random.below(8 - head.length) }, group)
      if (random.chance(0.3)) tail.push(v4())
      text = `${head.join(':')}::${tail.join(':')}`
    }
  }
  if (random.chance(0.5)) return text
  const at = random.below(text.length + 1)
  const by = random.pick([
    '',
    '',
    ':',
    '::',
    '.',
    '0',
    '00',
    '1',
    'g',
    '%eth0',
    '/8',
    ' ',
    '256',
    '-',
    '\u0000',
    'é',
    '12345',
  ])
  return text.slice(0, at) + by + text.slice(at + random.below(3))
}

test('IPv4 lies in ::ffff:0:0/96', () => {
  expect(parse('10.1.2.3')).toBe(parse('::ffff:10.1.2.3'))
  expect(parse('10.1.2.3')).toBe(parse('::ffff:a01:203'))
})

test('edges of addresses', () => {
  const texts = [
    '::',
    '::1',
    '1::',
    ':',
    ':::',
    '1:::2',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:8::',
    '1::2::3',
  ]
  texts.push(
    '01.2.3.4',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4:',
    '::1.2.3',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1:2:3:4:5:6:1.2.3.4',
    '',
  )
  expect(texts.map((text) => [text, parse(text)])).toEqual(texts.map((text) => [text, expected(text)]))
})

test('an address is found in sorted ranges exactly when one of them holds it', () => {
  const random = new Random(2)
  const view = new DataView(engine.memory.buffer)
  let inside = 0
  for (let turn = 0; turn < 5000; turn++) {
    const points = new Set<bigint>()
    const wanted = 2 * random.below(9)
    while (points.size < wanted) points.add(someNumber(random))
    const sorted = [...points].sort((a, b) => (a < b ? -1 : 1))
    const ranges = sorted.flatMap((low, index) => (index % 2 === 0 ? [{ low, high: sorted[index + 1] ?? low }] : []))
    for (const [index, { low, high }] of ranges.entries()) {
      const at = FREE + 32 * index
      for (const [offset, word] of [low, low >> 64n, high, high >> 64n].entries()) {
        view.setBigUint64(at + 8 * offset, BigInt.asUintN(64, word), true)
      }
    }
    const near =
      random.chance(0.7) && sorted.length > 0 ? random.pick(sorted) + BigInt(random.between(-1, 1)) : someNumber(random)
    const address = BigInt.asUintN(128, near)
    PARSED.setBigUint64(8, address >> 64n, true)
    PARSED.setBigUint64(0, BigInt.asUintN(64, address), true)
    const holds = ranges.some(({ low, high }) => low <= address && address <= high)
    agree([address, ranges], engine.addressIn(FREE, ranges.length) !== 0, holds)
    if (holds) inside++
  }
  expect(inside).toBeGreaterThan(1000)
})

/** 128 bits, often at the border of a word. */
function someNumber(random: Random): bigint {
  const word = () => random.pick([0n, 1n, 2n, (1n << 64n) - 1n, 1n << 63n, BigInt(random.next()) << 16n])
  return (word() << 64n) | word()
}
