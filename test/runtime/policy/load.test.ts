import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { spliceModule } from '../../../compiler/emit/index.ts'
import { loadPolicy, loadPolicySlowly, type PolicySource, readPolicy } from '../../../runtime/policy/load.ts'
import { policyImage } from '../../fixtures/policy-image.ts'
import { refusalOf } from '../agents/site.ts'

const folder = mkdtempSync(join(tmpdir(), 'kavach-policy-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ENGINE = readFileSync(new URL('../../../build/engine.wasm', import.meta.url))
const IMAGE = policyImage('autonomous agent planner { allow read on a }', { generation: 7 })
const MODULE = new Uint8Array(spliceModule(ENGINE, IMAGE))

function fileOf(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

test('an image and a module, bytes and a WebAssembly.Module, a path and a URL are the same policy', async () => {
  const sources: readonly PolicySource[] = [
    IMAGE,
    IMAGE.slice().buffer,
    Buffer.from(IMAGE),
    MODULE,
    new WebAssembly.Module(MODULE),
    fileOf('p.img', IMAGE),
    fileOf('p.wasm', MODULE),
    pathToFileURL(fileOf('p.img', IMAGE)),
  ]
  for (const source of sources) expect(await readPolicy(source, readFile)).toEqual(IMAGE)
})

test('bytes that change while they are verified are not what is enforced', async () => {
  const given = Buffer.from(IMAGE)
  const image = await readPolicy(given)
  given.fill(0)
  expect(loadPolicy(image).generation).toBe(7)
})

test('policy text is refused with the command that compiles it', async () => {
  const command = (path: string) => ({
    code: 'KVCH_E_POLICY_SOURCE',
    message: `\`${path}\` is policy text; run \`kavach compile ${path} -o build\` and give the \`.img\` or \`.wasm\` that it writes`,
    details: undefined,
  })
  expect(await refusalOf(readPolicy('policies/acme.kavach', readFile))).toEqual(command('policies/acme.kavach'))
  expect(await refusalOf(readPolicy(folder, readFile))).toEqual(command(folder))
})

test('what is no policy is refused, and says why', async () => {
  const missing = join(folder, 'missing.img')
  const cut = IMAGE.subarray(0, IMAGE.length - 8)
  const refusals: readonly (readonly [unknown, string])[] = [
    [missing, `KVCH_E_POLICY_INVALID: the policy \`${missing}\` could not be read`],
    [new Uint8Array(0), 'KVCH_E_POLICY_INVALID'],
    [fileOf('text.img', 'policy p'), 'KVCH_E_POLICY_INVALID'],
    [{ generation: 3 }, 'KVCH_E_POLICY_SOURCE'],
    [undefined, 'KVCH_E_POLICY_SOURCE'],
    [null, 'KVCH_E_POLICY_SOURCE'],
  ]
  for (const [source, said] of refusals) {
    const work = async () => loadPolicy(await readPolicy(source as PolicySource, readFile)) // A caller without types.
    const { code, message } = await refusalOf(work())
    expect(`${code}: ${message}`).toContain(said)
  }
  expect(await refusalOf(loadPolicySlowly(cut, async () => undefined))).toMatchObject({ code: 'KVCH_E_POLICY_INVALID' })
  expect(await refusalOf(readPolicy('p.img'))).toMatchObject({
    code: 'KVCH_E_POLICY_SOURCE',
    message: 'there are no files here; give the bytes of `p.img`',
  })
})

test('a cap that stores cannot count to is refused, and the one below is not', async () => {
  const capped = (usd: string) =>
    policyImage(`autonomous agent planner { allow pay on a limit budget ${usd} USD per day }`)
  expect(loadPolicy(capped('9_007_199')).name).toBe('p')
  const refused = async () => loadPolicy(capped('9_007_200'))
  expect(await refusalOf(refused())).toMatchObject({
    code: 'KVCH_E_POLICY_INVALID',
    message:
      'policy `p` has a limit of 9007200000000000; a host counts to 9007199254740991 calls or nano-USD (9,007,199 USD)',
  })
  expect(await refusalOf(loadPolicySlowly(capped('9_007_200'), async () => undefined))).toMatchObject({
    code: 'KVCH_E_POLICY_INVALID',
  })
})

test('loaded at once and in slices it is the same policy, and others have their turn between the slices', async () => {
  const agents = Array.from(
    { length: 2000 },
    (_, i) => `autonomous agent a${i} { allow read on r${i}:* when trust >= 60 }`,
  )
  const image = policyImage(agents.join('\n'), { generation: 3 })
  let rests = 0
  const slow = await loadPolicySlowly(image, async () => void rests++)
  const { engine: _, ...fast } = loadPolicy(image)
  expect(slow).toMatchObject({ ...fast, generation: 3, needsTrust: true })
  expect(rests).toBeGreaterThan(3)
})
