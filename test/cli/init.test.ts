import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, kavach } from './command.ts'

const NEXT = (policy: string) => `
Next:
  npx kavach check ${policy}             what is wrong with it
  npx kavach test ${policy}              its examples, decided
  npx kavach compile ${policy} -o build  one module for every platform
Catalogs of your MCP servers:
  npx kavach import mcp --out ${policy}/catalog/NAME.tools.json -- COMMAND
`

test('a started policy is formatted, has no findings, passes its tests and compiles', async () => {
  const folder = folderOf()
  expect(await kavach(folder, ['init'])).toEqual({
    code: 0,
    out: `made policy/starter.kavach
made policy/starter.proof.kavach
made policy/starter.test.kavach
made .github/workflows/policy.yml
${NEXT('policy')}`,
    err: '',
  })
  const commands = readFileSync(join(folder, '.github/workflows/policy.yml'), 'utf8').matchAll(/run: npx kavach (.*)/g)
  const codes = []
  for (const [, command = ''] of commands) codes.push([command, (await kavach(folder, command.split(' '))).code])
  expect(codes).toEqual([
    ['check policy --strict --format github', 0],
    ['fmt --check policy', 0],
    ['test policy', 0],
    ['compile policy -o build', 0],
  ])
})

test('a folder of its own is named in what comes next, and a workflow that is there is kept', async () => {
  const folder = folderOf({ '.github/workflows/policy.yml': 'mine' })
  const { code, out } = await kavach(folder, ['init', 'policies/bots'])
  expect({ code, out }).toEqual({
    code: 0,
    out: `made policies/bots/starter.kavach
made policies/bots/starter.proof.kavach
made policies/bots/starter.test.kavach
kept .github/workflows/policy.yml, which was there
${NEXT('policies/bots')}`,
  })
  expect(readFileSync(join(folder, '.github/workflows/policy.yml'), 'utf8')).toBe('mine')
})

test('a folder that holds a policy is refused, and nothing is written', async () => {
  const folder = folderOf({ 'policy/mine.kavach': 'policy mine\n' })
  expect(await kavach(folder, ['init'])).toEqual({
    code: 64,
    out: '',
    err: 'kavach: there is a policy in `policy` already\n  = help: name another folder; nothing was written\n',
  })
  expect(readdirSync(folder)).toEqual(['policy'])
})

test('a file in the place of the folder is refused', async () => {
  const folder = folderOf({ policy: '' })
  expect(await kavach(folder, ['init'])).toEqual({
    code: 64,
    out: '',
    err: 'kavach: `policy` is a file\n  = help: name a folder; nothing was written\n',
  })
})
