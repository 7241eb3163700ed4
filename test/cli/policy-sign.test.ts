import { createHash, generateKeyPairSync } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { VERSION } from '../../cli/version.ts'
import { addSignature, attachSignature } from '../../compiler/emit/index.ts'
import { parseSignature, splitModule } from '../../engine-wasm/host/index.ts'
import { kavach } from './command.ts'
import { KEY_IDS, POLICY, succeed, workshop } from './signing.ts'

const folderOf = workshop()
const read = (folder: string, name: string) => readFileSync(join(folder, name))
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
const sign = (folder: string, file: string, ...more: string[]) =>
  kavach(folder, ['policy', 'sign', file, '--key', 'a.key', ...more])

test('a module is signed inside and beside', async () => {
  const folder = folderOf()
  const unsigned = read(folder, 'shop.wasm')
  const { code, out, err } = await sign(folder, 'shop.wasm')
  const [module, beside] = [read(folder, 'shop.wasm'), read(folder, 'shop.sig.json')]
  expect({ code, out, err }).toEqual({
    code: 0,
    out:
      `shop generation 7, signed by ${KEY_IDS.a}\nproved: nothing\n` +
      `  shop.wasm  ${module.length} bytes\n  shop.sig.json  ${beside.length} bytes\n`,
    err: '',
  })
  const split = splitModule(module)
  expect([unsigned.equals(split.module), beside.equals(split.signature ?? new Uint8Array())]).toEqual([true, true])
  const image = read(folder, 'shop.img')
  expect(parseSignature(beside)).toEqual({
    manifest: {
      format: 'kavach-manifest',
      version: 1,
      policy: 'shop',
      generation: 7,
      digest: image.subarray(40, 72).toString('hex'),
      image: sha256(image),
      module: sha256(unsigned),
      engine: sha256(readFileSync('build/engine.wasm')),
      compiler: VERSION,
      abi: '1.0',
      proved: [],
      delegationsProved: 0,
    },
    signatures: [{ keyId: KEY_IDS.a, signature: expect.stringMatching(/^[0-9a-f]{128}$/) }],
  })
})

test('an image is signed beside, with the same signature as its module', async () => {
  const folder = folderOf()
  const before = read(folder, 'shop.img')
  expect((await sign(folder, 'shop.img')).code).toBe(0)
  const beside = read(folder, 'shop.sig.json')
  expect([read(folder, 'shop.img').equals(before), splitModule(read(folder, 'shop.wasm')).signature]).toEqual([
    true,
    undefined,
  ])
  expect((await sign(folder, 'shop.wasm')).code).toBe(0)
  expect(read(folder, 'shop.sig.json').equals(beside)).toBe(true)
})

test('signing is reproducible, and signing again replaces the signature', async () => {
  const folder = folderOf()
  await sign(folder, 'shop.wasm')
  const once = read(folder, 'shop.wasm')
  await sign(folder, 'shop.wasm')
  expect(read(folder, 'shop.wasm').equals(once)).toBe(true)
  await kavach(folder, ['policy', 'sign', 'shop.wasm', '--key', 'b.key'])
  const { signatures } = parseSignature(read(folder, 'shop.sig.json'))
  expect(signatures.map(({ keyId }) => keyId)).toEqual([KEY_IDS.b])
})

test('a signed module is compiled over, evaluated and disassembled as before', async () => {
  const folder = folderOf()
  const request = '{"agent":"clerk","action":"read","resource":"shop:orders"}\n'
  const before = [
    await succeed(folder, ['eval', '-m', 'shop.wasm'], request),
    await succeed(folder, ['disassemble', 'shop.wasm']),
  ]
  await sign(folder, 'shop.wasm')
  expect([
    await succeed(folder, ['eval', '-m', 'shop.wasm'], request),
    await succeed(folder, ['disassemble', 'shop.wasm']),
  ]).toEqual(before)
  writeFileSync(join(folder, 'old.kavach'), POLICY.replace('7', '6'))
  expect((await kavach(folder, ['compile', 'old.kavach'])).code).toBe(2)
})

test('the key comes from standard input, and the result goes into a folder', async () => {
  const folder = folderOf()
  const secret = read(folder, 'a.key').toString()
  const unsigned = read(folder, 'shop.wasm')
  const out = await succeed(folder, ['policy', 'sign', 'shop.wasm', '-k', '-', '-o', 'signed'], secret)
  expect(out).toContain(`signed by ${KEY_IDS.a}\n`)
  expect(readdirSync(join(folder, 'signed')).sort()).toEqual(['shop.sig.json', 'shop.wasm'])
  expect(read(folder, 'shop.wasm').equals(unsigned)).toBe(true)
})

