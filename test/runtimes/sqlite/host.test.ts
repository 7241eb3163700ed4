/** A host over a SQLite file, on every runtime: from its first start to its second. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { ask, folder, OTHERS, RUNTIMES, type Runtime, run } from './runtimes.ts'

const fresh = () => join(folder(), 'kavach.db')

describe.each(RUNTIMES)('on $name', (runtime) => {
  test('the driver is the one that loads', async () => {
    expect(await ask(runtime, 'driver', fresh())).toBe(runtime.driver)
  })

  test('a host creates, decides, counts, records and goes on after a restart', async () => {
    const name = 'Test\0er'
    expect(await ask(runtime, 'host', fresh())).toEqual({
      answers: [
        'allowed',
        'allowed',
        'budget-exhausted',
        'approval-required',
        'throttled',
        'budget-exhausted',
        REVOKED,
      ],
      users: ['user-1', 'user-2', 'user-4'].map((id) => ({ id, name })),
      values: ['user-1', 'user-2', 'user-4'].map((id) => [id, name]),
      first: { id: 'user-1', name },
      thrown: 'RangeError',
      added: 1,
      verified: true,
      size: expect.any(Number),
      approvals: ['pending'],
    })
  })

  test('a host that nobody closes lets the process end', async () => {
    expect(await ask(runtime, 'idle', fresh())).toBe(true)
  })
})

const REVOKED = 'KVCH_E_AGENT_TOKEN_INVALID'

const WITHOUT = `
  import { openStore } from './store.mjs'
  async function codeOf(work) {
    try {
      return (await work).provider
    } catch (error) {
      return [error.code, error.message, error.cause instanceof Error]
    }
  }
  const open = (driver) => codeOf(openStore({ provider: 'sqlite', url: ':memory:', driver }))
  process.stdout.write(JSON.stringify([await open(), await open('node:sqlite'), await open('better-sqlite3')]))
`

/** Runs a program in a folder in which Drizzle is installed, and no driver. */
async function openWithout(runtime: Runtime): Promise<unknown> {
  const path = folder()
  mkdirSync(join(path, 'node_modules'))
  symlinkSync(resolve('node_modules/drizzle-orm'), join(path, 'node_modules/drizzle-orm'))
  writeFileSync(join(path, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(path, 'main.mjs'), WITHOUT)
  await build({
    entryPoints: ['storage/index.ts'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outfile: join(path, 'store.mjs'),
  })
  const { out, errors } = await run(runtime, [join(path, 'main.mjs')])
  expect(errors).toBe('')
  return JSON.parse(out)
}

const INSTALL = {
  Node: 'the driver of SQLite is not installed; run `npm install better-sqlite3`',
  Bun: 'better-sqlite3 does not load in Bun; leave `driver` out for `node:sqlite`',
  Deno: 'better-sqlite3 does not load in Deno; leave `driver` out for `node:sqlite`',
}

describe('without better-sqlite3', () => {
  test.each(OTHERS)('$name opens a database all the same, unless it is asked for', async (runtime) => {
    const message = INSTALL[runtime.name.split(' ')[0] as keyof typeof INSTALL] // Names begin so.
    expect(await openWithout(runtime)).toEqual(['sqlite', 'sqlite', ['KVCH_E_STORE_DRIVER', message, true]])
  })

  test('Node 20 says what to install', async () => {
    const [node] = RUNTIMES as [Runtime, ...Runtime[]] // The first is Node 20.
    expect(await openWithout(node)).toEqual([
      ['KVCH_E_STORE_DRIVER', INSTALL.Node, true],
      [
        'KVCH_E_STORE_DRIVER',
        'there is no `node:sqlite` here, for which Node has to be 22.16 or newer; leave `driver` out, and run `npm install better-sqlite3`',
        false,
      ],
      ['KVCH_E_STORE_DRIVER', INSTALL.Node, true],
    ])
  })
})
