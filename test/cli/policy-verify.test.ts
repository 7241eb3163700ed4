import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { VERSION } from '../../cli/version.ts'
import { parseSignature, splitModule } from '../../engine-wasm/host/index.ts'
import { kavach } from './command.ts'
import { KEY_IDS, succeed, workshop } from './signing.ts'

const folderOf = workshop()
const read = (folder: string, name: string) => readFileSync(join(folder, name))
const verify = (folder: string, ...args: string[]) => kavach(folder, ['policy', 'verify', ...args])

/** A folder in which the keys named have signed the module, one after another; made once and copied after that. */
async function signedBy(...names: readonly string[]): Promise<string> {
  const folder = folderOf()
  const made = signed.get(names.join())
  for (const [name, bytes] of made ?? []) writeFileSync(join(folder, name), bytes)
  if (made !== undefined || names.length === 0) return folder
  for (const [index, name] of names.entries()) {
    const add = index === 0 ? [] : ['--add']
    await succeed(folder, ['policy', 'sign', 'shop.wasm', '-k', `${name}.key`, ...add])
  }
  signed.set(
    names.join(),
    ['shop.wasm', 'shop.sig.json'].map((name) => [name, read(folder, name)]),
  )
  return folder
}

const signed = new Map<string, readonly (readonly [name: string, bytes: Uint8Array])[]>()

test('what a trusted key has signed is verified, module and image alike', async () => {
  const folder = await signedBy('a')
  const { manifest } = parseSignature(read(folder, 'shop.sig.json'))
  for (const file of ['shop.wasm', 'shop.img']) {
    expect(await verify(folder, file, '--key', 'a.key.pub')).toEqual({
      code: 0,
      out:
        `${file}: shop generation 7, signed by ${KEY_IDS.a}\nimage ${manifest.image}\n` +
        `compiled by kavach ${VERSION}, ABI 1.0\nvalid at any time\nproved: nothing\n`,
      err: '',
    })
    const { code, out } = await verify(folder, file, '--key', 'a.key.pub', '--format', 'json')
    expect([code, JSON.parse(out)]).toEqual([0, { verified: true, file, signers: [KEY_IDS.a], manifest }])
  }
})

test('validity and proofs are printed', async () => {
  const folder = folderOf()
  const times = ['--not-before', '2026-04-01T00:00:00Z', '--not-after', '2026-05-01T00:00:00Z']
  await succeed(folder, ['compile', 'shop.kavach', ...times])
  await succeed(folder, ['policy', 'sign', 'shop.wasm', '-k', 'a.key', '--policy', 'shop.kavach'])
  const out = await succeed(folder, ['policy', 'verify', 'shop.wasm', '-k', 'a.key.pub'])
  expect(out.split('\n').slice(3)).toEqual([
    'valid from 2026-04-01T00:00:00.000Z until 2026-05-01T00:00:00.000Z',
    'proved: 2 assertions, 1 delegation',
    '  never * can delete on **',
    '  only clerk, helper can read on shop:**',
    '',
  ])
  const at = (now: string) => verify(folder, 'shop.wasm', '-k', 'a.key.pub', '--now', now)
  const codes = []
  for (const now of [
    '2026-03-31T23:59:59.999Z',
    '2026-04-01T00:00:00Z',
    '2026-04-30T23:59:59.999Z',
    '2026-05-01T00:00:00Z',
  ]) {
    codes.push((await at(now)).code)
  }
  expect(codes).toEqual([2, 0, 0, 2])
  expect((await at('2026-05-01T00:00:00Z')).err.split('\n')[0]).toBe(
    'kavach: `shop.wasm` is refused, stale-policy: the policy denies everything now: ' +
      'it holds from 2026-04-01T00:00:00.000Z until 2026-05-01T00:00:00.000Z',
  )
})

test('the clock is read when it is asked for, and only then', async () => {
  const folder = folderOf()
  await succeed(folder, ['compile', 'shop.kavach', '--not-after', '2001-01-01T00:00:00Z'])
  await succeed(folder, ['policy', 'sign', 'shop.wasm', '-k', 'a.key'])
  expect((await verify(folder, 'shop.wasm', '-k', 'a.key.pub')).code).toBe(0)
  expect((await verify(folder, 'shop.wasm', '-k', 'a.key.pub', '--now', 'system')).code).toBe(2)
})

