import { expect, test } from 'vitest'
import { toHex } from '../../../compiler/model/index.ts'
import { commitTo, fromHex, readPersonal } from '../../../runtime/audit/personal.ts'
import { hashingOf } from '../../../runtime/hashing.ts'
import { sha256 } from '../site.ts'

const { hex } = hashingOf(sha256)
const SALT = Uint8Array.from({ length: 16 }, (_, i) => i)

test('values and salt give the commitment again, and nothing else does', () => {
  const { commitment = '', text = '' } = commitTo({ owner: 'ann', ip: '10.0.0.1' }, SALT, hex) ?? {}
  expect(text).toBe('{"salt":"000102030405060708090a0b0c0d0e0f","ip":"10.0.0.1","owner":"ann"}')
  expect(readPersonal(text, sha256)).toEqual({ commitment, values: { ip: '10.0.0.1', owner: 'ann' } })
  expect(readPersonal(text.replace('ann', 'bob'), sha256)?.commitment).not.toBe(commitment)
  expect(readPersonal(text.replace('0001', '0101'), sha256)?.commitment).not.toBe(commitment)
})

test('another salt hides the same values behind another commitment', () => {
  const other = commitTo({ owner: 'ann' }, SALT.toReversed(), hex)
  expect(commitTo({ owner: 'ann' }, SALT, hex)?.commitment).not.toBe(other?.commitment)
})

test('no values need no commitment', () => {
  expect(commitTo({ owner: undefined }, SALT, hex)).toBeUndefined()
})

test.each([
  '',
  'null',
  '[]',
  '{}',
  '{"salt":"00","owner":"ann"}',
  '{"owner":"ann","salt":"000102030405060708090a0b0c0d0e0f"}',
])('%s is nothing that was written', (text) => {
  expect(readPersonal(text, sha256)).toBeUndefined()
})

test('hex is read as it is written', () => {
  expect([toHex(SALT), fromHex(toHex(SALT)), fromHex('0'), fromHex('0G'), fromHex('AB')]).toEqual([
    '000102030405060708090a0b0c0d0e0f',
    SALT,
    undefined,
    undefined,
    undefined,
  ])
})
