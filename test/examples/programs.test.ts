/** Each example runs from a folder of its own, and prints what it is there to show. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const EXAMPLE_MS = 60_000

/** The lines that a program prints; ids and other things that are made anew each time are `...`. */
function linesOf(program: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'kavach-example-'))
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('examples', program)], {
    cwd: folder,
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true })
  // A host that nobody gave a key says so.
  const said = stderr.replace(/^kavachos: checkpoints are .*\n/gm, '')
  expect({ status, said }).toEqual({ status: 0, said: '' })
  return stdout
    .replace(/agt_\w+/g, 'agt_...')
    .trimEnd()
    .split('\n')
}

test(
  'full-example shows the life of an agent',
  () => {
    expect(linesOf('full-example/main.mjs')).toEqual([
      'librarian is agt_..., its token begins with kv_',
      'read books: true',
      'delete books: false, because no-grant',
      'extend loans by token: true',
      'old token: KVCH_E_AGENT_TOKEN_INVALID',
      'new token: true',
      "helper may: [ { resource: 'mcp:library:loans', actions: [ 'read' ] } ]",
      'lend more: KVCH_E_AGENT_DELEGATION_ESCALATES',
      'helper after revocation: false',
      'denied to the librarian: 1',
      expect.stringMatching(/^rows of CSV: 1\d$/),
    ])
  },
  EXAMPLE_MS,
)

test(
  'guarded-tools shows denials that a model can read',
  () => {
    expect(linesOf('guarded-tools/main.mjs')).toEqual([
      'search: {"hits":["how to reset a router"],"usd":0.02}',
      'readFile: "the text of /srv/help/router.md"',
      expect.stringMatching(/^readFile: KVCH_E_AGENT_PERMISSION_DENIED: ./),
      expect.stringMatching(/^refund: KVCH_E_APPROVAL_REQUIRED: ./),
      'search: {"hits":["how to reset a router again"],"usd":0.02}',
      'search: {"hits":["how to reset a router once more"],"usd":0.02}',
      'search: {"hits":["how to reset it for good"],"usd":0.02}',
      expect.stringMatching(/^search: KVCH_E_RATE_BUDGET_EXCEEDED: .*\(there is a time to try again\)$/),
      'refund: "order 77: 12 USD are on their way"',
      expect.stringMatching(/^refund: KVCH_E_APPROVAL_REQUIRED: ./),
    ])
  },
  EXAMPLE_MS,
)

test(
  'policy-app shows a host under a compiled policy',
  () => {
    expect(linesOf('policy-app/main.mjs')).toEqual([
      'enforced: reports, generation 1',
      'publisher reads: true',
      'publisher deletes: forbidden',
      'publisher publishes: approval-required',
      'after approval: true',
      'once more: approval-required',
      'intern reads: true',
      'intern writes: no-grant',
      'helper reads: true',
      'drafts before: no-grant',
      'drafts after: allowed',
      'going back: KVCH_E_POLICY_OUTDATED',
    ])
  },
  EXAMPLE_MS,
)

test('every example has a row in the table of examples, and every row an example', () => {
  const table = [...readFileSync('examples/README.md', 'utf8').matchAll(/^\| \[([\w-]+)\]/gm)].map(([, name]) => name)
  const folders = readdirSync('examples', { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(table.toSorted()).toEqual(folders.map(({ name }) => name).sort())
})

test('the examples type-check', () => {
  const programs = readdirSync('examples', { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.mjs'),
  )
  const options = '--allowJs --checkJs --noEmit --strict --target es2022 --module nodenext --skipLibCheck --types node'
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      resolve('node_modules/typescript/bin/tsc'),
      '--ignoreConfig',
      ...options.split(' '),
      ...programs.map((name) => join('examples', name)),
    ],
    { encoding: 'utf8' },
  )
  expect({ status, stdout, count: programs.length }).toEqual({ status: 0, stdout: '', count: 11 })
})
