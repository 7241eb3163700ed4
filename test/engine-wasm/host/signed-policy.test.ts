import { describe, expect, test } from 'vitest'
import { concatenate } from '../../../compiler/emit/concatenate.ts'
import { toCustomSection, toSection } from '../../../compiler/emit/sections.ts'
import { formatSignature, type VerifyOptions, verifyPolicy } from '../../../engine-wasm/host/index.ts'
import { compilePolicy } from '../../abi/compiled.ts'
import { keyOf, refusalOf, type SignedPolicy, signPolicy } from './signing.ts'

const [alice, bob, eve] = [keyOf('alice'), keyOf('bob'), keyOf('eve')] as const
const policyOf = (generation: number) =>
  compilePolicy(`policy shop generation ${generation}\nautonomous agent clerk { allow read on shop:** }`)
const POLICY = policyOf(7)
const byAlice = signPolicy(POLICY, [alice])
const byBoth = signPolicy(POLICY, [alice, bob])
const sidecar = ({ signed }: SignedPolicy) => formatSignature(signed)

const NOON = Date.UTC(2026, 3, 1, 12)

describe('a signed policy is verified from', () => {
  const compiled = new WebAssembly.Module(Uint8Array.from(byAlice.carrying))
  const { buffer } = Uint8Array.from(byAlice.carrying)
  test.each([
    ['the bytes of the module', byAlice.carrying, undefined, POLICY.module],
    ['their buffer', buffer, undefined, POLICY.module],
    ['a Buffer that is a view into a larger one', viewOf(byAlice.carrying), undefined, POLICY.module],
    ['a module without its signature, and the signature', POLICY.module, sidecar(byAlice), POLICY.module],
    ['an image and the signature', POLICY.image, sidecar(byAlice), POLICY.image],
    ['an image and the signature as an object', POLICY.image, byAlice.signed, POLICY.image],
    ['a compiled module, of which the image is taken', compiled, undefined, POLICY.image],
  ])('%s', async (_, source, signature, bytes) => {
    const verified = await verifyPolicy(source, { keys: [alice.raw], signature })
    expect({ ...verified, bytes: undefined }).toEqual({
      manifest: byAlice.manifest,
      signers: [alice.keyId],
      bytes: undefined,
    })
    expect(Buffer.from(verified.bytes).equals(bytes)).toBe(true)
  })

  test('a module that carries one signature and is given with another', async () => {
    const { signers } = await verifyPolicy(byAlice.carrying, { keys: [bob.pem], signature: sidecar(byBoth) })
    expect(signers).toEqual([bob.keyId])
  })
})

