import { sign } from 'node:crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { readKey } from '../../../engine-wasm/host/index.ts'
import { keyOf, refusalOf } from './signing.ts'

const KEY = keyOf('a')
const MESSAGE = new TextEncoder().encode('what is signed')
const SIGNATURE = sign(null, MESSAGE, KEY.secret)

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('a key is read from', () => {
  const hex = Buffer.from(KEY.raw).toString('hex')
  test.each([
    ['its bytes', KEY.raw],
    ['hex', hex],
    ['hex in capitals, with a line feed', `${hex.toUpperCase()}\n`],
    ['base64url', Buffer.from(KEY.raw).toString('base64url')],
    ['PEM', KEY.pem],
    ['PEM with Windows line ends', KEY.pem.replaceAll('\n', '\r\n')],
  ])('%s', async (_, given) => {
    const key = await readKey(given)
    expect(key.keyId).toBe(KEY.keyId)
    expect(await key.verify(SIGNATURE.toString('hex'), MESSAGE)).toBe(true)
  })

  test('a key of Web Crypto', async () => {
    const imported = await crypto.subtle.importKey('raw', KEY.raw.slice(), 'Ed25519', true, ['verify'])
    expect((await readKey(imported)).keyId).toBe(KEY.keyId)
  })
})

describe('no key is', () => {
  const pem = KEY.secret.export({ format: 'pem', type: 'pkcs8' }).toString()
  const other =
    '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END PUBLIC KEY-----\n'
  const noKey = 'it is neither hex, base64url nor PEM of an Ed25519 public key'
  test.each([
    ['too few bytes', KEY.raw.subarray(1), 'it has 31 bytes, not 32'],
    ['too many bytes', new Uint8Array(33).fill(7), 'it has 33 bytes, not 32'],
    ['a private key', pem, 'it is a private key: keep it secret, and give the public one'],
    ['PEM of another algorithm', other, noKey],
    ['PEM cut short', KEY.pem.replace(/.{12}\n-----END/, '\n-----END'), 'it has 24 bytes, not 32'],
    ['damaged base64', KEY.pem.replace('MCow', 'MC=w'), 'its base64 is damaged'],
    ['nothing', '', noKey],
  ])('%s', async (_, given, why) => {
    expect(await refusalOf(readKey(given))).toEqual({ code: 'bad-key', message: `a public key is refused: ${why}` })
  })

  test('one that may not be exported, or is private', async () => {
    const raw = KEY.raw.slice()
    const hidden = await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify'])
    const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
    if (!('privateKey' in pair)) throw new TypeError('a pair was wanted')
    const message = 'a public key is refused: it is no public key that may be exported'
    for (const key of [hidden, pair.privateKey]) {
      expect(await refusalOf(readKey(key))).toEqual({ code: 'bad-key', message })
    }
  })
})

describe('what Node signs, Web Crypto verifies', () => {
  test.each([0, 1, 63, 64, 65, 1023, 100_000])('for %i bytes, and not when a bit differs', async (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255)
    const { secret, raw } = keyOf(`${length} bytes`)
    const key = await readKey(raw)
    const signature = sign(null, bytes, secret)
    expect(await key.verify(signature.toString('hex'), bytes)).toBe(true)
    for (let bit = 0; bit < 512; bit++) {
      expect([bit, await key.verify(flip(signature, bit).toString('hex'), bytes)]).toEqual([bit, false])
    }
    if (length > 0)
      expect(await key.verify(signature.toString('hex'), Uint8Array.from(flip(bytes, length)))).toBe(false)
  })

  test('and not with the same scalar written in another way', async () => {
    const twin = Buffer.from(SIGNATURE)
    const scalar = fromLittleEndian(twin.subarray(32)) + ORDER
    for (let i = 0; i < 32; i++) twin[32 + i] = Number((scalar >> BigInt(8 * i)) & 255n)
    expect(await (await readKey(KEY.raw)).verify(twin.toString('hex'), MESSAGE)).toBe(false)
  })
})

