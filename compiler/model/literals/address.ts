/** Addresses and networks as unsigned 128-bit integers; IPv4 lives at `::ffff:0:0/96`. */
import { fault, parsed } from './fault.ts'
import type { CidrLiteral, Parsed } from './values.ts'

const V4_BASE = 0xffff_0000_0000n
const ALL_BITS = 128

/**
 * An address. IPv4 parts have no leading zeros; IPv6 may use `::` once and end in dotted IPv4; zone ids are refused.
 *
 * @see RFC 4291, section 2.2
 */
export function parseAddress(text: string): Parsed<bigint> {
  const value = text.includes(':') ? parseV6(text) : parseV4(text)
  return value === undefined ? notAnAddress(text) : parsed(value)
}

/** A network such as `10.0.0.0/8`, or a bare address, as the range of its addresses. Host bits must be zero. */
export function parseCidr(text: string): Parsed<CidrLiteral> {
  const slash = text.indexOf('/')
  const addressText = slash < 0 ? text : text.slice(0, slash)
  const address = parseAddress(addressText)
  if (!address.ok) return address
  if (slash < 0) return parsed({ low: address.value, high: address.value })
  const isV4 = !addressText.includes(':')
  const most = isV4 ? 32 : ALL_BITS
  const prefixText = text.slice(slash + 1)
  const prefix = /^(?:0|[1-9]\d{0,2})$/.test(prefixText) ? Number(prefixText) : most + 1
  if (prefix > most) {
    return fault({
      code: 'KV0213',
      start: slash + 1,
      end: text.length,
      message: `\`${prefixText}\` is not a prefix length`,
      help: `an IPv${isV4 ? 4 : 6} prefix runs from 0 to ${most}, without leading zeros`,
    })
  }
  const hostBits = BigInt(most - prefix)
  const low = (address.value >> hostBits) << hostBits
  if (low !== address.value) {
    return fault({
      code: 'KV0212',
      start: 0,
      end: text.length,
      message: `\`${text}\` has host bits set`,
      help: `write \`${isV4 ? formatV4(low) : formatV6Written(low, addressText)}/${prefix}\` for the network, \`${addressText}\` for the one address`,
    })
  }
  return parsed({ low, high: low | ((1n << hostBits) - 1n) })
}

/**
 * The canonical text of an address; IPv4-mapped ones are printed as dotted IPv4.
 *
 * @see RFC 5952, section 4
 */
export function formatAddress(address: bigint): string {
  return address >> 32n === 0xffffn ? formatV4(address) : formatV6(address)
}

/** The text of a range that is one network, `low-high` otherwise. */
export function formatCidr(range: CidrLiteral): string {
  if (range.low === range.high) return formatAddress(range.low)
  const size = range.high - range.low + 1n
  const hostBits = size.toString(2).length - 1
  if (size !== 1n << BigInt(hostBits) || range.low % size !== 0n) {
    return `${formatAddress(range.low)}-${formatAddress(range.high)}`
  }
  const isV4 = range.low >> 32n === 0xffffn && hostBits <= 32
  if (isV4) return `${formatV4(range.low)}/${32 - hostBits}`
  return `${formatV6(range.low)}/${ALL_BITS - hostBits}`
}

function parseV4(text: string): bigint | undefined {
  if (text.length > 15) return undefined
  let value = 0
  let parts = 0
  let part = -1
  for (let i = 0; i <= text.length; i++) {
    const unit = i === text.length ? 0x2e : text.charCodeAt(i)
    if (unit === 0x2e) {
      if (part < 0) return undefined
      value = value * 256 + part
      parts++
      part = -1
      continue
    }
    if (unit < 0x30 || unit > 0x39 || part === 0) return undefined
    part = (part < 0 ? 0 : part * 10) + unit - 0x30
    if (part > 255) return undefined
  }
  return parts === 4 ? V4_BASE + BigInt(value) : undefined
}

function parseV6(text: string): bigint | undefined {
  if (text.length > 45) return undefined
  const gap = text.indexOf('::')
  if (gap < 0) {
    const groups = parseGroups(text, true)
    return groups?.length === 8 ? joinGroups(groups) : undefined
  }
  const head = parseGroups(text.slice(0, gap), false)
  const tail = parseGroups(text.slice(gap + 2), true)
  if (head === undefined || tail === undefined || head.length + tail.length > 7) return undefined
  return joinGroups([...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail])
}

function parseGroups(text: string, mayEndInV4: boolean): number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [i, part] of parts.entries()) {
    if (mayEndInV4 && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part)
      if (v4 === undefined) return undefined
      const low = Number(v4 & 0xffff_ffffn)
      groups.push(low >>> 16, low & 0xffff)
    } else {
      if (!/^[0-9A-Fa-f]{1,4}$/.test(part)) return undefined
      groups.push(Number.parseInt(part, 16))
    }
  }
  return groups
}

function joinGroups(groups: readonly number[]): bigint {
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n)
}

function formatV4(address: bigint): string {
  const value = Number(address & 0xffff_ffffn)
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

function formatV6(address: bigint): string {
  const groups: number[] = []
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((address >> shift) & 0xffffn))
  let best = { start: -1, length: 1 }
  for (let start = 0; start < 8; start++) {
    let end = start
    while (end < 8 && groups[end] === 0) end++
    if (end - start > best.length) best = { start, length: end - start }
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  if (best.start < 0) return hex(groups)
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`
}

/** IPv6 text for the network of a mapped address, kept dotted where the author wrote it so. */
function formatV6Written(network: bigint, written: string): string {
  return written.includes('.') && network >> 32n === 0xffffn ? `::ffff:${formatV4(network)}` : formatV6(network)
}

function notAnAddress(text: string): Parsed<bigint> {
  const zone = text.indexOf('%')
  if (zone >= 0) {
    return fault({
      code: 'KV0214',
      start: zone,
      end: text.length,
      message: `\`${text}\` has a zone id`,
      help: `leave out \`${text.slice(zone)}\``,
    })
  }
  const hasIdleZero = /(?:^|[.:])0\d+(?=\.|$)/.test(text) && text.includes('.')
  return fault({
    code: 'KV0211',
    start: 0,
    end: text.length,
    message: `\`${text}\` is not an address`,
    help: hasIdleZero
      ? 'write the parts of an IPv4 address without leading zeros'
      : 'write IPv4 such as `10.0.0.1` or IPv6 such as `2001:db8::1`',
  })
}
