import { expect, test } from 'vitest'
import { parseAddress } from '../../../compiler/reference/address.ts'

test('IPv4 is four numbers without leading zeros, mapped into IPv6', () => {
  expect(parseAddress('255.0.1.2')).toBe(0xffff_ff00_0102n)
  const bad = ['1.2.3', '1.2.3.4.5', '256.0.0.0', '01.2.3.4', '1.2.3.4 ', '', '1..2.3', '+1.2.3.4', '0x1.2.3.4']
  expect(bad.map(parseAddress)).toEqual(bad.map(() => undefined))
})

test('IPv6 is eight groups, one gap of at least one group, perhaps ending in IPv4', () => {
  expect(parseAddress('::')).toBe(0n)
  expect(parseAddress('1:2:3:4:5:6:7:8')).toBe(0x0001_0002_0003_0004_0005_0006_0007_0008n)
  expect(parseAddress('1::8')).toBe(0x0001_0000_0000_0000_0000_0000_0000_0008n)
  expect(parseAddress('::FFFF:1.2.3.4')).toBe(0xffff_0102_0304n)
  expect(parseAddress('1:2:3:4:5:6:7::')).toBe(0x0001_0002_0003_0004_0005_0006_0007_0000n)
  const bad = [
    '1:2:3:4:5:6:7',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    ':::',
    '12345::',
    '1.2.3.4::',
    '::1%0',
    '1:2:3:4:5:6:7::8',
    '::/0',
  ]
  expect(bad.map(parseAddress)).toEqual(bad.map(() => undefined))
})

test('what is no text is no address', () => {
  expect([5, null, ['::'], {}].map(parseAddress)).toEqual(Array(4).fill(undefined))
})
