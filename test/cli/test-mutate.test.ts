import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../../cli/program.ts'
import { folderOf, kavach } from './command.ts'
import { machineIn } from './machine.ts'

const POLICY = `policy p generation 1

autonomous agent a {
  allow read on docs:*
    when trust >= 5
    rate 3 per hour
}

// Nobody may write at all, so that this decides nothing.
forbid write on docs:**
`
const TESTS = `test "reads" as a trust 5 {
  allow read on docs:x
  deny  read on docs:x trust 4
}
`
const FILES = { 'p/p.kavach': POLICY, 'p/p.test.kavach': TESTS }

test('mutants that no test notices are shown with a request that would', async () => {
  expect(await kavach(folderOf(FILES), ['test', 'p', '--mutate'])).toEqual({
    code: 0,
    out: `reads  p/p.test.kavach
  ok      allow read on docs:x
  ok      deny  read on docs:x trust 4

1 test, 2 questions: 2 passed, 0 failed

mutation: 6 of 12 mutants noticed, 50.0 %, 6 survived
  2 more decide the same, which is proved
  p/p.kavach:4  \`read\` becomes \`*\`
    a  act  docs:a  trust 5
    deny (no-grant), with the mistake allow
  p/p.kavach:4  \`docs:*\` becomes \`*:*\`
    a  read  a:a  trust 5
    deny (no-grant), with the mistake allow
  p/p.kavach:4  \`docs:*\` becomes \`docs:**\`
    a  read  docs:a:a  trust 5
    deny (no-grant), with the mistake allow
  p/p.kavach:6  without \`rate 3 per hour\`
    a  read  docs:a  trust 5 used 3 per hour
    limited (rate-limited), with the mistake allow
  p/p.kavach:6  \`3 per hour\` becomes \`4 per hour\`
    a  read  docs:a  trust 5 used 3 per hour
    limited (rate-limited), with the mistake allow
  p/p.kavach:6  \`3 per hour\` becomes \`2 per hour\`
    a  read  docs:a  trust 5 used 2 per hour
    allow, with the mistake limited (rate-limited)
`,
    err: '',
  })
})

test('a shipped policy is measured, and hardly anything of it stays unknown', async () => {
  const { code, out } = await kavach('policies', ['test', 'memory', '--coverage', '--mutate', '--format', 'json'])
  const { coverage, mutation } = JSON.parse(out)
  expect({ code, sides: coverage.sides > 0, killed: mutation.killed > 0, isKnown: mutation.unknown <= 2 }).toEqual({
    code: 0,
    sides: true,
    killed: true,
    isKnown: true,
  })
}, 180_000)

test('a score below what is asked for is a finding', async () => {
  const folder = folderOf(FILES)
  const { code, err } = await kavach(folder, ['test', 'p', '--mutate-min', '60', '--coverage-min', '90'])
  expect({ code, err }).toEqual({
    code: 1,
    err: `kavach: coverage is 62.5 %, less than 90 %
  = help: \`kavach test --write\` proposes the tests that are missing
kavach: 50.0 % of the mutants are noticed, less than 60 %
  = help: \`kavach test --write\` proposes the tests that are missing
`,
  })
})

test('nothing is measured while a test fails', async () => {
  const folder = folderOf({ ...FILES, 'p/q.test.kavach': 'test "wrong" as a { allow read on docs:x }\n' })
  const { code, out, err } = await kavach(folder, ['test', 'p', '--mutate', '--coverage'])
  expect({ code, err, hasScore: /mutation:|coverage:/.test(out) }).toEqual({
    code: 1,
    err: 'coverage and mutants are measured once every test passes\n',
    hasScore: false,
  })
})

test('so many mutants and no more are made, always the same ones', async () => {
  const folder = folderOf(FILES)
  const run = () => kavach(folder, ['test', 'p', '--max-mutants', '4', '--format', 'json'])
  const [first, second] = [await run(), await run()]
  expect(second).toEqual(first)
  expect(JSON.parse(first.out).mutation).toMatchObject({ total: 4, all: 14 })
})

test.each([
  [
    ['--max-mutants', '0'],
    'kavach: option `--max-mutants <count>` argument `0` is invalid. a whole number from 1 on is wanted',
  ],
  [['--mutate-min', '101'], 'kavach: option `--mutate-min <percent>` argument `101` is invalid. 0 to 100 is wanted'],
  [['--coverage', '--format', 'sarif'], 'kavach: coverage and mutants are not printed as `sarif`'],
  [['--write', 'p/q.test.kavach'], 'kavach: `p/q.test.kavach` does not end in `.generated.test.kavach`'],
])('%j is wrong usage', async (args, complaint) => {
  const { code, err } = await kavach(folderOf(FILES), ['test', 'p', ...args])
  expect([code, err.split('\n')[0]]).toEqual([64, complaint])
})

test('Ctrl-C ends it without a report of a part', async () => {
  const machine = machineIn(folderOf(FILES), { interruptAtOnce: true })
  expect(await runProgram(['test', 'p', '--mutate'], machine.terminal)).toBe(130)
  expect(machine.err()).toBe('stopped with 1 of 14 mutants judged; nothing is reported of a part\n')
  expect(machine.out()).not.toContain('mutation:')
})

test('tests that are written pass, are formatted, and notice what was not noticed', async () => {
  const folder = folderOf(FILES)
  const target = 'p/p.generated.test.kavach'
  const { code, out } = await kavach(folder, ['test', 'p', '--write', target])
  expect(code).toBe(0)
  expect(out).toContain(`rows written to ${target}\n`)
  expect((await kavach(folder, ['fmt', '--check', 'p'])).code).toBe(0)
  const after = await kavach(folder, ['test', 'p', '--mutate-min', '100', '--coverage-min', '100'])
  expect([after.code, after.err]).toEqual([0, ''])
  // Written anew from the tests of people alone, it is the same file.
  const text = readFileSync(join(folder, target), 'utf8')
  await kavach(folder, ['test', 'p', '--write', target])
  expect(readFileSync(join(folder, target), 'utf8')).toBe(text)
})

test('what a person wrote is not written over', async () => {
  const target = 'p/mine.generated.test.kavach'
  const folder = folderOf({ ...FILES, [target]: TESTS })
  const { code, out, err } = await kavach(folder, ['test', 'p', '--write', target])
  expect({ code, out, err }).toEqual({
    code: 2,
    out: '',
    err: `kavach: \`${target}\` was not written by \`kavach test --write\`
  = help: name another file, or take this one away
`,
  })
  expect(readFileSync(join(folder, target), 'utf8')).toBe(TESTS)
})

test('without a file the proposed tests are printed', async () => {
  const { out } = await kavach(folderOf(FILES), ['test', 'p', '--write', '--mutate'])
  expect(out).toContain('test "boundaries of a" as a {\n')
  expect(out).toContain('  // without `rate 3 per hour`\n  limited read on docs:a')
})
