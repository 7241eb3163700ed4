/** docs/audit.md is one program, and commands over what it leaves: they run in order, and print what the page says. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { AUDIT_KINDS } from '../../runtime/audit/index.ts'
import { type Block, blocksOf, printedBy } from './blocks.ts'

const PAGE = readFileSync('docs/audit.md', 'utf8')
const blocks = blocksOf(PAGE)
const FOLDER = resolve('build/examples/audit')

function run(command: string, args: readonly string[]) {
  const PATH = `${join(FOLDER, '.bin')}:${dirname(process.execPath)}:${process.env.PATH ?? ''}`
  const { stdout, stderr } = spawnSync(command, args, { cwd: FOLDER, env: { ...process.env, PATH }, encoding: 'utf8' })
  return `${stdout}${stderr}`.replaceAll(/root [0-9a-f]{64}/g, 'root ROOT')
}

/** What the commands of a block print, and what the block says. */
function printed({ text }: Block): readonly [actual: string, expected: string] {
  const commands = text.split('\n').filter((line) => line.startsWith('$ '))
  return [commands.map((command) => `${command}\n${run('sh', ['-c', command.slice(2)])}`).join(''), text]
}

test('the program and the commands print what the page says', { timeout: 120_000 }, () => {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(join(FOLDER, '.bin'), { recursive: true })
  symlinkSync(resolve('dist/cli/main.js'), join(FOLDER, '.bin/kavach'))
  expect(new Set(blocks.map(({ language }) => language))).toEqual(new Set(['ts', 'console']))
  const consoles = blocks.filter(({ language }) => language === 'console')
  const program = blocks.flatMap(({ language, text }) => (language === 'ts' ? [text] : [])).join('\n')
  const [first, ...others] = consoles.map((block) => () => printed(block))
  const [made, expected] = first?.() ?? []
  expect(made).toBe(expected)
  writeFileSync(join(FOLDER, 'audit.ts'), program)
  const tsc = '--ignoreConfig --strict --target es2022 --module nodenext --skipLibCheck --types node audit.ts'.split(
    ' ',
  )
  expect(run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...tsc])).toBe('')
  expect(run(process.execPath, ['audit.js'])).toBe(printedBy(program))
  for (const print of others) {
    const [actual, said] = print()
    expect(actual).toBe(said)
  }
})

test('the page lists every kind of row, as the code says it', () => {
  const listed = [...PAGE.matchAll(/^\| `([a-z.-]+)` \| (.*) \|$/gm)].map(([, kind, text]) => [kind, text])
  const kinds = new Map(listed.filter(([kind = '']) => Object.hasOwn(AUDIT_KINDS, kind)).map(([a, b]) => [a, b]))
  expect(Object.fromEntries(kinds)).toEqual(AUDIT_KINDS)
})

test('every link leads somewhere', () => {
  const links = [...PAGE.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, to = '']) => to)
  expect(links.filter((to) => !existsSync(join('docs', to)))).toEqual([])
})
