import { existsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SQLITE_SCHEMA_VERSION } from '../../storage/index.ts'
import { folderOf, kavach } from './command.ts'

const Database = createRequire(import.meta.url)('better-sqlite3')

function tablesOf(path: string): readonly string[] {
  const database = new Database(path)
  try {
    const rows = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
    return rows.map(({ name }: { readonly name: string }) => name)
  } finally {
    database.close()
  }
}

test('a database is made, and brought up to date where there is one', async () => {
  const folder = folderOf()
  expect(await kavach(folder, ['migrate', '--db', 'kavach.db'])).toEqual({
    code: 0,
    out: `\`kavach.db\` was made with version ${SQLITE_SCHEMA_VERSION} of the schema\n`,
    err: '',
  })
  expect(await kavach(folder, ['migrate', '--db', 'kavach.db'])).toEqual({
    code: 0,
    out: `\`kavach.db\` has version ${SQLITE_SCHEMA_VERSION} of the schema\n`,
    err: '',
  })
  expect(tablesOf(join(folder, 'kavach.db'))).toContain('kavach_agents')
})

test('the printed schema makes the same tables, and nothing is touched', async () => {
  const folder = folderOf()
  const { code, out, err } = await kavach(folder, ['migrate', '--print'])
  expect({ code, err, hasFile: existsSync(join(folder, 'kavach.db')) }).toEqual({ code: 0, err: '', hasFile: false })
  const printed = new Database(join(folder, 'printed.db'))
  printed.exec(out)
  printed.close()
  await kavach(folder, ['migrate', '--db', 'kavach.db'])
  expect(tablesOf(join(folder, 'printed.db'))).toEqual(tablesOf(join(folder, 'kavach.db')))
})

test.each([
  ['neither', []],
  ['both', ['--db', 'kavach.db', '--print']],
])('%s of --db and --print is wrong usage', async (_, args) => {
  expect(await kavach(folderOf(), ['migrate', ...args])).toEqual({
    code: 64,
    out: '',
    err: 'kavach: give a database with --db, or --print\n',
  })
})

test('a file that is no database is said to be none', async () => {
  const folder = folderOf()
  writeFileSync(join(folder, 'diary.txt'), 'dear diary, '.repeat(1000))
  expect(await kavach(folder, ['migrate', '--db', 'diary.txt'])).toEqual({
    code: 66,
    out: '',
    err: `kavach: the file is not a database (\`${join(folder, 'diary.txt')}\`)\n  = help: see docs/errors/KVCH_E_STORE_CORRUPT.md\n`,
  })
})
