import { describe, expect, test } from 'vitest'
import { createClientAddress } from '../../../runtime/http/client-address.ts'
import type { HttpOptions } from '../../../runtime/http/index.ts'

function addressOf(trustProxy: HttpOptions['trustProxy'], ip: string | undefined, forwarded?: string) {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded, forwarded: 'for=203.0.113.9' }
  return createClientAddress(trustProxy)(new Request('http://h/', { headers }), { ip })
}

describe('the address of a client', () => {
  test.each<[string, HttpOptions['trustProxy'], string | undefined, string | undefined, string | undefined]>([
    ['is that of the socket', undefined, '198.51.100.1', undefined, '198.51.100.1'],
    ['is that of the socket whatever headers say', undefined, '198.51.100.1', '10.0.0.1', '198.51.100.1'],
    ['is that of the socket where no proxy is trusted', 0, '198.51.100.1', '10.0.0.1', '198.51.100.1'],
    ['is what one proxy says', 1, '10.0.0.1', '203.0.113.1, 198.51.100.2', '198.51.100.2'],
    ['is what the first of two proxies says', 2, '10.0.0.1', '203.0.113.1, 198.51.100.2, 10.0.0.2', '198.51.100.2'],
    ['is the first of all where there are fewer than proxies', 3, '10.0.0.1', '198.51.100.2', '198.51.100.2'],
    ['is that of the proxy when it says nothing', 1, '10.0.0.1', undefined, '10.0.0.1'],
    ['is the first that is not trusted', ['10.0.0.0/8'], '10.0.0.1', '1.1.1.1, 198.51.100.2, 10.3.0.1', '198.51.100.2'],
    ['is that of a socket that is not trusted', ['10.0.0.0/8'], '198.51.100.1', '10.0.0.1', '198.51.100.1'],
    ['may be one of IPv6', ['2001:db8::/32'], '2001:db8::1', '2001:db9::7', '2001:db9::7'],
    ['of IPv4 is written as one', undefined, '::ffff:198.51.100.1', undefined, '198.51.100.1'],
    ['of IPv4 is held against networks of IPv4', ['10.0.0.0/8'], '::ffff:10.0.0.1', '198.51.100.2', '198.51.100.2'],
    ['is nothing where a proxy says what is none', 1, '10.0.0.1', 'unknown', undefined],
    ['is nothing where nobody knows it', 1, undefined, '198.51.100.2', undefined],
    ['is no text that an adapter made up', undefined, 'nonsense', undefined, undefined],
  ])('%s', (_, trustProxy, ip, forwarded, expected) => {
    expect(addressOf(trustProxy, ip, forwarded)).toBe(expected)
  })

  test.each([
    [-1, 'trustProxy: must be how many proxies there are'],
    [1.5, 'trustProxy: must be how many proxies there are'],
    [['10.0.0.0/40'], 'trustProxy: `10.0.0.0/40` is neither an address nor a network'],
  ])('cannot be found with %j', (trustProxy, message) => {
    expect(() => createClientAddress(trustProxy)).toThrow(
      expect.objectContaining({ code: 'KVCH_E_CONFIG_INVALID', message }),
    )
  })
})
