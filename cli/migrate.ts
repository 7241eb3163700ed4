/** `kavach migrate`: the tables of a host, made or brought up to date before it starts. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { CliError, EXIT_FINE, EXIT_NO_INPUT, EXIT_USAGE } from './exit.ts'
import type { Terminal } from './terminal.ts'

interface MigrateOptions {
  readonly db?: string
  readonly print?: true
}

export function migrateCommand(terminal: Terminal): Command {
  return new Command('migrate')
    .description('make the tables of a host, or bring them up to date')
    .option('--db <file>', 'database of a host; it is made when there is none')
    .option('--print', 'print the schema as SQL, and touch nothing')
    .addHelpText(
      'after',
      `
Examples:
  kavach migrate --db kavach.db
  kavach migrate --print > kavach-schema.sql

A host does the same when it starts, unless it was told \`skipMigrations: true\`. Several may do it at once.`,
    )
    .action(async (options: MigrateOptions) => {
      terminal.recordExit(await migrate(terminal, options))
    })
}

async function migrate(terminal: Terminal, { db, print }: MigrateOptions): Promise<number> {
  if ((db === undefined) === (print === undefined)) {
    throw new CliError(EXIT_USAGE, 'give a database with --db, or --print')
  }
  // The other commands need neither, and they are large.
  const { KavachError } = await import('../runtime/index.ts')
  const { SQLITE_SCHEMA_VERSION, openSqliteStore, sqliteSchemaText } = await import('../storage/index.ts')
  if (db === undefined) {
    await terminal.print(sqliteSchemaText())
    return EXIT_FINE
  }
  const url = resolve(terminal.cwd, db)
  const isNew = statSync(url, { throwIfNoEntry: false }) === undefined
  try {
    const store = await openSqliteStore({ url })
    try {
      await store.migrate()
    } finally {
      await store.close()
    }
  } catch (error) {
    if (!(error instanceof KavachError)) throw error
    throw new CliError(EXIT_NO_INPUT, error.message, `see docs/errors/${error.code}.md`)
  }
  await terminal.print(`\`${db}\` ${isNew ? 'was made with' : 'has'} version ${SQLITE_SCHEMA_VERSION} of the schema\n`)
  return EXIT_FINE
}
