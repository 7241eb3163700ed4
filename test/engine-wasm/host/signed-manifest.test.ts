import { describe, expect, test } from 'vitest'
import { EngineError, formatSignature, parseSignature, toSignedBytes } from '../../../engine-wasm/host/index.ts'
import { compilePolicy } from '../../abi/compiled.ts'
import { keyOf, signPolicy } from './signing.ts'

const POLICY = compilePolicy('policy shop generation 7\nautonomous agent clerk { allow read on shop:** }')
const KEYS = [keyOf('a'), keyOf('b')]
const { signed, manifest } = signPolicy(POLICY, KEYS, {
  change: (made) => ({
    ...made,
    notBefore: -5,
    notAfter: 1_767_225_600_000,
    proved: [{ text: 'assert never "é\u2028\\" can delete on **', digest: 'ab'.repeat(32) }],
    delegationsProved: 2,
  }),
})
const text = formatSignature(signed)

function faultOf(source: string | object): string {
  try {
    parseSignature(source)
  } catch (error) {
    if (error instanceof EngineError && error.code === 'bad-manifest') return error.message
    throw error
  }
  return 'nothing'
}

/** The message around a reason. */
const fault = (why: string) => `this is no signature of a policy: ${why}; sign it again`

describe('a signature is read from', () => {
  const { buffer } = Uint8Array.from(Buffer.from(text))
  test.each<[string, string | object]>([
    ['its text', text],
    ['its text without the line feed', text.trimEnd()],
    ['its bytes', Buffer.from(text)],
    ['their buffer', buffer],
    ['the object that a bundler makes of it', JSON.parse(text)],
    ['the same object with its members in another order', { signatures: signed.signatures, manifest: signed.manifest }],
  ])('%s', (_, source) => {
    expect(parseSignature(source)).toEqual(signed)
  })
})

test('the text is canonical JSON: members sorted, nothing between them, one line', () => {
  const [a, b] = signed.signatures
  expect(text).toBe(
    `{"manifest":{"abi":"1.0","compiler":"9.9.9","delegationsProved":2,"digest":"${manifest.digest}",` +
      `"engine":"${manifest.engine}","format":"kavach-manifest","generation":7,"image":"${manifest.image}",` +
      `"module":"${manifest.module}","notAfter":1767225600000,"notBefore":-5,"policy":"shop",` +
      `"proved":[{"digest":"${'ab'.repeat(32)}","text":"assert never \\"é\u2028\\\\\\" can delete on **"}],"version":1},` +
      `"signatures":[{"keyId":"${a?.keyId}","signature":"${a?.signature}"},{"keyId":"${b?.keyId}","signature":"${b?.signature}"}]}\n`,
  )
  expect(signed.signatures.map(({ keyId }) => keyId)).toEqual(KEYS.map(({ keyId }) => keyId).sort())
})

test('what is signed is the canonical manifest behind words that nothing else begins with', () => {
  const canonical = text.slice('{"manifest":'.length, text.indexOf(',"signatures"'))
  expect(Buffer.from(toSignedBytes(manifest)).toString()).toBe(`kavach-manifest 1\n${canonical}`)
})

describe('is no signature:', () => {
  const parsed = () =>
    structuredClone(signed) as unknown as { manifest: Record<string, unknown>; signatures: unknown[] }
  const without = (member: string) => {
    const { [member]: _, ...rest } = parsed().manifest
    return { ...signed, manifest: rest }
  }
  const saying = (members: object) => ({ ...signed, manifest: { ...signed.manifest, ...members } })
  const [first, second] = signed.signatures
  const changed = 'it is not in canonical form, or was changed'

  test.each<[string, string | object, string]>([
    ['nothing', '', 'it is not JSON'],
    ['text', 'signed', 'it is not JSON'],
    ['half of one', text.slice(0, -100), 'it is not JSON'],
    ['bytes that are no UTF-8', Uint8Array.of(0xff), 'it is not UTF-8'],
    ['a byte order mark', Buffer.from(`\ufeff${text}`), 'it is not JSON'],
    ['a list', '[]', '`manifest` is no object'],
    ['a blank more', text.replace(':', ': '), changed],
    ['a line feed more', `${text}\n`, changed],
    ['members in another order', JSON.stringify({ signatures: signed.signatures, manifest: signed.manifest }), changed],
    ['a member twice', text.replace('"abi":', '"abi":"2.0","abi":'), changed],
    ['an escape for what needs none', text.replace('shop', '\\u0073hop'), changed],
    ['a number written otherwise', text.replace('"generation":7', '"generation":7.0'), changed],
    ['a member that nobody knows', saying({ admin: true }), '`manifest` has a member `admin` that nobody knows'],
    ['a member beside the manifest', { ...signed, more: 1 }, '`signature` has a member `more` that nobody knows'],
    ['no digest', without('module'), '`module` is not as expected'],
    ['no proofs', without('proved'), '`proved` is no list'],
    ['a digest in capitals', saying({ image: manifest.image.toUpperCase() }), '`image` is not as expected'],
    ['another format', saying({ format: 'x' }), '`format` is not `kavach-manifest`; a newer kavachos may know it'],
    ['a later version', saying({ version: 2 }), '`version` is not `1`; a newer kavachos may know it'],
    ['a generation with a fraction', saying({ generation: 1.5 }), '`generation` is no whole number'],
    ['a generation below zero', saying({ generation: -1 }), '`generation` is negative'],
    ['a generation beyond whole numbers', saying({ generation: 2 ** 53 }), '`generation` is no whole number'],
    ['a zero below zero', saying({ generation: -0 }), '`generation` is no whole number'],
    ['a time that no date can hold', saying({ notAfter: 8.64e15 + 1 }), '`notAfter` is no time'],
    ['a time as text', saying({ notBefore: '2026' }), '`notBefore` is no whole number'],
    ['a name that is no text', saying({ policy: '\ud800' }), '`policy` is not as expected'],
    ['no manifest', { ...signed, manifest: null }, '`manifest` is no object'],
    ['a key id that is none', { ...signed, signatures: [{ ...first, keyId: 'A' }] }, '`keyId` is not as expected'],
    ['half a signature', { ...signed, signatures: [{ ...first, signature: '00' }] }, '`signature` is not as expected'],
    [
      'the same key twice',
      { ...signed, signatures: [first, first] },
      '`signatures` is not sorted, or has something twice',
    ],
    [
      'keys out of order',
      { ...signed, signatures: [second, first] },
      '`signatures` is not sorted, or has something twice',
    ],
  ])('%s', (_, source, why) => {
    expect(faultOf(source)).toBe(fault(why))
  })

  test('more signatures than 64, at which it still is one', () => {
    const many = Array.from({ length: 65 }, (_, i) => ({ ...first, keyId: i.toString(16).padStart(16, '0') }))
    expect(faultOf({ ...signed, signatures: many.slice(1) })).toBe('nothing')
    expect(faultOf({ ...signed, signatures: many })).toBe(fault('there are more than 64 signatures'))
  })

  test('a text of more than 16 MiB, which is not read', () => {
    expect(faultOf(' '.repeat((1 << 24) + 1))).toBe(fault('it is too long'))
    expect(faultOf(' '.repeat(1 << 24))).toBe(fault('it is not JSON'))
  })
})
