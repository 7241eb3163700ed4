/** docs/host.md is one program: it type-checks, runs, and prints what it says. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { blocksOf, printedBy } from './blocks.ts'

const PROGRAM_MS = 60_000

test(
  'docs/host.md type-checks, runs, and prints what it says',
  () => {
    const folder = resolve('build/examples/host')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    const blocks = blocksOf(readFileSync('docs/host.md', 'utf8'))
    expect(blocks.every(({ language }) => language === 'ts')).toBe(true)
    // Blank lines keep the numbers of lines, so that a fault is found where it stands.
    let program = ''
    for (const { line, text } of blocks) program += '\n'.repeat(line + 1 - program.split('\n').length) + text
    writeFileSync(join(folder, 'host.ts'), program)
    const tsc = [
      resolve('node_modules/typescript/bin/tsc'),
      ...'--ignoreConfig --strict --target es2022 --module nodenext --skipLibCheck --types node'.split(' '),
      'host.ts',
    ]
    const { status, stdout } = spawnSync(process.execPath, tsc, { cwd: folder, encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    const ran = spawnSync(process.execPath, ['host.js'], { cwd: folder, encoding: 'utf8' })
    // A host that nobody gave a key says so.
    const said = ran.stderr.replace(/^kavachos: checkpoints are .*\n/gm, '')
    expect({ status: ran.status, stdout: ran.stdout, said }).toEqual({
      status: 0,
      stdout: printedBy(program),
      said: '',
    })
  },
  PROGRAM_MS,
)

test.each(['docs/host.md', 'docs/compatibility.md', 'examples/README.md'])(
  'every link of %s leads somewhere',
  (page) => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, to = '']) => to)
    expect(links.filter((to) => !existsSync(join(dirname(page), to)))).toEqual([])
  },
)