describe('a signed policy is refused', () => {
  const other = signPolicy(policyOf(8), [alice])
  const timely = signPolicy(POLICY, [alice], { change: (made) => ({ ...made, notBefore: NOON, notAfter: NOON + 10 }) })
  const older = signPolicy(POLICY, [alice], { change: (made) => ({ ...made, abi: '2.0' }) })
  const minor = signPolicy(POLICY, [alice], { change: (made) => ({ ...made, abi: '1.7' }) })
  const forged = {
    ...byAlice.signed,
    signatures: byAlice.signed.signatures.map((one) => ({ ...one, signature: '00'.repeat(64) })),
  }
  const renamed = { ...byAlice.signed, manifest: { ...byAlice.manifest, policy: 'bank' } }
  const keys = [alice.raw]

  test.each<[string, SignedPolicy['image'], VerifyOptions, string, string]>([
    [
      'when nobody signed the module',
      POLICY.module,
      { keys },
      'unsigned',
      'the policy is not signed: `kavach policy sign` signs it',
    ],
    [
      'when an image comes without its signature',
      POLICY.image,
      { keys },
      'unsigned',
      'the policy is not signed: `kavach policy sign` signs it',
    ],
    [
      'when only others signed it',
      byBoth.carrying,
      { keys: [eve.raw] },
      'foreign-key',
      `no trusted key has signed the policy: ${[alice, bob]
        .map(({ keyId }) => keyId)
        .sort()
        .join(', ')} did`,
    ],
    [
      'when nobody is named as its signer',
      POLICY.image,
      { keys, signature: { ...byAlice.signed, signatures: [] } },
      'foreign-key',
      'no trusted key has signed the policy: nobody did',
    ],
    [
      'when a signature is not by the key that it names',
      POLICY.image,
      { keys, signature: forged },
      'bad-signature',
      `the signature of ${alice.keyId} does not fit: manifest or signature was changed`,
    ],
    [
      'when the manifest says something else than was signed',
      POLICY.image,
      { keys, signature: renamed },
      'bad-signature',
      `the signature of ${alice.keyId} does not fit: manifest or signature was changed`,
    ],
    [
      'when fewer have signed than are asked for',
      byAlice.carrying,
      { keys: [alice.raw, bob.raw], threshold: 2 },
      'too-few-signatures',
      '1 trusted keys have signed the policy, not 2',
    ],
    [
      'when the image is another one',
      POLICY.image,
      { keys, signature: sidecar(other) },
      'digest-mismatch',
      `the image is not what was signed: its digest is ${byAlice.manifest.image}, not ${other.manifest.image}`,
    ],
    [
      'when the module is another one',
      POLICY.module,
      { keys, signature: sidecar(other) },
      'digest-mismatch',
      `the module is not what was signed: its digest is ${byAlice.manifest.module}, not ${other.manifest.module}`,
    ],
    [
      'when it is of another ABI',
      POLICY.image,
      { keys, signature: older.signed },
      'bad-version',
      'the policy is of ABI 2.0, and this loader of 1',
    ],
    [
      'when it is older than is asked for',
      byAlice.carrying,
      { keys, minGeneration: 8 },
      'old-generation',
      'generation 7 is refused: it is older than generation 8; compile with a higher generation',
    ],
    [
      'when what is asked for is no number',
      byAlice.carrying,
      { keys, minGeneration: Number.NaN },
      'old-generation',
      'generation 7 is refused: it is older than generation NaN; compile with a higher generation',
    ],
    [
      'when it does not hold yet',
      POLICY.image,
      { keys, signature: timely.signed, now: NOON - 1 },
      'stale-policy',
      'the policy denies everything now: it holds from 2026-04-01T12:00:00.000Z until 2026-04-01T12:00:00.010Z',
    ],
    [
      'when it holds no more',
      POLICY.image,
      { keys, signature: timely.signed, now: NOON + 10 },
      'stale-policy',
      'the policy denies everything now: it holds from 2026-04-01T12:00:00.000Z until 2026-04-01T12:00:00.010Z',
    ],
    [
      'when now is no time',
      byAlice.carrying,
      { keys, now: Number.NaN },
      'stale-policy',
      'the policy denies everything now: it holds from any time until any time',
    ],
    [
      'when no key is given',
      byAlice.carrying,
      { keys: [] },
      'bad-key',
      '1 signatures are asked for, and 0 keys are given',
    ],
    [
      'when one key is given twice and two are asked for',
      byAlice.carrying,
      { keys: [alice.raw, alice.pem], threshold: 2 },
      'bad-key',
      '2 signatures are asked for, and 1 keys are given',
    ],
    ...[0, -1, 0.5, Number.NaN].map((threshold): [string, Uint8Array, VerifyOptions, string, string] => [
      `when ${threshold} signatures are asked for`,
      byAlice.carrying,
      { keys, threshold },
      'bad-key',
      `${threshold} signatures are asked for, and 1 keys are given`,
    ]),
  ])('%s', async (_, source, options, code, message) => {
    expect(await refusalOf(verifyPolicy(source, options))).toEqual({ code, message })
  })

  test('and is not within its validity, at its generation, and of a later minor ABI', async () => {
    for (const now of [NOON, NOON + 9]) {
      await verifyPolicy(POLICY.image, { keys, signature: timely.signed, now, minGeneration: 7 })
    }
    await verifyPolicy(POLICY.image, { keys, signature: minor.signed })
  })
})