test('a second signer adds to the first one', async () => {
  const folder = folderOf()
  await succeed(folder, ['policy', 'sign', 'shop.wasm', '-k', 'a.key', '--policy', 'shop.kavach'])
  const out = await succeed(folder, ['policy', 'sign', 'shop.wasm', '-k', 'b.key', '--add'])
  expect(out).toContain('proved: 2 assertions, 1 delegation\n')
  await succeed(folder, ['policy', 'sign', 'shop.img', '-k', 'c.key', '--add'])
  const inside = parseSignature(splitModule(read(folder, 'shop.wasm')).signature ?? '')
  const beside = parseSignature(read(folder, 'shop.sig.json'))
  const names = (ids: readonly string[]) => Object.keys(KEY_IDS).filter((name) => ids.includes(KEY_IDS[name] ?? ''))
  expect(names(inside.signatures.map(({ keyId }) => keyId))).toEqual(['a', 'b'])
  expect(names(beside.signatures.map(({ keyId }) => keyId))).toEqual(['a', 'b', 'c'])
  expect(beside.manifest).toEqual(inside.manifest)
})

test('what is proved of the policy is signed with it', async () => {
  const folder = folderOf()
  const { code, out } = await sign(folder, 'shop.wasm', '--policy', 'shop.kavach')
  expect([code, out.split('\n')[1]]).toEqual([0, 'proved: 2 assertions, 1 delegation'])
  const { manifest } = parseSignature(read(folder, 'shop.sig.json'))
  const texts = ['never * can delete on **', 'only clerk, helper can read on shop:**']
  expect([manifest.proved, manifest.delegationsProved]).toEqual([
    texts.map((text) => ({ text, digest: sha256(text) })),
    1,
  ])
})

test('the validity of an image is no part of what is proved', async () => {
  const folder = folderOf()
  await succeed(folder, ['compile', 'shop.kavach', '-o', 'timed', '--not-after', '2031-01-01T00:00:00Z'])
  const { code, out } = await sign(folder, 'timed/shop.img', '--policy', 'shop.kavach')
  expect([code, out.split('\n')[1]]).toEqual([0, 'proved: 2 assertions, 1 delegation'])
})

test('another policy proves nothing about the image, and neither does one that does not hold', async () => {
  const folder = folderOf()
  writeFileSync(join(folder, 'other.kavach'), POLICY.replace('shop:public', 'shop:open'))
  expect(await sign(folder, 'shop.wasm', '--policy', 'other.kavach')).toEqual({
    code: 2,
    out: '',
    err:
      'kavach: this is not what the policy in `other.kavach` compiles to\n' +
      '  = help: compile it again, and sign that\n',
  })
  writeFileSync(join(folder, 'false.kavach'), POLICY.replace('can delete', 'can read'))
  const refuted = await sign(folder, 'shop.wasm', '--policy', 'false.kavach')
  expect([refuted.code, refuted.out]).toEqual([1, ''])
  expect(refuted.err).toContain('error[KV4110]: this assertion does not hold')
  expect(refuted.err).toContain('only what is proved can be signed as proved')
})

test('a module whose code was changed is not signed, even when it still answers', async () => {
  const folder = folderOf()
  const module = read(folder, 'shop.wasm')
  // The name of an export that no loader asks for.
  module[module.indexOf('kavach_features')] = 'K'.charCodeAt(0)
  writeFileSync(join(folder, 'shop.wasm'), module)
  expect((await kavach(folder, ['eval', '-m', 'shop.wasm'], '{}')).code).toBe(0)
  expect(await sign(folder, 'shop.wasm')).toEqual({
    code: 2,
    out: '',
    err:
      `kavach: \`shop.wasm\` is not what kavach ${VERSION} makes of the policy in it: its code is another one\n` +
      '  = help: compile the policy again with `kavach compile`, and sign with the same version\n',
  })
  expect(readdirSync(folder)).not.toContain('shop.sig.json')
})

test('a damaged policy, a missing one and one that is none are not signed', async () => {
  const folder = folderOf()
  const image = read(folder, 'shop.img')
  image[image.length - 1] = 1 ^ (image.at(-1) ?? 0)
  writeFileSync(join(folder, 'bent.img'), image)
  const codes = [
    ['bent.img', 1],
    ['shop.kavach', 1],
    ['none.img', 66],
  ] as const
  for (const [file, code] of codes) expect([file, (await sign(folder, file)).code]).toEqual([file, code])
  expect(readdirSync(folder).filter((name) => name.endsWith('.sig.json'))).toEqual([])
})

