import { describe, expect, test } from 'vitest'
import { formatAddress, parseAddress, parseCidr } from '../../../../compiler/model/index.ts'
import { isLoopbackAddress, isPublicAddress } from '../../../../runtime/adapters/node/public-address.ts'

/** What the registries of IANA list; behind each, whether its neighbours below and above are public. */
const SPECIAL: readonly (readonly [network: string, below: boolean, above: boolean])[] = [
  ['0.0.0.0/8', false, true],
  ['10.0.0.0/8', true, true],
  ['100.64.0.0/10', true, true],
  ['127.0.0.0/8', true, true],
  ['169.254.0.0/16', true, true],
  ['172.16.0.0/12', true, true],
  ['192.0.0.0/24', true, true],
  ['192.0.2.0/24', true, true],
  ['192.31.196.0/24', true, true],
  ['192.52.193.0/24', true, true],
  ['192.88.99.0/24', true, true],
  ['192.168.0.0/16', true, true],
  ['192.175.48.0/24', true, true],
  ['198.18.0.0/15', true, true],
  ['198.51.100.0/24', true, true],
  ['203.0.113.0/24', true, true],
  ['224.0.0.0/4', true, false],
  ['240.0.0.0/4', false, false],
  ['::/128', false, false],
  ['::1/128', false, false],
  ['::/96', false, false],
  ['64:ff9b:1::/48', false, false],
  ['100::/64', false, false],
  ['2001::/23', true, true],
  ['2001::/32', true, false],
  ['2001:2::/48', false, false],
  ['2001:db8::/32', true, true],
  ['2002::/16', true, true],
  ['2620:4f:8000::/48', true, true],
  ['3fff::/20', true, true],
  ['4000::/3', true, false],
  ['5f00::/16', false, false],
  ['fc00::/7', false, false],
  ['fe80::/10', false, false],
  ['fec0::/10', false, false],
  ['ff00::/8', false, false],
]

describe('AS-R9: an address is not public', () => {
  test.each(SPECIAL)(
    'in %s, from the first to the last, and not one beyond',
    (network, isPublicBelow, isPublicAbove) => {
      const range = parseCidr(network)
      if (!range.ok) throw new TypeError(network)
      const { low, high } = range.value
      const at = (address: bigint) => isPublicAddress(formatAddress(address))
      expect([at(low), at((low + high) / 2n), at(high)]).toEqual([false, false, false])
      expect([low > 0n && at(low - 1n), at(high + 1n)]).toEqual([isPublicBelow, isPublicAbove])
    },
  )

  const V4 = SPECIAL.filter(([network]) => !network.includes(':'))

  test.each(V4)('when it is %s in an IPv6 address, mapped or of NAT64, and is public otherwise', (network) => {
    const range = parseCidr(network)
    if (!range.ok) throw new TypeError(network)
    for (const address of [range.value.low, range.value.high]) {
      const text = formatAddress(address)
      expect([isPublicAddress(`::ffff:${text}`), isPublicAddress(`64:ff9b::${text}`)]).toEqual([false, false])
    }
  })

  test('when it is a tunnel: 6to4 and Teredo, whatever is in them', () => {
    expect(['2002:a00:1::1', '2002:808:808::1', '2001:0:4136:e378::1'].filter(isPublicAddress)).toEqual([])
  })

  test.each([
    '',
    'localhost',
    '127.1',
    '0x7f.0.0.1',
    '017700000001',
    '2130706433',
    'fe80::1%eth0',
    '1.1.1.1 ',
    '[::1]',
  ])('when it is none: %j', (text) => expect(isPublicAddress(text)).toBe(false))

  test('and those of the world are', () => {
    const world = ['1.1.1.1', '8.8.8.8', '93.184.216.34', '223.255.255.255', '2606:4700:4700::1111', '2a00:1450::1']
    expect(
      [...world, '::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '2000::', '3ffe:ffff::'].filter((a) => !isPublicAddress(a)),
    ).toEqual([])
  })
})

test('AS-R9: loopback is 127.0.0.0/8, mapped too, and ::1', () => {
  const asked = ['127.0.0.0', '127.255.255.255', '::ffff:127.0.0.1', '::1', '126.255.255.255', '128.0.0.0', '::', '::2']
  expect(asked.filter(isLoopbackAddress)).toEqual(asked.slice(0, 4))
  expect(parseAddress('::ffff:127.0.0.1')).toEqual(parseAddress('127.0.0.1'))
})
