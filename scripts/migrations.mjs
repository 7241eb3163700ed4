// Writes a migration when the schema of storage/sqlite/schema.ts has changed, and all of them into migrations.ts, so that the
// package needs no files beside its code. node scripts/migrations.mjs NAME
//
// A migration that older versions cannot live with says so on a first line of its own, `-- oldest: N`, the oldest version that
// can; it is written by hand, before this is run again.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'rolldown'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'storage/sqlite/migrations')
const target = join(root, 'storage/sqlite/migrations.ts')

run(['drizzle-kit', 'generate', '--name', process.argv[2] ?? 'change'])
const { WITHOUT_ROWID, sqlNameOf } = await loadSchema()
const { entries } = JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8'))
let oldest = 1
const migrations = entries.map(({ tag }) => {
  const file = join(folder, `${tag}.sql`)
  const sql = WITHOUT_ROWID.reduce(withoutRowid, readFileSync(file, 'utf8'))
  writeFileSync(file, sql)
  oldest = Number(/^-- oldest: (\d+)$/m.exec(sql)?.[1] ?? oldest)
  const statements = sql.replace(/^-- oldest: .*$/m, '').split('--> statement-breakpoint')
  return { tag, oldest, statements: statements.map((statement) => statement.trim()) }
})
writeFileSync(
  target,
  `/** Written by scripts/migrations.mjs from the files of migrations/, which drizzle-kit generates. */

export interface Migration {
  readonly tag: string
  /** The oldest version that can work with the schema as this migration leaves it. */
  readonly oldest: number
  readonly statements: readonly string[]
}

export const MIGRATIONS: readonly Migration[] = ${JSON.stringify(migrations, null, 2)}
`,
)
run(['biome', 'check', '--write', 'storage/sqlite'])

/** drizzle-kit does not know these words. */
function withoutRowid(sql, table) {
  const create = new RegExp(`(CREATE TABLE \`${sqlNameOf(table)}\` \\([^;]*\\n\\));`)
  return sql.replace(create, '$1 WITHOUT ROWID;')
}

/** The schema is TypeScript, and this runs on Node as it is. */
async function loadSchema() {
  const file = join(root, 'node_modules/.cache/kavach-schema.mjs')
  await build({
    input: join(root, 'storage/sqlite/schema.ts'),
    external: /^drizzle-orm/,
    platform: 'node',
    output: { file, format: 'esm' },
    logLevel: 'warn',
  })
  try {
    return await import(pathToFileURL(file).href)
  } finally {
    rmSync(file)
  }
}

function run(command) {
  const { status, error } = spawnSync('npx', command, { cwd: root, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}
