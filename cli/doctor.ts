/** `kavach doctor`: what is wrong with the database of a host, or soon will be. */
import { statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { checkHead, createKeys } from '../runtime/index.ts'
import { inspectSqlite } from '../storage/index.ts'
import { type LogSite, withErrors, withLog } from './audit-source.ts'
import { CliError, EXIT_FINDINGS, EXIT_FINE, EXIT_NO_INPUT } from './exit.ts'
import { plural } from './findings.ts'
import type { Terminal } from './terminal.ts'

interface DoctorOptions {
  readonly db: string
  readonly project?: string
  readonly maxKeyAge: number
  readonly format: 'text' | 'json'
}

interface Diagnosis {
  readonly check: 'file' | 'journal' | 'schema' | 'disk' | 'log' | 'clock' | 'checkpoint' | 'keys' | 'secret'
  readonly project?: string
  readonly isFinding: boolean
  readonly message: string
}

const DAY_MS = 86_400_000
/** A host signs every minute; whoever has not for longer does not sign. */
const UNSIGNED_MS = 5 * 60_000
/** Two machines are never quite agreed. */
const SKEW_MS = 2000
const LITTLE_DISK_BYTES = 256 << 20

export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .description('look for what is wrong with the database of a host')
    .requiredOption('--db <file>', 'database of a host, which may run meanwhile')
    .option('--project <name>', 'only this project; default: all')
    .option('--max-key-age <days>', 'age from which a project key that does not expire is a finding', toDays, 365)
    .addOption(new Option('--format <format>', 'how the result is printed').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  kavach doctor --db kavach.db
  kavach doctor --db kavach.db --format json    one JSON object a line

It looks at the journal and the schema of the file, at the space on its disk, and for each project at the clock,
the end of the log, its last checkpoint, and the keys. The whole log is read by \`kavach audit verify\`. The exit
code is 1 when there is a finding.`,
    )
    .action(async (options: DoctorOptions) => {
      const found = await examine(terminal, options)
      const show = options.format === 'json' ? (one: Diagnosis) => JSON.stringify(one) : describe
      await terminal.print(found.map((one) => `${show(one)}\n`).join(''))
      const count = found.filter(({ isFinding }) => isFinding).length
      if (options.format === 'text')
        terminal.note(`${options.db}: ${count === 0 ? 'fine' : plural(count, 'finding')}\n`)
      terminal.recordExit(count === 0 ? EXIT_FINE : EXIT_FINDINGS)
    })
}

async function examine(terminal: Terminal, { db, project, maxKeyAge }: DoctorOptions): Promise<readonly Diagnosis[]> {
  const path = resolve(terminal.cwd, db)
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isFile() !== true) {
    throw new CliError(
      EXIT_NO_INPUT,
      `there is no database \`${db}\``,
      'check the path; a host makes the file when it starts',
    )
  }
  const state = await withErrors(() => inspectSqlite(path), db)
  const wal = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  const found: Diagnosis[] = [
    fine('file', `${megabytes(stat.size)}, and ${megabytes(wal)} that are not in it yet`),
    judged(
      'journal',
      state.journalMode === 'wal',
      `journal_mode is ${state.journalMode}`,
      'a host sets it to wal when it starts',
    ),
    schemaOf(state.schema),
    diskOf(path),
  ]
  // Without its tables there is nothing to ask; those of a later version are not ours to read.
  if (state.schema.version === 0 || state.schema.oldest > state.schema.known) return found
  const at = (name: string) => ({ db, project: name })
  const projects =
    project !== undefined ? [project] : await withLog(terminal, at('default'), (site) => site.store.projects())
  for (const name of projects) {
    found.push(...(await withLog(terminal, at(name), (site) => examineProject(site, terminal.parts.now(), maxKeyAge))))
  }
  return found
}

