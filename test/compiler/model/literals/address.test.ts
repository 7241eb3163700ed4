import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatAddress, formatCidr, parseAddress, parseCidr } from '../../../../compiler/model/index.ts'

function value(text: string): bigint | string {
  const parsed = parseAddress(text)
  return parsed.ok ? parsed.value : parsed.fault.code
}

function range(text: string): unknown {
  const parsed = parseCidr(text)
  return parsed.ok ? [parsed.value.low, parsed.value.high] : parsed.fault
}

const V4 = 0xffff_0000_0000n

describe('addresses', () => {
  it.each<[string, bigint]>([
    ['0.0.0.0', V4],
    ['10.1.2.3', V4 + 0x0a010203n],
    ['255.255.255.255', V4 + 0xffffffffn],
    ['::', 0n],
    ['::1', 1n],
    ['1::', 1n << 112n],
    ['::ffff:10.1.2.3', V4 + 0x0a010203n],
    ['::FFFF:0A01:203', V4 + 0x0a010203n],
    ['::10.1.2.3', 0x0a010203n],
    ['1:2:3:4:5:6:7:8', 0x0001_0002_0003_0004_0005_0006_0007_0008n],
    ['1:2:3:4:5:6:1.2.3.4', 0x0001_0002_0003_0004_0005_0006_0102_0304n],
    ['1:2:3:4:5:6:7::', 0x0001_0002_0003_0004_0005_0006_0007_0000n],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', (1n << 128n) - 1n],
  ])('%s', (text, expected) => {
    expect(value(text)).toBe(expected)
  })

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.04',
    '1..2.3',
    '1.2.3.4.',
    '10.1x.2.3',
    '10.0.0.1;drop',
    '0x7f.0.0.1',
    '1.2.3.4 ',
    ':::',
    '1:::2',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    '1.2.3.4::',
    '::1.2.3.04',
    '::1.2.3',
    '1:2:3:4:5:6:7:1.2.3.4',
    '[::1]',
  ])('%j is none', (text) => {
    expect(value(text)).toBe('KV0211')
  })

  it('a zone id is refused by name', () => {
    expect(parseAddress('fe80::1%eth0')).toEqual({
      ok: false,
      fault: { code: 'KV0214', start: 7, end: 12, message: '`fe80::1%eth0` has a zone id', help: 'leave out `%eth0`' },
    })
  })

  it('an idle zero is named as the reason', () => {
    expect(parseAddress('10.0.0.01')).toEqual({
      ok: false,
      fault: {
        code: 'KV0211',
        start: 0,
        end: 9,
        message: '`10.0.0.01` is not an address',
        help: 'write the parts of an IPv4 address without leading zeros',
      },
    })
  })

  it('accepts what the platform accepts, and prints IPv6 as URLs do', () => {
    const group = fc.constantFrom('0', '1', '00', 'ab', 'FFFF', '0db8', '', '12345', '1.2.3.4', 'g')
    fc.assert(
      fc.property(fc.array(group, { maxLength: 9 }), (groups) => {
        const text = groups.join(':')
        const parsed = parseAddress(text)
        expect([text, parsed.ok]).toEqual([text, isIP(text) !== 0])
        if (parsed.ok && text.includes(':') && parsed.value >> 32n !== 0xffffn) {
          expect(`[${formatAddress(parsed.value)}]`).toBe(new URL(`http://[${text}]`).hostname)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('prints what it reads back', () => {
    const words = fc.array(fc.constantFrom(0n, 1n, 0xffffn, 0xdb8n), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(words, (parts) => {
        const address = parts.reduce<bigint>((sum, part) => (sum << 16n) | part, 0n)
        expect(value(formatAddress(address))).toBe(address)
      }),
    )
  })
})

describe('networks', () => {
  it.each<[string, readonly bigint[], string]>([
    ['10.0.0.0/8', [V4 + 0x0a000000n, V4 + 0x0affffffn], '10.0.0.0/8'],
    ['0.0.0.0/0', [V4, V4 + 0xffffffffn], '0.0.0.0/0'],
    ['10.0.0.1/32', [V4 + 0x0a000001n, V4 + 0x0a000001n], '10.0.0.1'],
    ['::/0', [0n, (1n << 128n) - 1n], '::/0'],
    ['::ffff:10.0.0.0/104', [V4 + 0x0a000000n, V4 + 0x0affffffn], '10.0.0.0/8'],
    ['2001:db8::/32', [0x20010db8n << 96n, (0x20010db9n << 96n) - 1n], '2001:db8::/32'],
  ])('%s', (text, expected, printed) => {
    const parsed = parseCidr(text)
    expect([range(text), parsed.ok && formatCidr(parsed.value)]).toEqual([expected, printed])
  })

  it.each<[string, object]>([
    [
      '10.0.0.1/8',
      {
        code: 'KV0212',
        start: 0,
        end: 10,
        message: '`10.0.0.1/8` has host bits set',
        help: 'write `10.0.0.0/8` for the network, `10.0.0.1` for the one address',
      },
    ],
    [
      '::ffff:10.0.0.1/120',
      {
        code: 'KV0212',
        start: 0,
        end: 19,
        message: '`::ffff:10.0.0.1/120` has host bits set',
        help: 'write `::ffff:10.0.0.0/120` for the network, `::ffff:10.0.0.1` for the one address',
      },
    ],
    [
      '10.0.0.0/33',
      {
        code: 'KV0213',
        start: 9,
        end: 11,
        message: '`33` is not a prefix length',
        help: 'an IPv4 prefix runs from 0 to 32, without leading zeros',
      },
    ],
    [
      '::/129',
      {
        code: 'KV0213',
        start: 3,
        end: 6,
        message: '`129` is not a prefix length',
        help: 'an IPv6 prefix runs from 0 to 128, without leading zeros',
      },
    ],
    [
      '10.0.0.0/08',
      {
        code: 'KV0213',
        start: 9,
        end: 11,
        message: '`08` is not a prefix length',
        help: 'an IPv4 prefix runs from 0 to 32, without leading zeros',
      },
    ],
    [
      '10.0.0.0/',
      {
        code: 'KV0213',
        start: 9,
        end: 9,
        message: '`` is not a prefix length',
        help: 'an IPv4 prefix runs from 0 to 32, without leading zeros',
      },
    ],
  ])('%s', (text, fault) => {
    expect(range(text)).toEqual(fault)
  })

  it('a range that is no network is printed by its ends', () => {
    expect(formatCidr({ low: V4 + 1n, high: V4 + 2n })).toBe('0.0.0.1-0.0.0.2')
  })
})
