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
  expect(module).toEqual({ code: 0, out: '', err: '' })
})

test('what is damaged is refused, not printed', async () => {
  const folder = folderOf({ 'p.kavach': POLICY, 'p.txt': 'text' })
  await kavach(folder, ['compile', 'p.kavach'])
  const image = readFileSync(join(folder, 'p.img'))
  // The number of agents: more of them than the image has bytes.
  image.writeUInt32LE(0x7fffffff, 128 + 8 * 5 + 4)
  writeFileSync(join(folder, 'broken.img'), image)
  expect(await kavach(folder, ['disassemble', 'broken.img'])).toEqual({ code: 1, out: '', err: '' })
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
