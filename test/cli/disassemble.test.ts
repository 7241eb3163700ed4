import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, kavach } from './command.ts'

const POLICY = `policy p generation 5

autonomous agent a {
  owner "team"
  allow read on x
    when trust >= 60
    rate 5 per minute
}

forbid delete on **
`

test('a module and its image are printed alike, for people', async () => {
  const folder = folderOf({ 'p.kavach': POLICY })
  await kavach(folder, ['compile', 'p.kavach'])
  const module = await kavach(folder, ['disassemble', 'p.wasm'])
  expect(await kavach(folder, ['disassemble', 'p.img'])).toEqual(module)
  const image = readFileSync(join(folder, 'p.img'))
  expect(module).toEqual({
    code: 0,
    out: `policy p
  format      1.0
  generation  5
  digest      ${image.subarray(40, 72).toString('hex')}
  not before  not bounded
  not after   not bounded

${image.length} bytes
  bytes              17         17 bytes
  strings             4         32 bytes
  actions             2         16 bytes
  agents              1         48 bytes
  rules               2         32 bytes
  rule sets           0          0 bytes
  patterns            2         24 bytes
  automata            0          0 bytes
  extras              1         24 bytes
  conditions          1         12 bytes
  atoms               1         20 bytes
  limits              1         32 bytes
  approvals           0          0 bytes
  delegations         0          0 bytes
  guards              1         20 bytes
  rule hashes         2          8 bytes

autonomous agent a, owner "team"
  @0 read on x | when trust >= 60 | limit rate 5 per minute [c7aa92450da029aa]

guardrails
  @1 delete on ** | forbid
`,
    err: '',
  })
})

test('what is damaged is refused, not printed', async () => {
  const folder = folderOf({ 'p.kavach': POLICY, 'p.txt': 'text' })
  await kavach(folder, ['compile', 'p.kavach'])
  const image = readFileSync(join(folder, 'p.img'))
  image.writeUInt8(image.readUInt8(image.length - 1) ^ 1, image.length - 1)
  writeFileSync(join(folder, 'broken.img'), image)
  expect(await kavach(folder, ['disassemble', 'broken.img'])).toEqual({
    code: 1,
    out: '',
    err:
      'kavach: `broken.img` is damaged: its digest does not fit its bytes\n' +
      '  = help: compile the policy again with `kavach compile`\n',
  })
  expect(await kavach(folder, ['disassemble', 'p.txt'])).toEqual({
    code: 1,
    out: '',
    err:
      'kavach: `p.txt` is neither a module nor an image\n' +
      '  = help: name the .wasm or .img that `kavach compile` wrote; policy text is compiled first\n',
  })
  expect(await kavach(folder, ['disassemble', 'none.img'])).toEqual({
    code: 66,
    out: '',
    err: 'kavach: there is no `none.img`\n  = help: check the path; it is taken from the current folder\n',
  })
})