test('what is no private key for Ed25519 does not sign', async () => {
  const folder = folderOf()
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const sealed = generateKeyPairSync('ed25519').privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  })
  writeFileSync(join(folder, 'rsa.key'), rsa, { mode: 0o600 })
  writeFileSync(join(folder, 'sealed.key'), sealed, { mode: 0o600 })
  const make = '`kavach policy keygen -o FILE` makes a key'
  const refused = [
    ['a.key.pub', 64, '`a.key.pub` is a public key, which cannot sign', 'name the private key beside it'],
    ['rsa.key', 64, '`rsa.key` is a key for rsa, and signatures are Ed25519', make],
    [
      'sealed.key',
      64,
      'the key in `sealed.key` is encrypted',
      'decrypt it on the way: `openssl pkey -in FILE | kavach policy sign ... --key -`',
    ],
    ['shop.kavach', 64, '`shop.kavach` holds no private key in PEM', make],
    ['-', 64, 'standard input holds no private key in PEM', make],
    ['none.key', 66, 'there is no `none.key`', 'check the path; it is taken from the current folder'],
  ] as const
  for (const [key, code, message, help] of refused) {
    const { err, ...rest } = await kavach(folder, ['policy', 'sign', 'shop.wasm', '--key', key])
    // Public files are readable, which is remarked before they are read.
    const lines = err.split('\n').slice(-3).join('\n')
    expect({ key, ...rest, lines }).toEqual({ key, code, out: '', lines: `kavach: ${message}\n  = help: ${help}\n` })
  }
  expect(splitModule(read(folder, 'shop.wasm')).signature).toBeUndefined()
})

test.skipIf(process.platform === 'win32')('a key that others may read is remarked', async () => {
  const folder = folderOf()
  chmodSync(join(folder, 'a.key'), 0o640)
  const { code, err } = await sign(folder, 'shop.wasm')
  expect({ code, err }).toEqual({
    code: 0,
    err: 'kavach: others may read the key `a.key`\n  = help: `chmod 600 a.key`\n',
  })
})

test('a signature is added to nothing but a signature of the same policy', async () => {
  const folder = folderOf()
  expect(await sign(folder, 'shop.wasm', '--add')).toEqual({
    code: 66,
    out: '',
    err: 'kavach: `shop.wasm` has no signature to add to\n  = help: leave out --add for the first one\n',
  })
  await sign(folder, 'shop.img')
  const older = read(folder, 'shop.sig.json')
  writeFileSync(join(folder, 'shop.kavach'), POLICY.replace('7', '8'))
  await succeed(folder, ['compile', 'shop.kavach'])
  expect(await sign(folder, 'shop.wasm', '--add')).toEqual({
    code: 2,
    out: '',
    err:
      'kavach: the signature of `shop.wasm` is about another policy, or another version of it\n' +
      '  = help: leave out --add: all signers sign anew\n',
  })
  writeFileSync(join(folder, 'shop.sig.json'), older.subarray(1))
  const { code, err } = await sign(folder, 'shop.img', '--add')
  expect([code, err.split(':')[1]]).toEqual([1, ' the signature of `shop.img` is damaged'])
})

test('one policy has at most 64 signatures', async () => {
  const folder = folderOf()
  await sign(folder, 'shop.wasm')
  let signed = parseSignature(read(folder, 'shop.sig.json'))
  const signature = signed.signatures[0]?.signature ?? ''
  for (let i = 1; i < 64; i++) signed = addSignature(signed, { keyId: i.toString(16).padStart(16, '0'), signature })
  writeFileSync(join(folder, 'shop.wasm'), attachSignature(read(folder, 'shop.wasm'), signed))
  expect(await kavach(folder, ['policy', 'sign', 'shop.wasm', '-k', 'b.key', '--add'])).toEqual({
    code: 1,
    out: '',
    err: 'kavach: `shop.wasm` has 64 signatures already\n  = help: sign it again without --add\n',
  })
})

test('proofs are named by the first signer, and keys are needed: else the usage is wrong', async () => {
  const folder = folderOf()
  for (const args of [['shop.wasm', '--key', 'a.key', '--add', '--proofs', 'x'], ['shop.wasm'], ['--key', 'a.key']]) {
    expect([args, (await kavach(folder, ['policy', 'sign', ...args])).code]).toEqual([args, 64])
  }
})
