/** What stands behind each door: the packages and modules of Node that scripts/doors.mjs allows, and nothing else. Sizes: `npm run size`. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DOORS, leaksOf } from '../../scripts/doors.mjs'
import { graphOf } from '../../scripts/graph.mjs'

test('every door that runs has a budget', () => {
  const { exports }: { exports: object } = JSON.parse(readFileSync('package.json', 'utf8'))
  const doors = Object.keys(exports)
    .filter((name) => !/\.(wasm|json)$/.test(name))
    .map((name) => name.replace('.', 'kavachos'))
  expect([...new Set(DOORS.map(({ door }) => door))].toSorted()).toEqual(doors.toSorted())
})

test.each(DOORS)('$door on $platform imports what it may', async (budget) => {
  const { door, platform } = budget
  const graph = await graphOf({ door, platform })
  expect({ leaks: leaksOf(budget, graph), eagerPeers: graph.eagerPeers }).toEqual({ leaks: [], eagerPeers: [] })
})

describe('a planted leak is caught', () => {
  const none = { packages: [], builtins: [] }

  test.each([
    ['a package', "import { z } from 'zod'\nexport const schema = z.string()", ['the package zod']],
    [
      'a package behind another',
      "export { serve } from '@hono/node-server'",
      ['the package @hono/node-server', 'the package hono', 'node:http', 'node:http2', 'node:stream'],
    ],
    ['a package that is imported later', "export const load = () => import('jose')", ['the package jose']],
    ['a package that is imported for nothing', "import 'hono'", ['the package hono']],
    ['an optional peer', "export const load = () => import('better-sqlite3')", ['the package better-sqlite3']],
    ['a module of Node', "export { readFileSync } from 'node:fs'", ['node:fs']],
    ['a module of Node without its prefix', "export { join } from 'path'", ['node:path']],
    [
      'a door that may use more',
      "export { parsePolicy } from 'kavachos/grammar'",
      expect.arrayContaining(['the package chevrotain']),
    ],
  ])('%s', async (_, text, leaks) => {
    const leaking = `export { loadEngine } from 'kavachos/engine'\n${text}`
    expect(leaksOf(none, await graphOf({ text: leaking, platform: 'node' }))).toEqual(leaks)
  })

  test('an optional peer that is imported at once', async () => {
    const text = "export { drizzle } from 'drizzle-orm/better-sqlite3'"
    expect((await graphOf({ text, platform: 'node' })).eagerPeers).toEqual(['better-sqlite3'])
  })

  test('an import that leads nowhere', async () => {
    await expect(graphOf({ text: "import 'no-such-package'", platform: 'node' })).rejects.toThrow('no-such-package')
  })
})
