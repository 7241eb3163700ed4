import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeRanges } from '../../../../compiler/algebra/index.ts'
import { inNetworks } from '../../../../compiler/analyze/cedar/networks.ts'
import { type CidrLiteral, formatAddress, parseCidr } from '../../../../compiler/model/index.ts'
import { evaluate } from './evaluate.ts'

const LAST = (1n << 128n) - 1n

function networks(...texts: readonly string[]): readonly CidrLiteral[] {
  return mergeRanges(
    texts.map((text) => {
      const parsed = parseCidr(text)
      if (!parsed.ok) throw new TypeError(text)
      return parsed.value
    }),
  )
}

function isIn(ranges: readonly CidrLiteral[], address: bigint): boolean | string {
  return evaluate(inNetworks('context.ip', ranges), { ip: { __extn: { fn: 'ip', arg: formatAddress(address) } } })
}

test('a network is a network of its own family', () => {
  expect(inNetworks('x', networks('10.0.0.0/8'))).toBe('x.isInRange(ip("10.0.0.0/8"))')
  expect(inNetworks('x', networks('2001:db8::/32'))).toBe('x.isInRange(ip("2001:db8::/32"))')
  expect(inNetworks('x', networks('10.1.2.3', '10.1.2.4'))).toBe(
    '(x.isInRange(ip("10.1.2.3/32")) || x.isInRange(ip("10.1.2.4/32")))',
  )
})

test('what holds all of a family asks for the family', () => {
  expect(inNetworks('x', networks('0.0.0.0/0'))).toBe('x.isIpv4()')
  expect(inNetworks('x', networks('::/0'))).toBe('(x.isIpv4() || x.isIpv6())')
  expect(inNetworks('x', networks('::/1'))).toBe('(x.isIpv4() || x.isInRange(ip("::/1")))')
})

test('a range that begins outside of IPv4 and ends inside is split there', () => {
  const ranges = networks('::fffe:ffff:ffff', '0.0.0.0/8')
  expect(ranges).toHaveLength(1)
  expect(inNetworks('x', ranges)).toBe('(x.isInRange(ip("0.0.0.0/8")) || x.isInRange(ip("::fffe:ffff:ffff/128")))')
})

test('a range just around IPv4 asks for IPv4 and for the addresses beside it', () => {
  expect(inNetworks('x', networks('::fffe:ffff:ffff', '0.0.0.0/0', '::1:0:0:0'))).toBe(
    '(x.isIpv4() || x.isInRange(ip("::fffe:ffff:ffff/128")) || x.isInRange(ip("::1:0:0:0/128")))',
  )
})

test('Cedar finds in ranges what is in them, at every edge', () => {
  const edge = fc.oneof(
    fc.constantFrom(0n, 0xfffe_ffff_ffffn, 0xffff_0000_0000n, 0xffff_ffff_ffffn, 0x1_0000_0000_0000n, LAST),
    fc.bigInt(0n, LAST),
    fc.bigInt(0xffff_0000_0000n, 0xffff_ffff_ffffn),
  )
  const range = fc.tuple(edge, edge).map(([a, b]): CidrLiteral => (a < b ? { low: a, high: b } : { low: b, high: a }))
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 3 }), (given) => {
      const ranges = mergeRanges(given)
      const edges = ranges.flatMap(({ low, high }) => [low - 1n, low, high, high + 1n])
      for (const address of edges.filter((value) => value >= 0n && value <= LAST)) {
        expect(isIn(ranges, address)).toBe(ranges.some(({ low, high }) => low <= address && address <= high))
      }
    }),
    { numRuns: 25, seed: 7 },
  )
})
