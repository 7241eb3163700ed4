import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ACCESS_TOKEN,
  AGENT_TOKEN,
  CODE_TOKEN,
  checkToken,
  createToken,
  hashToken,
  KEY_TOKEN,
  REFRESH_TOKEN,
  SECRET_TOKEN,
  TOKEN_PATTERN,
  type TokenPrefix,
} from '../../../runtime/tokens/index.ts'

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 })

function tokenOf(secret: Uint8Array, prefix?: TokenPrefix): string {
  return createToken(() => secret, sha256, prefix).token
}

/** The number that digits of base 62 say. */
function numberOf(digits: string): bigint {
  return Array.from(digits).reduce((sum, digit) => sum * 62n + BigInt(DIGITS.indexOf(digit)), 0n)
}

test('a token is its prefix, the secret and a checksum', () => {
  expect(tokenOf(new Uint8Array(32))).toBe(`kv_${'0'.repeat(43)}1UsQCo`)
  expect(tokenOf(new Uint8Array(32).fill(255), KEY_TOKEN)).toMatch(TOKEN_PATTERN)
})

test('every bit of the secret is in the token, and only the hash of the token is given beside it', () => {
  fc.assert(
    fc.property(secrets, (secret) => {
      const { token, hash } = createToken(() => secret, sha256)
      const hex = numberOf(token.slice(3, 46)).toString(16).padStart(64, '0')
      expect(hex).toBe(Buffer.from(secret).toString('hex'))
      expect(hash).toBe(createHash('sha256').update(token).digest('hex'))
      expect(hash).toBe(hashToken(token, sha256))
    }),
  )
})

const PREFIXES = [AGENT_TOKEN, KEY_TOKEN, ACCESS_TOKEN, REFRESH_TOKEN, CODE_TOKEN, SECRET_TOKEN]

test('a token of one kind is none of another', () => {
  const secret = new Uint8Array(32).fill(7)
  for (const prefix of PREFIXES) {
    const token = tokenOf(secret, prefix)
    expect(PREFIXES.filter((other) => checkToken(token, other))).toEqual([prefix])
    const renamed = PREFIXES.filter((other) => checkToken(other + token.slice(prefix.length), other))
    expect(renamed).toEqual([prefix])
  }
})

test('a token of an agent is no project key, whatever its secret', () => {
  fc.assert(
    fc.property(secrets, (secret) => {
      const agent = tokenOf(secret)
      const key = tokenOf(secret, KEY_TOKEN)
      expect([checkToken(agent), checkToken(key), checkToken(`kv_${key.slice(4)}`)]).toEqual([true, false, false])
      expect([
        checkToken(key, KEY_TOKEN),
        checkToken(agent, KEY_TOKEN),
        checkToken(`kvp_${agent.slice(3)}`, KEY_TOKEN),
      ]).toEqual([true, false, false])
    }),
  )
})

describe('a token that was mistyped is none', () => {
  const tokens = fc.sample(secrets, { seed: 7, numRuns: 20 }).map((secret) => tokenOf(secret))

  test('whatever the wrong character and its place', () => {
    for (const token of tokens) {
      for (let at = 0; at < token.length; at++) {
        for (const digit of `${DIGITS}_-`) {
          const typed = token.slice(0, at) + digit + token.slice(at + 1)
          expect(checkToken(typed), typed).toBe(typed === token)
        }
      }
    }
  })

  test('whichever neighbours changed places', () => {
    for (const token of tokens) {
      for (let at = 0; at + 1 < token.length; at++) {
        const typed = token.slice(0, at) + token.charAt(at + 1) + token.charAt(at) + token.slice(at + 2)
        expect(checkToken(typed), typed).toBe(typed === token)
      }
    }
  })

  test('whatever is missing or too much', () => {
    for (const token of tokens) {
      for (let at = 0; at <= token.length; at++) {
        expect(checkToken(token.slice(0, at) + token.slice(at + 1))).toBe(at === token.length)
        expect(checkToken(`${token.slice(0, at)}0${token.slice(at)}`)).toBe(false)
      }
    }
  })
})

test('what is no text of digits is no token', () => {
  const token = tokenOf(new Uint8Array(32))
  expect(
    ['', 'kv_', ` ${token}`, `${token}\n`, token.toUpperCase(), token.replace('0', 'é')].map((text) =>
      checkToken(text),
    ),
  ).toEqual(Array.from({ length: 6 }, () => false))
})

test('the pattern for scanners finds every kind inside a text', () => {
  const all = PREFIXES.map((prefix) => tokenOf(new Uint8Array(32).fill(1), prefix))
  expect(all.map((token) => TOKEN_PATTERN.exec(`token=${token}&`)?.[0])).toEqual(all)
  const [agent, key] = [tokenOf(new Uint8Array(32).fill(1)), tokenOf(new Uint8Array(32).fill(1), KEY_TOKEN)]
  expect(TOKEN_PATTERN.exec(`authorization: Bearer ${agent}`)?.[0]).toBe(agent)
  expect(TOKEN_PATTERN.exec(`KAVACH_KEY="${key}"`)?.[0]).toBe(key)
  expect(TOKEN_PATTERN.test(`${agent}0`)).toBe(false)
})
