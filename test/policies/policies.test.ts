import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderOf, kavach } from '../cli/command.ts'

const NAMES = readdirSync('policies')

test('there are five policies for real MCP servers, a starter and acme', () => {
  expect(NAMES).toEqual(['acme', 'browser', 'everything', 'filesystem', 'git', 'memory', 'starter'])
})

describe.each(NAMES)('policies/%s', (name) => {
  const folder = join('policies', name)

  test('is formatted, has no errors and passes its own tests', async () => {
    const formatted = await kavach('.', ['fmt', '--check', folder])
    expect(formatted).toEqual({ code: 0, out: '', err: '' })
    const { code, out } = await kavach('.', ['check', folder, '--format', 'json'])
    const { diagnostics }: { readonly diagnostics: readonly { readonly severity: string }[] } = JSON.parse(out)
    expect({ code, errors: diagnostics.filter(({ severity }) => severity === 'error') }).toEqual({
      code: 0,
      errors: [],
    })
    const tested = await kavach('.', ['test', folder, '--format', 'json'])
    const { passed, failed } = JSON.parse(tested.out)
    expect({ code: tested.code, failed, hasTests: passed >= 10 }).toEqual({ code: 0, failed: 0, hasTests: true })
  })

  test('states what must always hold, and compiles', async () => {
    const proofs = readFileSync(join(folder, `${name}.proof.kavach`), 'utf8')
    expect(proofs.match(/^assert /gm)?.length).toBeGreaterThanOrEqual(3)
    const { code, out } = await kavach('.', ['compile', folder, '-o', folderOf()])
    expect({ code, first: out.split(',')[0] }).toEqual({ code: 0, first: expect.stringMatching(`^${name} generation`) })
  })
})

test.each(NAMES.filter((name) => !['acme', 'starter'].includes(name)))(
  'policies/%s refers to a catalog that was imported from a server',
  (name) => {
    const folder = join('policies', name)
    const { server, tools } = JSON.parse(readFileSync(join(folder, `${name}.tools.json`), 'utf8'))
    expect({ server, hasTools: tools.length > 5 }).toEqual({ server: name, hasTools: true })
    expect(readFileSync(join(folder, `${name}.kavach`), 'utf8')).toContain(
      `\ncatalog ${name} from "./${name}.tools.json"\n`,
    )
  },
)