describe('is refused with exit code 2 and its reason', () => {
  const prefix = (code: string) => `kavach: \`shop.wasm\` is refused, ${code}: `

  test.each<[string, readonly string[], readonly string[], string]>([
    ['what nobody signed', [], ['-k', 'a.key.pub'], 'unsigned'],
    ['what somebody else signed', ['b'], ['-k', 'a.key.pub'], 'foreign-key'],
    ['what too few signed', ['a'], ['-k', 'a.key.pub', '-k', 'b.key.pub', '--threshold', '2'], 'too-few-signatures'],
    ['what is older', ['a'], ['-k', 'a.key.pub', '--min-generation', '8'], 'old-generation'],
  ])('%s', async (_, names, args, code) => {
    const folder = await signedBy(...names)
    const refused = await verify(folder, 'shop.wasm', ...args)
    expect([refused.code, refused.out, refused.err.startsWith(prefix(code))]).toEqual([2, '', true])
    const json = await verify(folder, 'shop.wasm', ...args, '--format', 'json')
    expect([json.code, json.err, JSON.parse(json.out)]).toEqual([
      2,
      '',
      { verified: false, file: 'shop.wasm', code, message: expect.stringMatching(/./) },
    ])
  })

  test.each<[string, (folder: string) => void, string]>([
    ['a byte of the module', (folder) => flip(folder, 'shop.wasm', 5000), 'digest-mismatch'],
    ['a byte of the manifest', (folder) => flip(folder, 'shop.wasm', -300), 'bad-manifest'],
    ['a digit of the signature', (folder) => bend(folder, 'shop.wasm', -10), 'bad-signature'],
    [
      'the module cut short',
      (folder) => writeFileSync(join(folder, 'shop.wasm'), read(folder, 'shop.wasm').subarray(0, -1)),
      'digest-mismatch',
    ],
    [
      'no policy at all',
      (folder) => writeFileSync(join(folder, 'shop.wasm'), 'policy shop generation 7'),
      'digest-mismatch',
    ],
  ])('%s', async (_, change, code) => {
    const folder = await signedBy('a')
    change(folder)
    const refused = await verify(folder, 'shop.wasm', '-k', 'a.key.pub')
    expect([refused.code, refused.err.slice(0, prefix(code).length)]).toEqual([2, prefix(code)])
  })

  test('the signature of an older image beside a newer one', async () => {
    const folder = await signedBy('a')
    writeFileSync(join(folder, 'shop.kavach'), 'policy shop generation 8\n')
    await succeed(folder, ['compile', 'shop.kavach'])
    const { code, err } = await verify(folder, 'shop.img', '-k', 'a.key.pub')
    expect([code, err.split(':')[1]]).toEqual([2, ' `shop.img` is refused, digest-mismatch'])
  })
})

test('keys are replaced: signed by both, each key alone verifies, and both together', async () => {
  const folder = await signedBy('a', 'b')
  for (const args of [
    ['-k', 'a.key.pub'],
    ['-k', 'b.key.pub'],
    ['-k', 'a.key.pub', '-k', 'b.key.pub', '--threshold', '2'],
    ['-k', 'c.key.pub', '-k', 'b.key.pub'],
  ]) {
    expect([args, (await verify(folder, 'shop.wasm', ...args)).code]).toEqual([args, 0])
  }
  expect((await verify(folder, 'shop.wasm', '-k', 'c.key.pub')).code).toBe(2)
})

test('the signature is the one that is named, else the one inside, else the one beside', async () => {
  const folder = await signedBy('a')
  const signature = read(folder, 'shop.sig.json')
  writeFileSync(join(folder, 'elsewhere.json'), signature)
  writeFileSync(join(folder, 'shop.sig.json'), 'damaged')
  expect((await verify(folder, 'shop.wasm', '-k', 'a.key.pub')).code).toBe(0)
  expect((await verify(folder, 'shop.img', '-k', 'a.key.pub')).code).toBe(2)
  expect((await verify(folder, 'shop.img', '-k', 'a.key.pub', '--signature', 'elsewhere.json')).code).toBe(0)
  writeFileSync(join(folder, 'shop.wasm'), splitModule(read(folder, 'shop.wasm')).module)
  expect((await verify(folder, 'shop.wasm', '-k', 'a.key.pub')).code).toBe(2)
  writeFileSync(join(folder, 'shop.sig.json'), signature)
  expect((await verify(folder, 'shop.wasm', '-k', 'a.key.pub')).code).toBe(0)
})

test('wrong usage and missing files have their own exit codes', async () => {
  const folder = await signedBy('a')
  const cases = [
    [64, ['shop.wasm']],
    [64, ['-k', 'a.key.pub']],
    [64, ['shop.wasm', '-k', 'a.key']],
    [64, ['shop.wasm', '-k', 'shop.kavach']],
    [64, ['shop.wasm', '-k', 'a.key.pub', '--threshold', '2']],
    [64, ['shop.wasm', '-k', 'a.key.pub', '--threshold', '0']],
    [64, ['shop.wasm', '-k', 'a.key.pub', '--threshold', 'x']],
    [64, ['shop.wasm', '-k', 'a.key.pub', '--min-generation', '-1']],
    [64, ['shop.wasm', '-k', 'a.key.pub', '--now', 'today']],
    [64, ['shop.wasm', '-k', 'a.key.pub', '--format', 'xml']],
    [66, ['none.wasm', '-k', 'a.key.pub']],
    [66, ['shop.wasm', '-k', 'none.pub']],
    [66, ['shop.wasm', '-k', 'a.key.pub', '--signature', 'none.json']],
  ] as const
  for (const [code, args] of cases) {
    const result = await verify(folder, ...args)
    expect([args, result.code, result.out]).toEqual([args, code, ''])
    expect(result.err).toMatch(/^kavach: .+\n {2}= help: .+\n$/)
  }
})

/** Changes one byte; a negative place is counted from the end. */
function flip(folder: string, name: string, place: number): void {
  const bytes = read(folder, name)
  const at = place < 0 ? bytes.length + place : place
  bytes[at] = 1 ^ (bytes[at] ?? 0)
  writeFileSync(join(folder, name), bytes)
}

/** Puts another hex digit in the place of one. */
function bend(folder: string, name: string, place: number): void {
  const bytes = read(folder, name)
  const at = bytes.length + place
  bytes[at] = bytes[at] === 0x30 ? 0x31 : 0x30
  writeFileSync(join(folder, name), bytes)
}
