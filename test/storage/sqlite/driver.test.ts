import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'rolldown'
import { expect, test } from 'vitest'
import { folder } from './files.ts'

const PROGRAM = `
  import { openStore } from './store.mjs'
  try {
    await openStore({ provider: 'sqlite', url: 'kavach.db' })
  } catch (error) {
    console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message, hasCause: error.cause instanceof Error }))
  }
  const memory = await openStore({ provider: 'memory' })
  console.log(memory.provider)
`

/** The store in a folder that has Drizzle, and of better-sqlite3 what `install` puts there. */
async function openWith(install: (modules: string) => void): Promise<unknown> {
  const path = folder()
  const modules = join(path, 'node_modules')
  mkdirSync(modules)
  symlinkSync(resolve('node_modules/drizzle-orm'), join(modules, 'drizzle-orm'))
  install(modules)
  await build({
    input: 'storage/index.ts',
    external: [/^drizzle-orm/, 'better-sqlite3'],
    platform: 'node',
    output: { file: join(path, 'store.mjs'), format: 'esm', codeSplitting: false },
    logLevel: 'silent',
  })
  writeFileSync(join(path, 'main.mjs'), PROGRAM)
  const { stdout } = spawnSync(process.execPath, ['main.mjs'], { cwd: path, encoding: 'utf8' })
  const [first = '', second] = stdout.split('\n')
  expect(second).toBe('memory')
  return JSON.parse(first)
}

test('a driver that is not installed is named, with the command that installs it', async () => {
  expect(await openWith(() => undefined)).toEqual({
    name: 'KavachError',
    code: 'KVCH_E_STORE_DRIVER',
    message: 'the driver of SQLite is not installed; run `npm install better-sqlite3`',
    hasCause: true,
  })
})

test('a driver that was not built for this machine is named, with the command that builds it', async () => {
  const withoutBinary = (modules: string) => {
    for (const part of ['package.json', 'lib']) {
      cpSync(resolve('node_modules/better-sqlite3', part), join(modules, 'better-sqlite3', part), { recursive: true })
    }
    for (const part of ['bindings', 'file-uri-to-path']) symlinkSync(resolve('node_modules', part), join(modules, part))
  }
  expect(await openWith(withoutBinary)).toEqual({
    name: 'KavachError',
    code: 'KVCH_E_STORE_DRIVER',
    message: 'the driver of SQLite does not load on this machine; run `npm rebuild better-sqlite3`',
    hasCause: true,
  })
})
