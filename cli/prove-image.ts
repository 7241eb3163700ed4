/** What can be proved of an image, from the policy text that it was compiled from. */
import { createHash } from 'node:crypto'
import { decompileImage, emitImage, type Proofs } from '../compiler/emit/index.ts'
import { analyzeFolder } from './checked.ts'
import { CliError, EXIT_FINDINGS, EXIT_FINE, EXIT_REFUSED, EXIT_UNKNOWN, worstExit } from './exit.ts'
import { countFindings, hasErrors, plural, printFindings } from './findings.ts'
import type { Compiled } from './module-file.ts'
import { loadPolicyFolder } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

/**
 * Proves every assertion and delegation of the policy at `path`.
 *
 * @throws {CliError} 2 when the image is not what the policy compiles to, 1 or 3 when something is refuted or unknown
 */
export async function provePolicy(terminal: Terminal, { image }: Compiled, path: string): Promise<Proofs> {
  const folder = loadPolicyFolder(terminal, path)
  const checked = await analyzeFolder(terminal, folder, { strict: false })
  const { model, analysis, diagnostics } = checked
  const unknown = analysis?.unknown ?? 0
  if (model === undefined || analysis === undefined || hasErrors(diagnostics) || unknown > 0) {
    const relevant = diagnostics.filter(({ severity, code }) => severity === 'error' || code === 'KV9001')
    await printFindings(terminal.toErrors(), folder, relevant, 'text')
    const code = worstExit(hasErrors(diagnostics) ? EXIT_FINDINGS : EXIT_FINE, unknown > 0 ? EXIT_UNKNOWN : EXIT_FINE)
    const found = unknown > 0 ? `${plural(unknown, 'statement')} that could not be proved` : countFindings(relevant)
    throw new CliError(code, `the policy in \`${path}\` has ${found}`, 'only what is proved can be signed as proved')
  }
  const { notBefore, notAfter } = decompileImage(image)
  const validity = { ...(notBefore !== undefined && { notBefore }), ...(notAfter !== undefined && { notAfter }) }
  if (!Buffer.from(emitImage({ ...model, ...validity })).equals(image)) {
    throw new CliError(
      EXIT_REFUSED,
      `this is not what the policy in \`${path}\` compiles to`,
      'compile it again, and sign that',
    )
  }
  return {
    image: createHash('sha256').update(image).digest('hex'),
    proved: analysis.assertions.map(({ text }) => text),
    delegationsProved: analysis.delegations.filter(({ proof }) => proof.kind === 'proved').length,
  }
}