describe('keys are replaced', () => {
  test('by signing with both for a while: hosts with the old one, the new one and both accept', async () => {
    for (const keys of [[alice.raw], [bob.raw], [alice.raw, bob.raw]]) {
      const { signers } = await verifyPolicy(byBoth.carrying, { keys })
      expect(signers).toHaveLength(keys.length)
    }
    expect((await refusalOf(verifyPolicy(signPolicy(POLICY, [bob]).carrying, { keys: [alice.raw] }))).code).toBe(
      'foreign-key',
    )
  })

  test('and two of three may be asked for', async () => {
    const keys = [eve.raw, bob.raw, alice.raw]
    const { signers } = await verifyPolicy(byBoth.carrying, { keys, threshold: 2 })
    expect(signers).toEqual([alice.keyId, bob.keyId].sort())
    expect((await refusalOf(verifyPolicy(byBoth.carrying, { keys, threshold: 3 }))).code).toBe('too-few-signatures')
  })

  test('but a wrong signature in the name of a trusted key is refused, whoever else has signed', async () => {
    const [first, second] = byBoth.signed.signatures
    const swapped = [
      { ...first, signature: second?.signature },
      { ...second, signature: second?.signature },
    ]
    const signature = { ...byBoth.signed, signatures: swapped }
    expect((await refusalOf(verifyPolicy(POLICY.image, { keys: [alice.raw, bob.raw], signature }))).code).toBe(
      'bad-signature',
    )
  })
})

test('what the caller does to his bytes, keys and signature while we verify changes nothing', async () => {
  const bytes = Buffer.from(byAlice.carrying)
  const keys = [alice.pem]
  const pending = verifyPolicy(bytes, { keys })
  bytes.fill(0)
  keys.fill(eve.pem)
  const verified = await pending
  expect(Buffer.from(verified.bytes).equals(POLICY.module)).toBe(true)
  expect(verified.signers).toEqual([alice.keyId])
})

describe('no bit can be flipped', () => {
  /** The codes with which all those are refused that have one bit flipped, at most one in `step` of them. */
  async function codesOf(bytes: Uint8Array, step: number, verify: (flipped: Uint8Array) => Promise<unknown>) {
    const codes = new Map<string, number>()
    const flipped = Uint8Array.from(bytes)
    for (let bit = 0; bit < bytes.length * 8; bit += step) {
      const at = bit >> 3
      const before = flipped[at] ?? 0
      flipped[at] = before ^ (1 << (bit & 7))
      const { code } = await refusalOf(verify(flipped))
      codes.set(code, (codes.get(code) ?? 0) + 1)
      flipped[at] = before
    }
    return Object.fromEntries(codes)
  }

  const keys = [alice.raw]
  const total = (codes: Record<string, number>) => Object.values(codes).reduce((sum, count) => sum + count, 0)

  test('in an image', async () => {
    const verify = (flipped: Uint8Array) => verifyPolicy(flipped, { keys, signature: byAlice.signed })
    // A prime, so that every place in a byte is reached.
    const codes = await codesOf(POLICY.image, 3, verify)
    expect(codes).toEqual({ 'digest-mismatch': Math.ceil((POLICY.image.length * 8) / 3) })
  })

  test('in a module', async () => {
    const verify = (flipped: Uint8Array) => verifyPolicy(flipped, { keys, signature: byAlice.signed })
    const codes = await codesOf(POLICY.module, 37, verify)
    expect(codes).toEqual({ 'digest-mismatch': Math.ceil((POLICY.module.length * 8) / 37) })
  })

  test('in the section that carries the signature', async () => {
    const start = POLICY.module.length
    const verify = (tail: Uint8Array) => verifyPolicy(concatenate([POLICY.module, tail]), { keys })
    const codes = await codesOf(byAlice.carrying.subarray(start), 1, verify)
    expect(total(codes)).toBe((byAlice.carrying.length - start) * 8)
    expect(Object.keys(codes).sort()).toEqual(['bad-manifest', 'bad-signature', 'foreign-key', 'unsigned'])
  })

  test('in the signature beside an image', async () => {
    const verify = (signature: Uint8Array) => verifyPolicy(POLICY.image, { keys, signature })
    const text = Buffer.from(sidecar(byAlice))
    const codes = await codesOf(text, 1, verify)
    expect(total(codes)).toBe(text.length * 8)
    expect(Object.keys(codes).sort()).toEqual(['bad-manifest', 'bad-signature', 'foreign-key'])
  })
})