async function examineProject(site: LogSite, now: number, maxKeyAge: number): Promise<readonly Diagnosis[]> {
  const { project } = site
  const head = await checkHead(site)
  const keys = await createKeys(site, { admitFailure: () => true }).list()
  const secret = await site.read((reader) => reader.get('settings', { name: 'secret' }))
  const skew = (head.lastTime ?? now) - now
  const about = [
    judged(
      'log',
      head.fault === undefined,
      `${plural(head.size, 'row')}${head.fault === undefined ? '' : `; ${head.fault}`}`,
      'run `kavach audit verify`',
    ),
    judged(
      'clock',
      skew <= SKEW_MS,
      skew <= SKEW_MS ? 'not behind the log' : `${skew} ms behind the last row of the log`,
      'time is counted from that row on until the clock has caught up',
    ),
    checkpointOf(head, now),
    keysOf(keys, now, maxKeyAge),
    fine('secret', secret === undefined ? 'not in the database' : 'in the database; give `secret` in production'),
  ]
  return about.map((one) => ({ ...one, project }))
}

function schemaOf({ version, oldest, known }: { version: number; oldest: number; known: number }): Diagnosis {
  if (oldest > known)
    return finding('schema', `version ${version} needs a newer kavach than this one, which has ${known}`)
  const is = version === 0 ? 'there are no tables' : `version ${version} of ${Math.max(version, known)}`
  return judged('schema', version >= known, is, 'run `kavach migrate`')
}

function diskOf(path: string): Diagnosis {
  const { bavail, bsize } = statfsSync(dirname(path))
  const free = bavail * bsize
  return judged(
    'disk',
    free >= LITTLE_DISK_BYTES,
    `${megabytes(free)} are free`,
    'when it is full, everything is denied',
  )
}

function checkpointOf({ size, signed, unsignedSince }: Awaited<ReturnType<typeof checkHead>>, now: number): Diagnosis {
  if (size === 0) return fine('checkpoint', 'the log is empty')
  const unsigned = size - (signed?.size ?? 0)
  const last = signed === undefined ? 'nothing was signed' : `the last is ${age(now - signed.time)} old`
  const isLate = unsignedSince !== undefined && now - unsignedSince > UNSIGNED_MS
  const rest =
    unsigned === 0 ? 'and covers the whole log' : `${plural(unsigned, 'row')} since ${stamp(unsignedSince ?? now)}`
  return judged(
    'checkpoint',
    !isLate,
    `${last}, ${rest}`,
    'set `audit.checkpoints.key`, or run `kavach audit checkpoint --key`',
  )
}

function keysOf(
  keys: Awaited<ReturnType<ReturnType<typeof createKeys>['list']>>,
  now: number,
  maxKeyAge: number,
): Diagnosis {
  const live = keys.filter(
    ({ revokedAt, expiresAt }) => revokedAt === undefined && (expiresAt?.getTime() ?? now + 1) > now,
  )
  const old = live.filter((key) => key.expiresAt === undefined && now - key.createdAt.getTime() > maxKeyAge * DAY_MS)
  const [oldest] = live
  const ages =
    oldest === undefined
      ? 'no keys'
      : `${plural(live.length, 'key')}, the oldest ${age(now - oldest.createdAt.getTime())} old`
  const names = old.map(({ id, name }) => `${id} (${name})`).join(', ')
  return judged(
    'keys',
    old.length === 0,
    old.length === 0 ? ages : `${ages}; never expiring: ${names}`,
    'make new ones and revoke these',
  )
}

function fine(check: Diagnosis['check'], message: string): Diagnosis {
  return { check, isFinding: false, message }
}

function finding(check: Diagnosis['check'], message: string): Diagnosis {
  return { check, isFinding: true, message }
}

function judged(check: Diagnosis['check'], isFine: boolean, message: string, remedy: string): Diagnosis {
  return isFine ? fine(check, message) : finding(check, `${message}; ${remedy}`)
}

function describe({ check, project, isFinding, message }: Diagnosis): string {
  return `${isFinding ? 'finding' : 'fine   '} ${project === undefined ? '' : `${project} `}${check}: ${message}`
}

function megabytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`
}

function age(ms: number): string {
  if (ms < 60_000) return `${Math.max(0, Math.round(ms / 1000))} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`
  return ms < 2 * DAY_MS ? `${Math.floor(ms / 3_600_000)} h` : plural(Math.floor(ms / DAY_MS), 'day')
}

function stamp(ms: number): string {
  return new Date(ms).toISOString()
}

function toDays(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('It wants a whole number of days.')
  return Number(text)
}
