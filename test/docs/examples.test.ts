/** Pages that are run in order, each in a folder that begins empty. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkPolicy } from '../../compiler/front/index.ts'
import { parsePolicy } from '../../grammar/index.ts'
import { type Block, blocksOf, printedBy } from './blocks.ts'
import { STORIES } from './pages.ts'

const MAIN = resolve('dist/cli/main.js')
/** A page starts a process for every line that it shows. */
const PAGE_MS = 120_000

/** A folder inside the package, so that `kavachos/engine` is found from there as it is in a clone; the policies are there too. */
function workshop(page: string): string {
  const folder = resolve('build/examples', basename(page, '.md'))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, '.bin'), { recursive: true })
  symlinkSync(MAIN, join(folder, '.bin/kavach'))
  symlinkSync(resolve('policies'), join(folder, 'policies'))
  return folder
}

function run(folder: string, command: string, args: readonly string[]) {
  const PATH = `${join(folder, '.bin')}:${dirname(process.execPath)}:${process.env.PATH ?? ''}`
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    env: { ...process.env, PATH, NO_COLOR: '1' },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

/** What the commands of a block print, and what the block says; what differs from run to run has a name. */
function printedIn(folder: string, { text }: Block): readonly [actual: string, expected: string] {
  const commands = text.split('\n').filter((line) => line.startsWith('$ '))
  const printed = commands.map((command) => {
    const { stdout, stderr } = run(folder, 'sh', ['-c', withoutNpx(command.slice(2))])
    return `${command}\n${stdout}${stderr}`
  })
  return [settled(printed.join('')), settled(text)]
}

function settled(text: string): string {
  return text.replace(/\b[0-9a-f]{64}\b/g, 'DIGEST').replace(/root (DIGEST|ROOT)/g, 'root ROOT')
}

function withoutNpx(line: string): string {
  return line.replace(/\bnpx kavach\b/g, 'kavach')
}

/** Lines of a shell block that call `kavach`; others (`npm ci`) are about the clone itself. */
function commandsOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map(withoutNpx)
    .filter((line) => /\bkavach\b|^echo /.test(line))
}

const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    types: ['node'],
    typeRoots: [resolve('node_modules/@types')],
    rootDir: '.',
    outDir: 'compiled',
    skipLibCheck: true,
  },
  include: ['*.ts'],
}

describe.each(STORIES.map((pages) => [pages.join(', '), pages] as const))('%s', (_, pages) => {
  const blocks = pages.flatMap((page) => blocksOf(readFileSync(page, 'utf8')).map((block) => ({ ...block, page })))

  test('every policy that it shows passes the checks', () => {
    for (const { page, file, line, language, text } of blocks) {
      if (language !== 'kavach') continue
      // A block of tests or assertions alone belongs to a policy that was made before it: it is checked where the commands run.
      const parsed = parsePolicy(file ?? `line-${line}.kavach`, text)
      const checked = parsed.file.header === undefined ? [] : checkPolicy([parsed.file]).diagnostics
      const errors = [...parsed.diagnostics, ...checked].filter(({ severity }) => severity === 'error')
      expect({ page, line, errors }).toEqual({ page, line, errors: [] })
    }
  })

  test(
    'every command and program that it shows runs',
    () => {
      const folder = workshop(pages[0] ?? '')
      let ran = 0
      for (const block of blocks) {
        const { page, language, file, fragment, line, text } = block
        const at = { page, line }
        if (file !== undefined) {
          mkdirSync(dirname(join(folder, file)), { recursive: true })
          writeFileSync(join(folder, file), text)
        }
        if (fragment !== undefined) continue
        if (language === 'sh') {
          for (const command of commandsOf(text)) {
            expect({ at, command, ...run(folder, 'sh', ['-c', command]) }).toMatchObject({ at, command, status: 0 })
            ran++
          }
        }
        if (language === 'console') {
          const [actual, expected] = printedIn(folder, block)
          expect({ at, printed: actual }).toEqual({ at, printed: expected })
          ran++
        }
        if (language === 'ts') {
          // A program without a file of its own could not be run.
          expect({ at, file }).toEqual({ at, file: expect.stringMatching(/\.ts$/) })
          writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
          const checked = run(folder, process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', '.'])
          expect({ at, ...checked }).toEqual({ at, status: 0, stdout: '', stderr: '' })
          const program = join('compiled', (file ?? '').replace(/\.ts$/, '.js'))
          const printed = run(folder, process.execPath, [program])
          // A host that nobody gave a key says so.
          const stderr = printed.stderr.replace(/^kavachos: checkpoints are .*\n/gm, '')
          expect({ at, ...printed, stderr }).toEqual({ at, status: 0, stdout: printedBy(text), stderr: '' })
          ran++
        }
      }
      expect(ran).toBeGreaterThan(0)
    },
    PAGE_MS,
  )
})

test('docs/commands.md names every option that the commands have', () => {
  const manual = readFileSync('docs/commands.md', 'utf8')
  const commands = [
    ['init'],
    ['bench'],
    ['check'],
    ['test'],
    ['compile'],
    ['eval'],
    ['replay'],
    ['fmt'],
    ['disassemble'],
    ['policy', 'keygen'],
    ['policy', 'sign'],
    ['policy', 'verify'],
    ['import', 'mcp'],
    ['import', 'permissions'],
  ]
  const missing = commands.flatMap((command) => {
    const { stdout } = run(resolve('.'), process.execPath, [MAIN, ...command, '--help'])
    const section = manual.split(/^## /m).find((part) => part.startsWith(`kavach ${command.join(' ')}`)) ?? ''
    const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = '']) => option)
    return options
      .filter((option) => option !== '--help' && !section.includes(option))
      .map((option) => `${command.join(' ')} ${option}`)
  })
  expect(missing).toEqual([])
})
