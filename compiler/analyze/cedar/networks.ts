/**
 * Address ranges as Cedar asks about them.
 *
 * Ours are 128-bit ranges in which IPv4 is `::ffff:0:0/96`; Cedar keeps the two families apart, and an IPv4 address is in no
 * IPv6 network. The mapping therefore writes every mapped address as IPv4, and a range is split into its IPv4 part and the rest.
 */
import { intersectRanges, subtractRanges } from '../../algebra/index.ts'
import { type CidrLiteral, formatAddress } from '../../model/index.ts'
import { anyOf } from './logic.ts'

/** The mapped addresses. */
const V4: CidrLiteral = { low: 0xffff_0000_0000n, high: 0xffff_ffff_ffffn }
const LAST = (1n << 128n) - 1n

/** Whether the address `subject` is in one of `ranges`, which are sorted and disjoint. */
export function inNetworks(subject: string, ranges: readonly CidrLiteral[]): string {
  return anyOf([
    ...intersectRanges(ranges, [V4]).flatMap((range) => inV4(subject, range)),
    ...ranges.flatMap((range) => inV6(subject, range)),
  ])
}

function inV4(subject: string, range: CidrLiteral): readonly string[] {
  if (range.low === V4.low && range.high === V4.high) return [`${subject}.isIpv4()`]
  return blocksOf(range).map(({ low, bits }) => `${subject}.isInRange(ip("${formatAddress(low)}/${32 - bits}"))`)
}

function inV6(subject: string, range: CidrLiteral): readonly string[] {
  if (range.low === 0n && range.high === LAST) return [`${subject}.isIpv6()`]
  // A network around all of IPv4 may stay whole: no address of the mapping is in its IPv4 part.
  const isAround = range.low < V4.low && range.high > V4.high
  const parts = isAround ? [range] : subtractRanges([range], [V4])
  // `::ffff:0:0` is a multiple of 2^32 and no larger power: what begins there is IPv4 and no more.
  const blocks = parts.flatMap(blocksOf).filter(({ low }) => low < V4.low || low > V4.high)
  return blocks.map(({ low, bits }) => `${subject}.isInRange(ip("${formatAddress(low)}/${128 - bits}"))`)
}

interface Block {
  readonly low: bigint
  /** Host bits. */
  readonly bits: number
}

/** The fewest networks that are a range, in order. */
function blocksOf({ low, high }: CidrLiteral): readonly Block[] {
  const blocks: Block[] = []
  let from = low
  while (from <= high) {
    let bits = 0
    while (bits < 128 && fits(from, high, bits + 1)) bits++
    blocks.push({ low: from, bits })
    from += 1n << BigInt(bits)
  }
  return blocks
}

function fits(low: bigint, high: bigint, bits: number): boolean {
  const size = 1n << BigInt(bits)
  return low % size === 0n && low + size - 1n <= high
}
