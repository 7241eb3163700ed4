import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkPolicy } from '../../compiler/front/index.ts'
import { parsePolicy } from '../../grammar/index.ts'
import { blocksOf, printedBy } from './blocks.ts'

const PAGES = ['README.md', 'docs/commands.md', 'docs/signing.md']
const MAIN = resolve('dist/cli/main.js')
/** A page starts a process for every line that it shows. */
const PAGE_MS = 120_000

/** A folder inside the package, so that `kavachos/engine` is found from there as it is in a clone. */
function workshop(page: string): string {
  const folder = resolve('build/examples', basename(page, '.md'))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, '.bin'), { recursive: true })
  symlinkSync(MAIN, join(folder, '.bin/kavach'))
  return folder
}

function run(folder: string, command: string, args: readonly string[]) {
  const PATH = `${join(folder, '.bin')}:${dirname(process.execPath)}:${process.env.PATH ?? ''}`
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    env: { ...process.env, PATH },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

/** Lines of a shell block that call `kavach`; others (`npm ci`) are about the clone itself. */
function commandsOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/\bnpx kavach\b/g, 'kavach'))
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

describe.each(PAGES)('%s', (page) => {
  const blocks = blocksOf(readFileSync(page, 'utf8'))

  test('every policy that it shows passes the checks', () => {
    const policies = blocks.filter(({ language }) => language === 'kavach')
    expect(policies.length).toBeGreaterThan(0)
    for (const { file, line, text } of policies) {
      // A block of tests alone belongs to a policy that was made before it: it is checked where the commands run.
      const parsed = parsePolicy(file ?? `line-${line}.kavach`, text)
      const checked = parsed.file.header === undefined ? [] : checkPolicy([parsed.file]).diagnostics
      const errors = [...parsed.diagnostics, ...checked].filter(({ severity }) => severity === 'error')
      expect({ line, errors }).toEqual({ line, errors: [] })
    }
  })

  test(
    'every command and program that it shows runs',
    () => {
      const folder = workshop(page)
      let ran = 0
      for (const { language, file, line, text } of blocks) {
        if (file !== undefined) {
          mkdirSync(dirname(join(folder, file)), { recursive: true })
          writeFileSync(join(folder, file), text)
        }
        if (language === 'sh') {
          for (const command of commandsOf(text)) {
            expect({ line, command, ...run(folder, 'sh', ['-c', command]) }).toMatchObject({ line, command, status: 0 })
            ran++
          }
        }
        if (language === 'ts' && file !== undefined) {
          writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
          const checked = run(folder, process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', '.'])
          expect({ line, ...checked }).toEqual({ line, status: 0, stdout: '', stderr: '' })
          const printed = run(folder, process.execPath, [join('compiled', file.replace(/\.ts$/, '.js'))])
          // A host that nobody gave a key says so.
          const stderr = printed.stderr.replace(/^kavachos: checkpoints are .*\n/gm, '')
          expect({ line, ...printed, stderr }).toEqual({ line, status: 0, stdout: printedBy(text), stderr: '' })
          ran++
        }
      }
      expect(ran).toBeGreaterThan(0)
    },
    PAGE_MS,
  )

  test('every link to a file leads somewhere', () => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(
      ([, target = '']) => target,
    )
    const missing = links.filter((target) => {
      try {
        readFileSync(join(dirname(page), target))
        return false
      } catch (error) {
        return !(error instanceof Error && 'code' in error && error.code === 'EISDIR')
      }
    })
    expect(missing).toEqual([])
  })
})

test('docs/commands.md names every option that the commands have', () => {
  const manual = readFileSync('docs/commands.md', 'utf8')
  const commands = [
    ['init'],
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
