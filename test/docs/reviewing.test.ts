/** docs/reviewing.md is a review that happens: its files, its commands and what they print. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const MAIN = resolve('dist/cli/main.js')
/** A comparison looks for witnesses from the present on. */
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g

interface Block {
  readonly language: string
  /** `BRANCH:PATH` of a file, empty for commands. */
  readonly place: string
  readonly text: string
}

function blocksOf(markdown: string): readonly Block[] {
  const blocks = markdown.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)
  return [...blocks].map(([, language = '', place = '', text = '']) => ({ language, place, text }))
}

function run(folder: string, command: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_SYSTEM: '/dev/null',
      NO_COLOR: '1',
    },
  })
  return stdout + stderr
}

/** Words of a command line; quotes keep blanks together. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

test('the review prints what the page says', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kavach-review-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const git = (...args: readonly string[]) => run(folder, 'git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args])
  git('init', '-q', '-b', 'main', '.')
  let isCommitted = false
  const printed: string[] = []
  const expected: string[] = []
  for (const { language, place, text } of blocksOf(readFileSync('docs/reviewing.md', 'utf8'))) {
    const [branch, path] = place.split(':')
    if (language === 'kavach' && path !== undefined) {
      if (branch !== 'main' && !isCommitted) {
        git('add', '.')
        git('commit', '-qm', 'policy of the help desk')
        isCommitted = true
      }
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    if (language !== 'console') continue
    const [command = '', ...lines] = text.trimEnd().split('\n')
    const [, ...args] = wordsOf(command.replace(/^\$ /, ''))
    printed.push(`${command}\n${run(folder, process.execPath, [MAIN, ...args]).trimEnd()}`.replace(TIME, 'TIME'))
    expected.push([command, ...lines].join('\n').replace(TIME, 'TIME'))
  }
  expect(printed.length).toBeGreaterThan(4)
  expect(printed).toEqual(expected)
})
