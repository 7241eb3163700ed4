/** `kavach compile`: a policy as one WebAssembly module, with its image, types and source map. */
import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { Command } from 'commander'
import { emitImage } from '../compiler/emit/index.ts'
import type { DiagnosticFormat } from '../grammar/index.ts'
import { analyzeFolder } from './checked.ts'
import { compiledFiles } from './compiled-files.ts'
import { CliError, EXIT_FINDINGS, EXIT_FINE, EXIT_REFUSED, EXIT_UNKNOWN, worstExit } from './exit.ts'
import { loadBytes, writeFilesAtomically } from './files.ts'
import { countFindings, formatOption, printFindings } from './findings.ts'
import { toInstant } from './instant.ts'
import { identityOf, toCompiled } from './module-file.ts'
import { loadPolicyFolder } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

interface CompileOptions {
  readonly out: string
  readonly allowUnproved?: true
  readonly notBefore?: number
  readonly notAfter?: number
  readonly format: DiagnosticFormat
}

export function compileCommand(terminal: Terminal): Command {
  return new Command('compile')
    .description('write NAME.wasm, NAME.img, NAME.d.ts and NAME.map.json; nothing when the policy has errors')
    .argument('<path>', 'folder of .kavach files, or one file')
    .option('-o, --out <folder>', 'where to write', '.')
    .option('--require-proofs', 'refuse what could be neither proved nor refuted (the default)')
    .option('--allow-unproved', 'compile even then; what is refuted is refused all the same')
    .option('--not-before <time>', 'the image denies everything before this time, RFC 3339 with Z', toInstant)
    .option('--not-after <time>', 'the image denies everything from this time on, RFC 3339 with Z', toInstant)
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Examples:
  kavach compile policy -o build
  kavach compile policy -o build --not-after 2026-12-31T00:00:00Z

The same policy gives the same bytes on every machine. A generation older than that of NAME.img in the
output folder is refused with exit code 2: hosts would refuse it too.

Every assertion and delegation is proved first. Nothing is written when one does not hold (exit code 1), or
could be neither proved nor refuted (exit code 3).`,
    )
    .action(async (path: string, options: CompileOptions) => {
      terminal.recordExit(await compile(terminal, path, options))
    })
}

async function compile(terminal: Terminal, path: string, options: CompileOptions): Promise<number> {
  const { notBefore, notAfter } = options
  if (notBefore !== undefined && notAfter !== undefined && notBefore >= notAfter) {
    throw new CliError(64, '--not-after is not later than --not-before', 'swap them, or leave one out')
  }
  const folder = loadPolicyFolder(terminal, path)
  const checked = await analyzeFolder(terminal, folder, { strict: false })
  const { diagnostics } = checked
  const code = await printFindings(
    options.format === 'text' ? terminal.toErrors() : terminal,
    folder,
    diagnostics,
    options.format,
  )
  const isUnknown = (checked.analysis?.unknown ?? 0) > 0 && options.allowUnproved !== true
  const refusal = worstExit(code, isUnknown ? EXIT_UNKNOWN : EXIT_FINE)
  if (refusal !== EXIT_FINE || checked.model === undefined) {
    if (options.format === 'text') terminal.note(`${path}: nothing written, ${countFindings(diagnostics)}\n`)
    return worstExit(refusal, checked.model === undefined ? EXIT_FINDINGS : EXIT_FINE)
  }

  const model = {
    ...checked.model,
    ...(notBefore !== undefined && { notBefore }),
    ...(notAfter !== undefined && { notAfter }),
  }
  terminal.progress(() => `compiling ${model.name}`)
  const image = emitImage(model)
  const base = join(resolve(terminal.cwd, options.out), model.name)
  refuseRollback(terminal, base, image)
  const files = await compiledFiles({ ...checked, model, image, base })
  writeFilesAtomically(terminal.cwd, files)
  if (options.format === 'text') {
    const { generation, digest } = identityOf(image)
    await terminal.print(`${model.name} generation ${generation}, digest ${digest}\n`)
    for (const { path: file, data } of files) {
      const bytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length
      await terminal.print(`  ${relative(terminal.cwd, file)}  ${bytes} bytes\n`)
    }
  }
  return code
}

/** A host refuses an older generation, and the same one with other bytes; so it is said here, where it can be mended. */
function refuseRollback(terminal: Terminal, base: string, image: Uint8Array): void {
  const next = identityOf(image)
  for (const path of [`${base}.img`, `${base}.wasm`]) {
    const shown = relative(terminal.cwd, path)
    const before = existsSync(path) ? imageOf(loadBytes(path, shown), shown) : undefined
    if (before === undefined) continue
    const old = identityOf(before)
    if (next.generation < old.generation) {
      throw new CliError(
        EXIT_REFUSED,
        `\`${shown}\` has generation ${old.generation}, this policy has ${next.generation}`,
        `write \`generation ${old.generation + 1n}\` after the policy's name, or compile into another folder`,
      )
    }
    if (next.generation === old.generation && next.digest !== old.digest) {
      terminal.note(
        `kavach: the policy changed and its generation did not: a host that runs generation ${old.generation} refuses this image\n` +
          `  = help: write \`generation ${old.generation + 1n}\` after the policy's name before you deploy it\n`,
      )
      return
    }
  }
}

/** What lies there already, unless it is no policy of ours: then it is simply replaced. */
function imageOf(bytes: Uint8Array, shown: string): Uint8Array | undefined {
  try {
    return toCompiled(bytes, shown).image
  } catch (error) {
    if (error instanceof CliError) return undefined
    throw error
  }
}
