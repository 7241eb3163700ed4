/** `kavach audit verify`: whether a log is the one that was written. */
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import {
  type AuditProof,
  faultOfProof,
  keysOf,
  parseProof,
  splitNotes,
  type VerifyReport,
  verifyBundle,
  verifyStore,
} from '../runtime/index.ts'
import { collect, linesOf, loadKeys, PROJECT, sha256, withErrors, withLog } from './audit-source.ts'
import { CliError, EXIT_FINDINGS, EXIT_FINE, EXIT_NO_INPUT, EXIT_USAGE } from './exit.ts'
import { loadText } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

interface VerifyCliOptions {
  readonly db?: string
  readonly project: string
  readonly key?: readonly string[]
  readonly checkpoint?: readonly string[]
  readonly format: 'text' | 'json'
}

export function auditVerifyCommand(terminal: Terminal): Command {
  return new Command('verify')
    .description('verify a log against its hashes and against signed checkpoints')
    .argument('[export]', 'what `kavach audit export --proofs` or `kavach audit prove` wrote')
    .option('--db <file>', 'database of a host, in place of an export')
    .option(...PROJECT)
    .option('-k, --key <key>', 'public key of the checkpoints, or a file with it; may be repeated', collect)
    .option('-c, --checkpoint <file>', 'checkpoints that were kept elsewhere; may be repeated', collect)
    .addOption(new Option('--format <format>', 'how the result is printed').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  kavach audit verify audit.jsonl --key log.key.pub --checkpoint checkpoints.txt
  kavach audit verify --db kavach.db --key log.key.pub
  kavach audit verify proof.json --key log.key.pub

The exit code is 0 for the log that was written, and 1 when something was changed.`,
    )
    .action(async (file: string | undefined, options: VerifyCliOptions) => {
      terminal.recordExit(await verify(terminal, file, options))
    })
}

async function verify(terminal: Terminal, file: string | undefined, options: VerifyCliOptions): Promise<number> {
  const { db, project } = options
  if ((file === undefined) === (db === undefined)) {
    throw new CliError(EXIT_USAGE, 'give an export, or a database with --db')
  }
  const keys = loadKeys(terminal, options.key ?? [])
  const checkpoints = (options.checkpoint ?? []).flatMap((named) => loadNotes(terminal, named))
  if (db !== undefined) {
    const report = await withLog(terminal, { db, project }, (site) => verifyStore(site, { keys, checkpoints }))
    return print(terminal, db, report, options.format)
  }
  const named = file ?? ''
  const proof = await readProof(terminal, named)
  if (proof !== undefined) return verifyProof(terminal, named, proof, keys)
  const report = await withErrors(
    () => verifyBundle(linesOf(terminal, named), { keys, checkpoints }, { sha256 }),
    named,
  )
  return print(terminal, named, report, options.format)
}

/** Nothing for what begins like an export. */
async function readProof(terminal: Terminal, named: string): Promise<AuditProof | undefined> {
  for await (const first of linesOf(terminal, named)()) {
    if (!/^\s*\{\s*("auditId"|$)/.test(first)) return undefined
    return parseProof(loadText(resolve(terminal.cwd, named), named))
  }
  return undefined
}

async function verifyProof(
  terminal: Terminal,
  named: string,
  proof: AuditProof,
  texts: readonly string[],
): Promise<number> {
  const { auditId, checkpoint, size } = proof
  const keys = await withErrors(
    async () => keysOf(texts, checkpoint === undefined ? [] : [checkpoint], { sha256 }),
    named,
  )
  const fault = await faultOfProof(proof, keys, sha256)
  const tree = checkpoint === undefined ? `a log of ${size} rows that nobody signed` : `the signed log of ${size} rows`
  await terminal.print(fault === '' ? `${named}: ${auditId} is in ${tree}\n` : `${named}: no proof: ${fault}\n`)
  if (fault === '' && texts.length === 0) terminal.note(NO_KEY)
  return fault === '' ? EXIT_FINE : EXIT_FINDINGS
}

function loadNotes(terminal: Terminal, named: string): readonly string[] {
  const notes = splitNotes(loadText(resolve(terminal.cwd, named), named))
  if (notes.length === 0) throw new CliError(EXIT_NO_INPUT, `\`${named}\` holds no checkpoint`)
  return notes
}

const NO_KEY = 'kavach: without --key nobody knows who signed the checkpoints\n'
const NO_CHECKPOINT = 'kavach: there is no checkpoint, so a log that was written anew as a whole would look the same\n'

async function print(
  terminal: Terminal,
  named: string,
  report: VerifyReport,
  format: 'text' | 'json',
): Promise<number> {
  await terminal.print(format === 'json' ? `${JSON.stringify({ log: named, ...report })}\n` : textOf(named, report))
  if (report.checkpoints === 0 && report.isIntact) terminal.note(NO_CHECKPOINT)
  else if (!report.areSignaturesChecked && report.checkpoints > 0) terminal.note(NO_KEY)
  return report.isIntact ? EXIT_FINE : EXIT_FINDINGS
}

function textOf(named: string, report: VerifyReport): string {
  const { isIntact, size, root, pruned, erased, checkpoints, signedRows, findings, findingCount } = report
  const rest = findingCount - findings.length
  const lines = [
    isIntact ? `${named}: intact` : `${named}: changed, ${count(findingCount, 'finding')}`,
    `  ${count(size, 'row')}, root ${root}`,
    `  ${checkpoints === 1 ? '1 checkpoint holds' : `${checkpoints} checkpoints hold`}${checkpoints > 0 ? `, the last of ${count(signedRows, 'row')}` : ''}`,
    ...(pruned + erased > 0 ? [`  ${pruned} pruned, personal values of ${erased} erased`] : []),
    ...findings.map(({ code, message }) => `  ${code}: ${message}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ]
  return `${lines.join('\n')}\n`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
