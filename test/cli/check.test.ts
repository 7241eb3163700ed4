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
  expect(await kavach(folder, ['check', 'p'])).toEqual({
    code: 1,
    out: `error[KV1007]: unknown role \`raeder\`
 ┌ p/p.kavach:8:9
8 │   roles raeder
  │         ^^^^^^ no role has this name
 ┌ p/p.kavach:3:6
3 │ role reader {   <- \`reader\` is declared here
  = help: did you mean \`reader\`?
`,
    err: 'p: 1 file, 1 error, 0 warnings\n',
  })
})

test('paths are shown as the current folder sees them', async () => {
  const folder = folderOf({ 'a/p.kavach': MISSPELT, 'b/c/keep': '' })
  const { out } = await kavach(join(folder, 'b/c'), ['check', '../../a/p.kavach'])
  expect(out.split('\n')[1]).toBe(' ┌ ../../a/p.kavach:8:9')
})

test('--fix mends what is certain and says so', async () => {
  const folder = folderOf({ 'p.kavach': MISSPELT })
  expect(await kavach(folder, ['check', 'p.kavach', '--fix'])).toEqual({
    code: 0,
    out: '',
    err: 'fixed 1 finding in 1 file\np.kavach: 1 file, nothing to report\n',
  })
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
  const place = { line: 8, column: 9, endLine: 8, endColumn: 15, start: 74, end: 80 }
  expect({ ...json, out: JSON.parse(json.out) }).toEqual({
    code: 1,
    err: '',
    out: {
      diagnostics: [
        {
          code: 'KV1007',
          severity: 'error',
          message: 'unknown role `raeder`',
          path: 'p.kavach',
          ...place,
          label: 'no role has this name',
          secondary: [
            {
              label: '`reader` is declared here',
              path: 'p.kavach',
              line: 3,
              column: 6,
              endLine: 3,
              endColumn: 12,
              start: 15,
              end: 21,
            },
          ],
          help: 'did you mean `reader`?',
          fix: { title: 'replace with `reader`', edits: [{ path: 'p.kavach', ...place, text: 'reader' }] },
        },
      ],
    },
  })
  const sarif = await kavach(folder, ['check', 'p.kavach', '--format', 'sarif'])
  const region = { startLine: 8, startColumn: 9, endLine: 8, endColumn: 15 }
  const artifactLocation = { uri: 'p.kavach' }
  expect({ ...sarif, out: JSON.parse(sarif.out) }).toEqual({
    code: 1,
    err: '',
    out: {
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'kavach', rules: [{ id: 'KV1007' }] } },
          columnKind: 'utf16CodeUnits',
          results: [
            {
              ruleId: 'KV1007',
              ruleIndex: 0,
              level: 'error',
              message: { text: 'unknown role `raeder`: no role has this name\nhelp: did you mean `reader`?' },
              locations: [{ physicalLocation: { artifactLocation, region } }],
              relatedLocations: [
                {
                  id: 0,
                  physicalLocation: {
                    artifactLocation,
                    region: { startLine: 3, startColumn: 6, endLine: 3, endColumn: 12 },
                  },
                  message: { text: '`reader` is declared here' },
                },
              ],
              fixes: [
                {
                  description: { text: 'replace with `reader`' },
                  artifactChanges: [
                    {
                      artifactLocation,
                      replacements: [{ deletedRegion: region, insertedContent: { text: 'reader' } }],
                    },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
  })
  expect(await kavach(folder, ['check', 'p.kavach', '--format', 'github'])).toEqual({
    code: 1,
    err: '',
    out:
      '::error file=p.kavach,line=8,col=9,endLine=8,endColumn=15,title=KV1007::unknown role `raeder`: ' +
      'no role has this name%0Ahelp: did you mean `reader`?\n',
  })
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
  expect(await kavach(folderOf({ 'p.kavach': text }), ['check', 'p.kavach'])).toEqual({
    code: 1,
    out: `error[KV1009]: role \`a\` includes itself
 ┌ p.kavach:3:6
3 │ role a includes b {
  │      ^ a -> b -> c -> a
 ┌ p.kavach:6:6
6 │ role b includes c {   <- part of the cycle
 ┌ p.kavach:9:6
9 │ role c includes a {   <- part of the cycle
  = help: remove one \`includes\` of the cycle
`,
    err: 'p.kavach: 1 file, 1 error, 0 warnings\n',
  })
})

test('a name that is declared twice is shown with its first declaration, across files', async () => {
  const folder = folderOf({
    'a.kavach': SOUND,
    'b.kavach': 'service agent a {\n  allow read on y\n}\n',
  })
  expect(await kavach(folder, ['check', '.'])).toEqual({
    code: 1,
    out: `error[KV1005]: agent \`a\` is declared twice
 ┌ b.kavach:1:15
1 │ service agent a {
  │               ^ declared again here
 ┌ a.kavach:3:18
3 │ autonomous agent a {   <- first declared here
  = help: rename one of the two, or join them
`,
    err: '.: 2 files, 1 error, 0 warnings\n',
  })
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
  expect(await kavach(folderOf({ 'p.kavach': CATALOG }), ['check', 'p.kavach'])).toEqual({
    code: 1,
    out: `error[KV3001]: the catalog file \`github.tools.json\` does not exist
 ┌ p.kavach:7:21
7 │ catalog github from "github.tools.json"
  │                     ^^^^^^^^^^^^^^^^^^^ not found from this file
  = help: make it with \`kavach import mcp\`, or correct the path
`,
    err: 'p.kavach: 1 file, 1 error, 0 warnings\n',
  })
  const broken = folderOf({ 'p.kavach': CATALOG, 'github.tools.json': '{"tools": [' })
  expect(await kavach(broken, ['check', 'p.kavach'])).toEqual({
    code: 1,
    out: `error[KV3002]: \`github.tools.json\` is not a catalog
 ┌ p.kavach:7:21
7 │ catalog github from "github.tools.json"
  │                     ^^^^^^^^^^^^^^^^^^^ it is not JSON
  = help: a catalog is the answer to \`tools/list\`: \`{"tools": [{"name": "...", "inputSchema": {...}}]}\`
`,
    err: 'p.kavach: 1 file, 1 error, 0 warnings\n',
  })
})

test('a folder of 500 files is one policy', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 500 }, (_, n) => [`p/${n}.kavach`, `service agent agent_${n} {\n  allow read on x\n}\n`]),
  )
  const folder = folderOf({ ...files, 'p/head.kavach': 'policy p\n' })
  expect(await kavach(folder, ['check', 'p'])).toEqual({ code: 0, out: '', err: 'p: 501 files, nothing to report\n' })
})
