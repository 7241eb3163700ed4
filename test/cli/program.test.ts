import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { runProgram } from '../../cli/program.ts'
import { Terminal } from '../../cli/terminal.ts'
import { finished, folderOf, kavach, MAIN } from './command.ts'

const COMMANDS = [
  ['init'],
  ['check'],
  ['test'],
  ['compile'],
  ['eval'],
  ['bench'],
  ['explain'],
  ['who-can'],
  ['what-can'],
  ['fmt'],
  ['disassemble'],
  ['keys', 'create'],
  ['serve'],
  ['gateway'],
  ['export', 'cedar'],
  ['import', 'mcp'],
  ['import', 'permissions'],
]

test('--help lists every command and the exit codes', async () => {
  const folder = folderOf()
  const { code, out, err } = await kavach(folder, ['--help'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const listed = [...out.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name)
  expect(listed).toEqual(
    'init check prove test compile dev eval bench explain who-can what-can diff replay tighten fmt disassemble policy migrate audit keys agents doctor gateway serve export import help'.split(
      ' ',
    ),
  )
  expect(out).toContain(
    'Exit codes: 0 fine, 1 findings, 2 refused, 3 unknown, 64 wrong usage, 66 input missing, 70 internal error.',
  )
})

test.each(COMMANDS)('%s %s has a help page with examples', async (...command) => {
  const { code, out, err } = await kavach(folderOf(), [...command, '--help'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out.startsWith(`Usage: kavach ${command.join(' ')} `)).toBe(true)
  expect(out).toContain(`Examples:\n  `)
  expect(out).toContain(`kavach ${command.join(' ')}`)
  expect(out.split('\n').filter((line) => line.length > 120)).toEqual([])
})

test('without a command the help goes to standard error and the usage is wrong', async () => {
  const folder = folderOf()
  const help = await kavach(folder, ['--help'])
  const { code, out, err } = await kavach(folder, [])
  expect({ code, out }).toEqual({ code: 64, out: '' })
  expect(help.out.startsWith(err.trimEnd())).toBe(true)
})

test('--version is the version of the package', async () => {
  expect(await kavach(folderOf(), ['--version'])).toEqual({ code: 0, out: '0.1.0\n', err: '' })
})

test.each([
  ['an unknown command', ['tset'], 'unknown command `tset`', 'did you mean test? see `kavach --help`'],
  [
    'an unknown option',
    ['check', '.', '--frmat', 'json'],
    'unknown option `--frmat`',
    'did you mean --format? see `kavach check --help`',
  ],
  [
    'an unknown format',
    ['check', '.', '--format', 'xml'],
    'option `--format <format>` argument `xml` is invalid. Allowed choices are text, json, sarif, github',
    'see `kavach check --help`',
  ],
  ['a missing argument', ['test'], 'missing required argument `path`', 'see `kavach test --help`'],
  [
    'an argument too many',
    ['check', 'a', 'b'],
    'too many arguments for `check`. Expected 1 argument but got 2',
    'see `kavach check --help`',
  ],
  ['a missing option', ['eval'], 'required option `-m, --module <file>` not specified', 'see `kavach eval --help`'],
  [
    'a missing value',
    ['compile', '.', '-o'],
    'option `-o, --out <folder>` argument missing',
    'see `kavach compile --help`',
  ],
  [
    'an impossible time',
    ['eval', '-m', 'x', '--now', 'noon'],
    'option `--now <time>` argument `noon` is invalid. It wants a time such as 2026-04-01T10:00:00Z',
    'see `kavach eval --help`',
  ],
  ['import without a kind', ['import', 'oauth'], 'unknown command `oauth`', 'see `kavach import --help`'],
])('%s is wrong usage, with the page to read', async (_, args, message, help) => {
  expect(await kavach(folderOf(), args)).toEqual({ code: 64, out: '', err: `kavach: ${message}\n  = help: ${help}\n` })
})

/** A terminal whose standard input breaks in a way that no command expects. */
function brokenTerminal(debug: boolean) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const stdin = Readable.from(
    (async function* () {
      yield Buffer.from('policy p\n')
      throw new Error('the sky fell')
    })(),
  )
  const terminal = new Terminal({
    stdin,
    stdout,
    stderr,
    cwd: '/',
    color: false,
    errorColor: false,
    isTyped: false,
    isScreen: false,
    isWatched: false,
    debug,
    now: () => 0,
    interrupt: new AbortController().signal,
    takeInterrupts: () => undefined,
  })
  return { terminal, out: () => String(stdout.read() ?? ''), err: () => String(stderr.read() ?? '') }
}

test('an internal error is one line and a remedy', async () => {
  const { terminal, out, err } = brokenTerminal(false)
  expect(await runProgram(['fmt', '-'], terminal)).toBe(70)
  expect(out()).toBe('')
  expect(err()).toBe(
    'kavach: internal error: the sky fell\n' +
      '  = help: this is a defect of kavach; KAVACH_DEBUG=1 shows where it happened\n',
  )
})

test('with KAVACH_DEBUG an internal error shows where it happened', async () => {
  const { terminal, err } = brokenTerminal(true)
  expect(await runProgram(['fmt', '-'], terminal)).toBe(70)
  expect(err()).toMatch(/^kavach: internal error: the sky fell\nError: the sky fell\n {4}at .*program\.test\.ts/)
})

test.runIf(existsSync('/dev/full'))('a full disk under standard output is an error of one line', async () => {
  const folder = folderOf({ 'in.kavach': 'policy   p\n' })
  const child = spawn('sh', ['-c', `exec "$0" "$1" fmt - < in.kavach > /dev/full`, process.execPath, MAIN], {
    cwd: folder,
  })
  expect(await finished(child)).toEqual({
    code: 70,
    out: '',
    err: 'kavach: cannot write to standard output: ENOSPC\n',
  })
})
