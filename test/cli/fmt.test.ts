import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, kavach, unprivileged } from './command.ts'

const LOOSE = `policy   p
autonomous agent a { // who
allow read on x }
`
const TIDY = `policy p

autonomous agent a { // who
  allow read on x
}
`

test('files are formatted in place, and those that changed are named', async () => {
  const folder = folderOf({ 'p/a.kavach': LOOSE, 'p/b/b.kavach': 'forbid delete on **\n' })
  expect(await kavach(folder, ['fmt', 'p'])).toEqual({ code: 0, out: 'p/a.kavach\n', err: '' })
  expect(readFileSync(join(folder, 'p/a.kavach'), 'utf8')).toBe(TIDY)
  expect(await kavach(folder, ['fmt', 'p'])).toEqual({ code: 0, out: '', err: '' })
})

test('standard input is formatted to standard output', async () => {
  expect(await kavach(folderOf(), ['fmt'], LOOSE)).toEqual({ code: 0, out: TIDY, err: '' })
  expect(await kavach(folderOf(), ['fmt', '-'], TIDY)).toEqual({ code: 0, out: TIDY, err: '' })
})

test('--check writes nothing and finds what is not formatted', async () => {
  const folder = folderOf({ 'a.kavach': LOOSE, 'b.kavach': 'forbid delete on **\n' })
  expect(await kavach(folder, ['fmt', '--check', '.'])).toEqual({ code: 1, out: 'a.kavach\n', err: '' })
  expect(await kavach(folder, ['fmt', '--check', 'b.kavach'])).toEqual({ code: 0, out: '', err: '' })
  expect(readFileSync(join(folder, 'a.kavach'), 'utf8')).toBe(LOOSE)
  expect(await kavach(folder, ['fmt', '--check', '-'], LOOSE)).toEqual({ code: 1, out: '', err: '' })
  expect(await kavach(folder, ['fmt', '--check', '-'], TIDY)).toEqual({ code: 0, out: '', err: '' })
})

test('a file with a syntax error is reported and left, the others are formatted', async () => {
  const folder = folderOf({ 'a.kavach': LOOSE, 'b.kavach': 'forbid delete\n' })
  expect(await kavach(folder, ['fmt', '.'])).toEqual({
    code: 1,
    out: `error[KV0101]: expected \`on\`, found the end of the file
 ┌ b.kavach:1:14
1 │ forbid delete
  │              ^ \`on\` is missing here
  = help: a scope is \`ACTIONS on PATTERNS\`, as in \`read, write on mcp:github:**\`
a.kavach
`,
    err: '',
  })
  expect(readFileSync(join(folder, 'b.kavach'), 'utf8')).toBe('forbid delete\n')
  expect(readFileSync(join(folder, 'a.kavach'), 'utf8')).toBe(TIDY)
})

test('a folder without policies is refused', async () => {
  const folder = folderOf({ 'p/readme.md': '' })
  expect(await kavach(folder, ['fmt', 'p'])).toEqual({
    code: 66,
    out: '',
    err:
      'kavach: `p` holds no policy: there is no file that ends in .kavach\n' +
      '  = help: run `kavach init p` to start one, or name the folder that has it\n',
  })
})

test('what is no text is refused', async () => {
  expect(await kavach(folderOf(), ['fmt'], Buffer.from([0xff]))).toEqual({
    code: 1,
    out: '',
    err:
      'kavach: `standard input` is not a policy: it is not UTF-8\n' +
      '  = help: policy files are UTF-8 text; compiled modules and images are read by `kavach eval` and `kavach disassemble`\n',
  })
})

test.skipIf(process.platform === 'win32')('a folder that may not be written is named, and the file stays', async () => {
  const folder = folderOf({ 'p/a.kavach': LOOSE })
  chmodSync(join(folder, 'p'), 0o555)
  const { code, err } = await unprivileged(folder, ['fmt', 'p'])
  expect({ code, err }).toEqual({
    code: 64,
    err: 'kavach: cannot write `p/a.kavach`: EACCES\n  = help: choose another folder\n',
  })
  expect(readFileSync(join(folder, 'p/a.kavach'), 'utf8')).toBe(LOOSE)
})
