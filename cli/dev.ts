/** `kavach dev`: a policy compiled whenever it is saved, and a command started anew with it. */
import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { Command } from 'commander'
import { compiledFiles } from './compiled-files.ts'
import { createCommand, type Command as Started } from './dev/child.ts'
import { followPolicy, type Outcome } from './dev/follow.ts'
import { type Predecessor, raisedImage } from './dev/raise.ts'
import { CliError, EXIT_INTERRUPTED, EXIT_NO_INPUT } from './exit.ts'
import { loadBytes, writeFilesAtomically } from './files.ts'
import { countFindings, printFindings } from './findings.ts'
import { identityOf, toCompiled } from './module-file.ts'
import { shownPath } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

/** How long a command may take to end. */
const PATIENCE_MS = 5000

export function devCommand(terminal: Terminal): Command {
  return new Command('dev')
    .description('check, prove and compile a policy whenever it is saved, and start a command anew with it')
    .argument('<path>', 'folder of .kavach files, or one file')
    .argument('[command...]', 'after --: what is started with KAVACH_POLICY=<image>')
    .option('-o, --out <folder>', 'where to write', 'build')
    .addHelpText(
      'after',
      `
Examples:
  kavach dev policy
  kavach dev policy -o build -- node --env-file=.env server.js

A policy with errors, or one that claims what does not hold or could not be proved, is not written, and the
command goes on with the one before. The command is asked to end with SIGTERM, and made to after 5 seconds.
When it ends by itself, so does the watch, with its exit code; Ctrl-C ends both.

Each edit has a generation above that of the image in the output folder, so a host takes it. Production
wants what \`kavach compile\` writes, and a database of its own.`,
    )
    .action(async (path: string, command: readonly string[], { out }: { readonly out: string }) => {
      terminal.recordExit(await dev(terminal, { path, command, out: resolve(terminal.cwd, out) }))
    })
}

interface DevOptions {
  readonly path: string
  readonly command: readonly string[]
  /** Absolute. */
  readonly out: string
}

async function dev(terminal: Terminal, { path, command, out }: DevOptions): Promise<number> {
  const [file, ...args] = command
  const started =
    file === undefined ? undefined : createCommand({ file, args, cwd: terminal.cwd, patienceMs: PATIENCE_MS })
  const ending = new AbortController()
  const signal = AbortSignal.any([ending.signal, terminal.parts.interrupt])
  terminal.parts.takeInterrupts()
  // Whoever started us may ask us to end; the command must not be left behind.
  process.once('SIGTERM', () => ending.abort())
  let code: number = EXIT_INTERRUPTED
  void started?.ended.then((own) => {
    code = own
    ending.abort()
  })
  let isFirst = true
  async function handle(outcome: Outcome): Promise<void> {
    // A name that was mistyped is no policy to wait for.
    if (isFirst && outcome.kind === 'unreadable' && outcome.error.code === EXIT_NO_INPUT) throw outcome.error
    isFirst = false
    await take(terminal, { outcome, path, out, started })
  }
  try {
    await followPolicy(terminal, path, { signal, handle }).ended
  } finally {
    await started?.stop()
  }
  return code
}

interface Taken {
  readonly outcome: Outcome
  readonly path: string
  readonly out: string
  readonly started: Started | undefined
}

async function take(terminal: Terminal, { outcome, path, out, started }: Taken): Promise<void> {
  if (outcome.kind === 'unreadable') {
    const { message, help } = outcome.error
    terminal.note(`kavach: ${message}\n${help === undefined ? '' : `  = help: ${help}\n`}`)
    return
  }
  const { folder, checked } = outcome
  await printFindings(terminal.toErrors(), folder, checked.diagnostics, 'text')
  if (outcome.kind === 'refused') {
    terminal.note(`${path}: nothing written, ${countFindings(checked.diagnostics)}\n`)
    return
  }
  const { model } = outcome
  const base = join(out, model.name)
  const raised = raisedImage(model, predecessorOf(`${base}.img`, terminal))
  const image = raised ?? loadBytes(`${base}.img`)
  const { generation, digest } = identityOf(image)
  if (raised !== undefined) {
    const written = { ...model, generation: Number(generation) }
    writeFilesAtomically(terminal.cwd, await compiledFiles({ ...checked, model: written, image, base }))
  }
  const place = shownPath(terminal, out, `${model.name}.img`)
  terminal.note(`${model.name} generation ${generation}, digest ${digest}, in ${place}\n`)
  await started?.restart({ KAVACH_POLICY: `${base}.img` })
}

/** What was written before, unless it is no image. */
function predecessorOf(path: string, terminal: Terminal): Predecessor | undefined {
  if (!existsSync(path)) return undefined
  const shown = relative(terminal.cwd, path)
  try {
    const { generation, digest } = identityOf(toCompiled(loadBytes(path, shown), shown).image)
    return { generation: Number(generation), digest }
  } catch (error) {
    if (error instanceof CliError) return undefined
    throw error
  }
}
