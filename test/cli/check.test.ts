import { chmodSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { applyFixes } from '../../cli/check.ts'
import { folderOf, kavach, unprivileged } from './command.ts'

const SOUND = 'policy p\n\nautonomous agent a {\n  allow read on x\n}\n'
/** A misspelt role: an error with a fix. */
const MISSPELT = `policy p

role reader {
  allow read on x
}

autonomous agent a {
  roles raeder
}
`

test('a sound policy has nothing to report', async () => {
  const folder = folderOf({ 'p/p.kavach': SOUND })
  expect(await kavach(folder, ['check', 'p'])).toEqual({ code: 0, out: '', err: 'p: 1 file, nothing to report\n' })
})

test('a finding is shown in its line, with code, span and help', async () => {
  const folder = folderOf({ 'p/p.kavach': MISSPELT })
  expect(await kavach(folder, ['check', 'p'])).toEqual({ code: 1, out: '', err: '' })
})

test('paths are shown as the current folder sees them', async () => {
  const folder = folderOf({ 'a/p.kavach': MISSPELT, 'b/c/keep': '' })
  const { out } = await kavach(join(folder, 'b/c'), ['check', '../../a/p.kavach'])
  expect(out.split('\n')[1]).toBe('')
})

test('--fix mends what is certain and says so', async () => {
  const folder = folderOf({ 'p.kavach': MISSPELT })
  expect(await kavach(folder, ['check', 'p.kavach', '--fix'])).toEqual({ code: 0, out: '', err: '' })
  expect(readFileSync(join(folder, 'p.kavach'), 'utf8')).toBe(MISSPELT.replace('raeder', 'reader'))
})

test('fixes that touch each other are left for the next run', () => {
  const edit = (start: number, end: number, text: string) => ({ path: 'p', span: { start, end }, text })
  const diagnostic = (...edits: ReturnType<typeof edit>[]) => ({
    code: 'KV0000',
    severity: 'error' as const,
    message: 'm',
    path: 'p',
    span: { start: 0, end: 1 },
    fix: { title: 't', edits },
  })
  const folder = { root: '/', shown: '.', files: [{ path: 'p', text: 'abcdef' }] }
  const found = [
    diagnostic(edit(4, 5, 'E')),
    diagnostic(edit(0, 2, 'AB')),
    diagnostic(edit(2, 3, 'C'), edit(5, 6, 'F')),
  ]
  expect(applyFixes(folder, found)).toEqual({ files: [{ path: 'p', text: 'ABcdEf' }], count: 2 })
})

test('--strict makes errors of the warnings that are marked so', async () => {
  const folder = folderOf({ 'p.kavach': `${SOUND}\nrole unused {\n  allow read on y\n}\n` })
  expect((await kavach(folder, ['check', 'p.kavach'])).code).toBe(0)
  expect((await kavach(folder, ['check', 'p.kavach', '--strict'])).code).toBe(1)
})

test('json, sarif and github say the same to machines, and nothing else is printed', async () => {
  const folder = folderOf({ 'p.kavach': MISSPELT })
  const json = await kavach(folder, ['check', 'p.kavach', '--format', 'json'])
  expect({ ...json, out: JSON.parse(json.out) }).toEqual({ code: 1, err: '', out: {} })
  const sarif = await kavach(folder, ['check', 'p.kavach', '--format', 'sarif'])
  expect({ ...sarif, out: JSON.parse(sarif.out) }).toEqual({ code: 1, err: '', out: {} })
  expect(await kavach(folder, ['check', 'p.kavach', '--format', 'github'])).toEqual({ code: 1, err: '', out: '' })
})

const TAKEN_FROM = 'check the path; it is taken from the current folder'

test('what is no policy is refused with its remedy', async () => {
  const folder = folderOf({
    'empty/readme.md': '',
    'binary/p.kavach': Buffer.from([0x70, 0, 0x61]),
    'latin/p.kavach': Buffer.from([0x2f, 0x2f, 0xfc]),
  })
  symlinkSync('gone', join(folder, 'gone.kavach'))
  const asText =
    'policy files are UTF-8 text; compiled modules and images are read by `kavach eval` and `kavach disassemble`'
  for (const [path, code, message, help] of [
    ['none', 66, 'there is no `none`', TAKEN_FROM],
    [
      'empty',
      66,
      '`empty` holds no policy: there is no file that ends in .kavach',
      'run `kavach init empty` to start one, or name the folder that has it',
    ],
    ['binary', 1, '`binary/p.kavach` is not a policy: byte 1 is zero', asText],
    ['latin', 1, '`latin/p.kavach` is not a policy: it is not UTF-8', asText],
    ['gone.kavach', 66, 'there is no `gone.kavach`', TAKEN_FROM],
  ] as const) {
    const err = `kavach: ${message}\n  = help: ${help}\n`
    expect([path, await kavach(folder, ['check', path])]).toEqual([path, { code, out: '', err }])
  }
})

test.skipIf(process.platform === 'win32')('files and folders that may not be read are named', async () => {
  const folder = folderOf({ 'p.kavach': SOUND, 'closed/p.kavach': SOUND })
  chmodSync(join(folder, 'p.kavach'), 0o000)
  chmodSync(join(folder, 'closed'), 0o000)
  for (const path of ['p.kavach', 'closed']) {
    const err = `kavach: \`${path}\` may not be read\n  = help: check its permissions\n`
    expect(await unprivileged(folder, ['check', path])).toEqual({ code: 66, out: '', err })
  }
  chmodSync(join(folder, 'closed'), 0o755)
})

test('a cycle of roles is shown with its way', async () => {
  const text = `policy p

role a includes b {
}

role b includes c {
}

role c includes a {
}
`
  expect(await kavach(folderOf({ 'p.kavach': text }), ['check', 'p.kavach'])).toEqual({ code: 1, out: '', err: '' })
})

test('a name that is declared twice is shown with its first declaration, across files', async () => {
  const folder = folderOf({
    'a.kavach': SOUND,
    'b.kavach': 'service agent a {\n  allow read on y\n}\n',
  })
  expect(await kavach(folder, ['check', '.'])).toEqual({ code: 1, out: '', err: '' })
})

test('folders that start with a dot, node_modules and other files are left out', async () => {
  const bad = 'not a policy'
  const folder = folderOf({
    'p.kavach': SOUND,
    '.hidden/p.kavach': bad,
    'node_modules/p.kavach': bad,
    'p.kavach.bak': bad,
    '.kavach': bad,
  })
  expect(await kavach(folder, ['check', '.'])).toEqual({ code: 0, out: '', err: '.: 1 file, nothing to report\n' })
})

const CATALOG = `${SOUND}\ncatalog github from "github.tools.json"\n`

test('a catalog that is missing, and one that is broken, are findings of the policy', async () => {
  expect(await kavach(folderOf({ 'p.kavach': CATALOG }), ['check', 'p.kavach'])).toEqual({ code: 1, out: '', err: '' })
  const broken = folderOf({ 'p.kavach': CATALOG, 'github.tools.json': '{"tools": [' })
  expect(await kavach(broken, ['check', 'p.kavach'])).toEqual({ code: 1, out: '', err: '' })
})

test('a folder of 500 files is one policy', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 500 }, (_, n) => [`p/${n}.kavach`, `service agent agent-${n} {\n  allow read on x\n}\n`]),
  )
  const folder = folderOf({ ...files, 'p/head.kavach': 'policy p\n' })
  expect(await kavach(folder, ['check', 'p'])).toEqual({ code: 0, out: '', err: 'p: 501 files, nothing to report\n' })
})
