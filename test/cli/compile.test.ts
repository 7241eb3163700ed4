import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, kavach } from './command.ts'

const POLICY = `policy p generation 5

autonomous agent a {
  allow read on x
}
`
const older = POLICY.replace('generation 5', 'generation 4')
const NAMES = ['p.d.ts', 'p.img', 'p.map.json', 'p.wasm']

function bytesOf(folder: string): Record<string, string> {
  return Object.fromEntries(NAMES.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]))
}

test('a policy becomes a module, an image, types and a source map', async () => {
  const folder = folderOf({ 'policy/p.kavach': POLICY })
  const { code, out, err } = await kavach(folder, ['compile', 'policy', '-o', 'out'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(NAMES)
  const size = (name: string) => readFileSync(join(folder, 'out', name)).length
  const image = readFileSync(join(folder, 'out/p.img'))
  const digest = image.subarray(40, 72).toString('hex')
  expect(out).toBe(
    `p generation 5, digest ${digest}\n` +
      `  out/p.wasm  ${size('p.wasm')} bytes\n` +
      `  out/p.img  ${size('p.img')} bytes\n` +
      `  out/p.d.ts  ${size('p.d.ts')} bytes\n` +
      `  out/p.map.json  ${size('p.map.json')} bytes\n`,
  )
  expect(readFileSync(join(folder, 'out/p.wasm')).includes(image)).toBe(true)
  expect(JSON.parse(readFileSync(join(folder, 'out/p.map.json'), 'utf8'))).toEqual({
    version: 1,
    rules: [
      {
        id: 0,
        kind: 'allow',
        path: 'p.kavach',
        line: 4,
        column: 3,
        start: POLICY.indexOf('allow'),
        end: POLICY.indexOf('\n}'),
        holder: { kind: 'agent', name: 'a' },
      },
    ],
  })
})

test('the same policy gives the same bytes from another folder, by another name, at another time', async () => {
  const parts = {
    'b/roles.kavach': 'role r {\n  allow write on y\n}\n',
    'a.kavach': POLICY,
    'c.test.kavach': 'test "t" as a {\n  allow read on x\n}\n',
  }
  const here = folderOf(Object.fromEntries(Object.entries(parts).map(([name, text]) => [`policy/${name}`, text])))
  const there = folderOf()
  for (const name of Object.keys(parts).reverse() as (keyof typeof parts)[]) {
    const path = join(there, 'deep/er', name)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, parts[name])
    utimesSync(path, 1, 1)
  }
  expect((await kavach(here, ['compile', 'policy', '-o', 'out'])).code).toBe(0)
  expect((await kavach(join(there, 'deep'), ['compile', './er/', '-o', '../out'])).code).toBe(0)
  expect(bytesOf(join(there, 'out'))).toEqual(bytesOf(join(here, 'out')))
  expect((await kavach(here, ['compile', 'policy', '-o', 'out'])).code).toBe(0)
  expect(bytesOf(join(here, 'out'))).toEqual(bytesOf(join(there, 'out')))
})

test('a policy with an error is not compiled, and what was there stays', async () => {
  const folder = folderOf({ 'p.kavach': 'policy p\n\nautonomous agent a {\n  roles none\n}\n', 'p.wasm': 'before' })
  expect(await kavach(folder, ['compile', 'p.kavach'])).toEqual({
    code: 1,
    out: '',
    err: `error[KV1007]: unknown role \`none\`
 ┌ p.kavach:4:9
4 │   roles none
  │         ^^^^ no role has this name
  = help: declare it, or correct the name
p.kavach: nothing written, 1 error, 0 warnings
`,
  })
  expect(readdirSync(folder).sort()).toEqual(['p.kavach', 'p.wasm'])
  expect(readFileSync(join(folder, 'p.wasm'), 'utf8')).toBe('before')
})

const FALSE_CLAIM = `${POLICY}\nassert never a can read on x\n`
/** Two regexes that remember ten characters each, of different kinds. */
const TOO_HARD = `${POLICY}
autonomous agent giver { allow write on docs when args.q matches /[abcd]*[ab][abcd]{10}/ may delegate depth 1 }
delegated agent taker {}
delegate giver -> taker { allow write on docs when args.q matches /[abcd]*[ac][abcd]{10}/ }
`

test('an assertion that does not hold is refused, with a request that shows it', async () => {
  const folder = folderOf({ 'p.kavach': FALSE_CLAIM })
  const { code, out, err } = await kavach(folder, ['compile', 'p.kavach', '-o', 'out'])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain('error[KV4110]: this assertion does not hold\n')
  expect(err).toContain('  = witness: a  read  x')
  expect(err).toContain('p.kavach: nothing written, 1 error, 0 warnings\n')
  expect(readdirSync(folder)).toEqual(['p.kavach'])
})

test('a delegation that gives more than is held is refused', async () => {
  const folder = folderOf({
    'p.kavach': `${POLICY}
autonomous agent giver { allow read on docs may delegate depth 1 }
delegated agent taker {}
delegate giver -> taker { allow write on docs }
`,
  })
  const { code, out, err } = await kavach(folder, ['compile', 'p.kavach', '-o', 'out'])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain('error[KV4101]: this delegation gives more than `giver` holds\n')
  expect(readdirSync(folder)).toEqual(['p.kavach'])
})

test('what could be neither proved nor refuted is not written, unless it is allowed', async () => {
  const folder = folderOf({ 'p.kavach': TOO_HARD })
  for (const more of [[], ['--require-proofs']]) {
    const { code, out, err } = await kavach(folder, ['compile', 'p.kavach', '-o', 'out', ...more])
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toContain('warning[KV9001]: not proved: whether `giver` holds all that it delegates\n')
  }
  expect(readdirSync(folder)).toEqual(['p.kavach'])
  const { code } = await kavach(folder, ['compile', 'p.kavach', '-o', 'out', '--allow-unproved'])
  expect([code, readdirSync(join(folder, 'out')).length]).toEqual([0, 4])
})

test('a policy without assertions and delegations needs no proofs', async () => {
  const folder = folderOf({ 'p.kavach': POLICY })
  const { code, err } = await kavach(folder, ['compile', 'p.kavach', '--require-proofs'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
})

test('an older generation is refused over a newer one, and nothing is written', async () => {
  const folder = folderOf({ 'new.kavach': POLICY, 'old.kavach': older })
  expect((await kavach(folder, ['compile', 'new.kavach', '-o', 'out'])).code).toBe(0)
  const before = bytesOf(join(folder, 'out'))
  expect(await kavach(folder, ['compile', 'old.kavach', '-o', 'out'])).toEqual({
    code: 2,
    out: '',
    err:
      'kavach: `out/p.img` has generation 5, this policy has 4\n' +
      "  = help: write `generation 6` after the policy's name, or compile into another folder\n",
  })
  expect(bytesOf(join(folder, 'out'))).toEqual(before)
})

test('a module without its image is not rolled back either, and what is no policy is replaced', async () => {
  const folder = folderOf({ 'new.kavach': POLICY, 'old.kavach': older })
  expect((await kavach(folder, ['compile', 'new.kavach', '-o', 'out'])).code).toBe(0)
  rmSync(join(folder, 'out/p.img'))
  const refused = await kavach(folder, ['compile', 'old.kavach', '-o', 'out'])
  expect({ code: refused.code, first: refused.err.split('\n')[0] }).toEqual({
    code: 2,
    first: 'kavach: `out/p.wasm` has generation 5, this policy has 4',
  })
  writeFileSync(join(folder, 'out/p.wasm'), 'text')
  const { code, err } = await kavach(folder, ['compile', 'old.kavach', '-o', 'out'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
})

test('a changed policy of the same generation is written with a remark', async () => {
  const folder = folderOf({ 'p.kavach': POLICY })
  expect((await kavach(folder, ['compile', 'p.kavach'])).err).toBe('')
  writeFileSync(join(folder, 'p.kavach'), POLICY.replace('read', 'write'))
  const { code, err } = await kavach(folder, ['compile', 'p.kavach'])
  expect({ code, err }).toEqual({
    code: 0,
    err:
      'kavach: the policy changed and its generation did not: a host that runs generation 5 refuses this image\n' +
      "  = help: write `generation 6` after the policy's name before you deploy it\n",
  })
})

test('outside of its validity an image denies everything', async () => {
  const folder = folderOf({ 'p.kavach': POLICY })
  const times = ['--not-before', '2026-04-01T00:00:00Z', '--not-after', '2026-05-01T00:00:00Z']
  expect((await kavach(folder, ['compile', 'p.kavach', ...times])).code).toBe(0)
  const at = ['2026-03-31T23:59:59.999Z', '2026-04-01T00:00:00Z', '2026-04-30T23:59:59.999Z', '2026-05-01T00:00:00Z']
  const requests = at.map((now) => JSON.stringify({ agent: 'a', action: 'read', resource: 'x', now })).join('\n')
  const { out } = await kavach(folder, ['eval', '-m', 'p.img'], requests)
  const reasons = out
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line).reason)
  expect(reasons).toEqual(['stale-policy', 'allowed', 'allowed', 'stale-policy'])
})

test('a validity that ends before it begins is wrong usage', async () => {
  const folder = folderOf({ 'p.kavach': POLICY })
  const time = '2026-04-01T00:00:00Z'
  expect(await kavach(folder, ['compile', 'p.kavach', '--not-before', time, '--not-after', time])).toEqual({
    code: 64,
    out: '',
    err: 'kavach: --not-after is not later than --not-before\n  = help: swap them, or leave one out\n',
  })
})

test('an output that cannot be written is named', async () => {
  const folder = folderOf({ 'p.kavach': POLICY, plain: '' })
  expect(await kavach(folder, ['compile', 'p.kavach', '-o', 'plain'])).toEqual({
    code: 64,
    out: '',
    err: 'kavach: cannot write `plain/p.wasm`: ENOTDIR\n  = help: choose another folder\n',
  })
  mkdirSync(join(folder, 'out/p.d.ts'), { recursive: true })
  expect(await kavach(folder, ['compile', 'p.kavach', '-o', 'out'])).toEqual({
    code: 64,
    out: '',
    err: 'kavach: cannot write `out/p.d.ts`: EISDIR\n  = help: choose another folder\n',
  })
  expect(readdirSync(join(folder, 'out'))).toEqual(['p.d.ts'])
})

test('findings can be printed for machines, and then nothing else is', async () => {
  const folder = folderOf({ 'p.kavach': FALSE_CLAIM })
  const { code, out, err } = await kavach(folder, ['compile', 'p.kavach', '--format', 'github'])
  expect({ code, err, lines: out.split('\n').length }).toEqual({ code: 1, err: '', lines: 2 })
  expect(out).toMatch(/^::error file=p\.kavach,line=7,col=1,endLine=7,endColumn=29,title=KV4110::/)
})
