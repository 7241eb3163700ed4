/** Programs for Node that installed the package: modules and scripts, with and without optional peers. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ASK, addPackages, DECIDED, doors, newShop, run, succeed, write } from './project.ts'

const NODES = ['NODE_20', 'NODE_22', 'NODE_24'].map((name) => [name, process.env[name] ?? name] as const)
const project = newShop()

describe.each(NODES)('%s', (_, node) => {
  test('opens every door by `import` and by `require`, and gives the same', () => {
    const names = JSON.stringify(doors())
    write(project, {
      'doors.mjs': `const names = ${names}
const opened = await Promise.all(names.map(async (name) => [name, Object.keys(await import(name))]))
console.log(JSON.stringify(Object.fromEntries(opened)))
`,
      'doors.cjs': `const names = ${names}
console.log(JSON.stringify(Object.fromEntries(names.map((name) => [name, Object.keys(require(name))]))))
`,
    })
    const imported: Readonly<Record<string, readonly string[]>> = JSON.parse(
      succeed(node, ['doors.mjs'], project).stdout,
    )
    expect(Object.keys(imported)).toEqual(doors())
    expect(Object.values(imported).filter((given) => given.length === 0)).toEqual([])
    expect(JSON.parse(succeed(node, ['--no-warnings', 'doors.cjs'], project).stdout)).toEqual(imported)
  })

  test('decides by modules and images', () => {
    write(project, {
      'decide.mjs': `import { readFileSync } from 'node:fs'
import { loadEngine } from 'kavachos/engine'
for (const file of ['shop.wasm', 'shop.img']) {
  const engine = loadEngine(readFileSync(file))
  console.log(JSON.stringify(${ASK}))
}
`,
      'decide.cjs': `const { readFileSync } = require('node:fs')
const { loadEngine } = require('kavachos/engine')
const engine = loadEngine(readFileSync('shop.wasm'))
console.log(JSON.stringify(${ASK}))
`,
    })
    const line = `${JSON.stringify(DECIDED)}\n`
    expect(succeed(node, ['decide.mjs'], project).stdout).toBe(line + line)
    expect(succeed(node, ['--no-warnings', 'decide.cjs'], project).stdout).toBe(line)
  })
})

/** Opens a host over `database`, under the policy of the shop, and lets its clerk ask. */
const host = (database: string): string => `import { createKavach } from 'kavachos'
try {
  const kavach = await createKavach({ database: ${database}, policy: 'shop.img', warn() {} })
  const ask = (action) => kavach.authorize('clerk', { action, resource: 'mcp:docs:handbook' })
  const answers = [await ask('read'), await ask('delete')]
  console.log(answers.map(({ allowed, reason }) => allowed + ' ' + reason).join(', '))
  await kavach.close()
} catch (error) {
  console.log(error.code + ': ' + error.message)
}
`
const HOSTS = {
  'memory.mjs': host("{ provider: 'memory' }"),
  'file.mjs': host("{ provider: 'sqlite', url: 'kavach.db' }"),
}

describe('without optional peers', () => {
  test('the memory serves, and who asks for a file is told what to install', () => {
    write(project, HOSTS)
    expect(existsSync(join(project, 'node_modules/better-sqlite3'))).toBe(false)
    expect(succeed(process.execPath, ['memory.mjs'], project).stdout).toBe('true allowed, false forbidden\n')
    // Later ones have a driver of their own.
    expect(succeed(process.env.NODE_20 ?? 'NODE_20', ['file.mjs'], project).stdout).toMatch(
      /^KVCH_E_STORE_DRIVER: .*`npm install better-sqlite3`/,
    )
  })

  test('doors of adapters open', () => {
    write(project, {
      'adapters.mjs': `const names = ['express', 'fastify', 'hono', 'next', 'node']
for (const name of names) console.log(name, Object.keys(await import('kavachos/' + name)).join())
`,
    })
    // The SDK of MCP brings one of them.
    succeed('rm', ['-rf', 'node_modules/express', 'node_modules/fastify'], project)
    expect(succeed(process.execPath, ['adapters.mjs'], project).stdout).toBe(
      [
        'express kavachRoutes,requirePermission',
        'fastify kavachRoutes,requirePermission',
        'hono kavachRoutes,requirePermission',
        'next toRouteHandlers,withPermission',
        'node createPinnedFetch,serveNode,toNodeListener',
        '',
      ].join('\n'),
    )
  })
})

test('with the driver of SQLite a file is a database', () => {
  write(project, HOSTS)
  addPackages(project, ['better-sqlite3'])
  expect(succeed(process.execPath, ['file.mjs'], project).stdout).toBe('true allowed, false forbidden\n')
  expect(existsSync(join(project, 'kavach.db'))).toBe(true)
})

test('nothing but doors can be imported', () => {
  write(project, { 'deep.mjs': "import 'kavachos/dist/runtime/index.js'\n" })
  const { status, stderr } = run(process.execPath, ['deep.mjs'], project)
  expect([status, stderr.includes('ERR_PACKAGE_PATH_NOT_EXPORTED')]).toEqual([1, true])
})