describe('a key that anybody can sign for is refused', () => {
  const message = 'a public key is refused: anybody can sign for it: it is a point of small order'

  test('whichever of the eight points it is, and however it is written', async () => {
    const encodings = new Set(smallOrderPoints().flatMap(encodingsOf))
    // Eight points, of which two have x = 0 and so a second sign, and y of 0 and 1 a second spelling each.
    expect(encodings.size).toBe(14)
    for (const encoding of encodings) {
      expect([encoding, await refusalOf(readKey(encoding))]).toEqual([encoding, { code: 'bad-key', message }])
    }
  })
})

describe('a platform without Ed25519 verifies nothing', () => {
  const refused = {
    code: 'no-ed25519',
    message: 'this platform cannot verify Ed25519 signatures: use one whose Web Crypto can, in a secure context',
  }

  test('when it has no Web Crypto', async () => {
    vi.stubGlobal('crypto', undefined)
    expect(await refusalOf(readKey(KEY.raw))).toEqual(refused)
  })

  test('when its Web Crypto does not know the algorithm', async () => {
    const error = new DOMException('Unrecognized name.', 'NotSupportedError')
    vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(error)
    expect(await refusalOf(readKey(KEY.raw))).toEqual(refused)
  })

  test('when it fails while it verifies', async () => {
    const key = await readKey(KEY.raw)
    vi.spyOn(crypto.subtle, 'verify').mockRejectedValue(new DOMException('no', 'OperationError'))
    expect(await refusalOf(key.verify(SIGNATURE.toString('hex'), MESSAGE))).toEqual(refused)
  })
})

function flip(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}

/** The curve of RFC 8032, section 5.1, in affine coordinates. */
const P = 2n ** 255n - 19n
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n
const D = modulo(-121665n * inverse(121666n))

type Point = readonly [x: bigint, y: bigint]

function modulo(value: bigint): bigint {
  return ((value % P) + P) % P
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let b = modulo(base), e = exponent; e > 0n; b = modulo(b * b), e >>= 1n) if (e & 1n) result = modulo(result * b)
  return result
}

function inverse(value: bigint): bigint {
  return power(modulo(value), P - 2n)
}

function add([x1, y1]: Point, [x2, y2]: Point): Point {
  const both = D * modulo(x1 * x2) * modulo(y1 * y2)
  return [modulo((x1 * y2 + x2 * y1) * inverse(1n + both)), modulo((y1 * y2 + x1 * x2) * inverse(1n - both))]
}

function times(point: Point, count: bigint): Point {
  let result: Point = [0n, 1n]
  for (let p = point, n = count; n > 0n; p = add(p, p), n >>= 1n) if (n & 1n) result = add(result, p)
  return result
}

/** A point with this y, when there is one. */
function pointAt(y: bigint): Point | undefined {
  const square = modulo((y * y - 1n) * inverse(D * y * y + 1n))
  const candidate = power(square, (P + 3n) / 8n)
  const x = [candidate, modulo(candidate * power(2n, (P - 1n) / 4n))].find((root) => modulo(root * root) === square)
  return x === undefined ? undefined : [x, y]
}

/** All points whose order divides eight: the multiples of one of order eight. */
function smallOrderPoints(): readonly Point[] {
  for (let y = 2n; ; y++) {
    const point = pointAt(y)
    const torsion = point && times(point, ORDER)
    if (torsion === undefined || times(torsion, 4n).join() === '0,1') continue
    return Array.from({ length: 8 }, (_, i) => times(torsion, BigInt(i)))
  }
}

function encodingsOf([x, y]: Point): readonly string[] {
  const signs = x === 0n ? [0n, 1n] : [x & 1n]
  const spellings = y + P < 2n ** 255n ? [y, y + P] : [y]
  return spellings.flatMap((spelling) => signs.map((bit) => toLittleEndian(spelling | (bit << 255n))))
}

function toLittleEndian(value: bigint): string {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex')
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}
