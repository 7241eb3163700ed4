/** NOTICE and THIRD_PARTY.md say what comes along, as package-lock.json and the packages have it. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { thirdParty } from '../../scripts/notices.mjs'

const made: string[] = []
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
})

interface Locked {
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly text?: string
}

/** A folder whose package needs `first`. */
function folderWith(packages: Readonly<Record<string, Locked>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'kavach-notices-'))
  made.push(folder)
  const locked: Record<string, object> = { '': { dependencies: { first: '1' } } }
  for (const [path, { text, ...entry }] of Object.entries(packages)) {
    locked[path] = { version: '1.0.0', ...entry }
    mkdirSync(join(folder, path), { recursive: true })
    if (text !== undefined) writeFileSync(join(folder, path, 'LICENSE'), text)
  }
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: locked }))
  return folder
}

const ISC = (holder: string): string => `ISC License\n\nCopyright (c) 2020 ${holder}\n\nPermission to use this.\n`

test('both are current', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/notices.mjs', '--check'], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test('what is needed through others is listed, in the version that is nearest, and the rest is not', () => {
  const folder = folderWith({
    'node_modules/first': { license: 'ISC', dependencies: { second: '1' }, text: ISC('Ann') },
    'node_modules/first/node_modules/second': { license: 'ISC', text: ISC('Ben') },
    'node_modules/second': { license: 'MIT' },
    'node_modules/tool': { license: 'MIT' },
  })
  const text = thirdParty(folder)
  expect(text.match(/^\| (first|second|tool) .*$/gm)).toEqual(['| first | 1.0.0 | ISC |', '| second | 1.0.0 | ISC |'])
  expect(text.slice(text.indexOf('### '))).toBe(
    '### ISC\n\n- first: Copyright (c) 2020 Ann\n- second: Copyright (c) 2020 Ben\n\n```text\nPermission to use this.\n```\n',
  )
})

test.each([
  ['GPL-3.0-only', 'first has the licence `GPL-3.0-only`: see whether it may come along'],
  [undefined, 'first has the licence `none`: see whether it may come along'],
])('a package under %s is refused', (license, message) => {
  const folder = folderWith({ 'node_modules/first': license === undefined ? {} : { license } })
  expect(() => thirdParty(folder)).toThrow(message)
})

test('of two licences one is enough', () => {
  const folder = folderWith({ 'node_modules/first': { license: '(GPL-2.0-only OR MIT)' } })
  expect(thirdParty(folder)).toContain('| first | 1.0.0 | (GPL-2.0-only OR MIT) |')
})
