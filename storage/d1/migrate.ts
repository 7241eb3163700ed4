/** Brings a D1 database to the schema of this version: the same that a SQLite file has. */
import type { Host } from '../../runtime/index.ts'
import { LAST, NOTHING, RECORD, stateOfVersion, type Version } from '../sqlite/migrate.ts'
import { MIGRATIONS } from '../sqlite/migrations.ts'
import type { D1Binding } from './binding.ts'
import { isTableMissing, toD1Error } from './faults.ts'

/**
 * What is missing is made in one transaction. Of several that begin at once, one makes it; the others fail at a table that is there, and
 * find that nothing is missing.
 *
 * @throws {KavachError} KVCH_E_STORE_*
 */
export async function migrateD1(binding: D1Binding, host: Pick<Host, 'now'>): Promise<void> {
  const version = await versionOf(binding)
  if (stateOfVersion(version) === 'current') return
  const missing = MIGRATIONS.slice(version.version).flatMap(({ tag, oldest, statements }, at) => [
    ...statements.map((text) => binding.prepare(text)),
    binding.prepare(RECORD).bind(version.version + at + 1, tag, oldest, host.now()),
  ])
  try {
    await binding.batch(missing)
  } catch (error) {
    if (stateOfVersion(await versionOf(binding)) === 'older') throw toD1Error(error)
  }
}

async function versionOf(binding: D1Binding): Promise<Version> {
  try {
    const { results } = await binding.prepare(LAST).all()
    // The columns are those that were asked for.
    return (results?.[0] as Version | undefined) ?? NOTHING
  } catch (error) {
    if (isTableMissing(error)) return NOTHING
    throw toD1Error(error)
  }
}