describe('nothing can be cut off or added', () => {
  const keys = [alice.raw]
  const codeOf = async (bytes: Uint8Array, signature?: object) =>
    (await refusalOf(verifyPolicy(bytes, { keys, signature }))).code

  test('to a module that carries its signature', async () => {
    for (let length = 0; length < byAlice.carrying.length; length += 97) {
      expect([length, await codeOf(byAlice.carrying.subarray(0, length))]).toEqual([length, 'unsigned'])
    }
    expect(await codeOf(concatenate([byAlice.carrying, Uint8Array.of(0)]))).toBe('unsigned')
    const more = toCustomSection('more', '')
    expect(await codeOf(concatenate([byAlice.carrying, more]))).toBe('unsigned')
    const moved = concatenate([POLICY.module, more, byAlice.carrying.subarray(POLICY.module.length)])
    expect(await codeOf(moved)).toBe('digest-mismatch')
  })

  test('to an image', async () => {
    for (const bytes of [
      POLICY.image.subarray(0, -1),
      concatenate([POLICY.image, Uint8Array.of(0)]),
      new Uint8Array(),
    ]) {
      expect(await codeOf(bytes, byAlice.signed)).toBe('digest-mismatch')
    }
  })

  test('an image does not pass for the module of its signature, nor the other way round', async () => {
    const swapped = signPolicy(POLICY, [alice], {
      change: (made) => ({ ...made, image: made.module, module: made.image }),
    })
    expect(await codeOf(POLICY.image, swapped.signed)).toBe('digest-mismatch')
    expect(await codeOf(POLICY.module, swapped.signed)).toBe('digest-mismatch')
  })
})

describe('of a module that is compiled already', () => {
  const keys = [alice.raw]
  const section = toCustomSection('kavach.signature', sidecar(byAlice))
  const about = (length: number) => toCustomSection('kavach', JSON.stringify({ address: 1024, length }))

  /** A module without any code, made by hand: a memory, and bytes in it. */
  function moduleWith(bytes: Uint8Array, ...custom: readonly Uint8Array[]): WebAssembly.Module {
    const leb = (value: number) => [(value & 127) | 128, ((value >> 7) & 127) | 128, value >> 14]
    const data = Uint8Array.from([1, 0, 0x41, ...[0x80, 8], 0x0b, ...leb(bytes.length), ...bytes])
    const parts = [
      Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
      toSection(5, [Uint8Array.of(1, 0, 1)]),
      toSection(7, [Uint8Array.from([1, 6, ...new TextEncoder().encode('memory'), 2, 0])]),
      toSection(11, [data]),
      ...custom,
    ]
    return new WebAssembly.Module(Uint8Array.from(concatenate(parts)))
  }

  test('the code does not matter, since none of it runs', async () => {
    const module = moduleWith(POLICY.image, about(POLICY.image.length), section)
    const { bytes } = await verifyPolicy(module, { keys })
    expect(Buffer.from(bytes).equals(POLICY.image)).toBe(true)
  })

  test.each([
    ['without a signature', moduleWith(POLICY.image, about(POLICY.image.length)), 'unsigned'],
    ['with another image', moduleWith(policyOf(8).image, about(POLICY.image.length), section), 'digest-mismatch'],
    [
      'with an image that is cut short',
      moduleWith(POLICY.image, about(POLICY.image.length - 1), section),
      'digest-mismatch',
    ],
    ['that does not say where its image is', moduleWith(POLICY.image, section), 'unverifiable'],
    ['that says so in no JSON', moduleWith(POLICY.image, toCustomSection('kavach', 'here'), section), 'unverifiable'],
    ['whose image lies outside of its memory', moduleWith(POLICY.image, about(1 << 20), section), 'unverifiable'],
    [
      'without a memory',
      new WebAssembly.Module(
        Uint8Array.from(concatenate([Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), about(10), section])),
      ),
      'unverifiable',
    ],
    [
      'that wants something of its host',
      new WebAssembly.Module(
        Uint8Array.from(
          concatenate([
            Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
            toSection(2, [Uint8Array.of(1, 1, 0x61, 1, 0x6d, 2, 0, 1)]),
            toSection(7, [Uint8Array.from([1, 6, ...new TextEncoder().encode('memory'), 2, 0])]),
            about(10),
            section,
          ]),
        ),
      ),
      'unverifiable',
    ],
  ])('one %s is refused', async (_, module, code) => {
    expect((await refusalOf(verifyPolicy(module, { keys }))).code).toBe(code)
  })
})

function viewOf(bytes: Uint8Array): Buffer {
  const larger = Buffer.alloc(bytes.length + 20, 7)
  larger.set(bytes, 9)
  return larger.subarray(9, 9 + bytes.length)
}
