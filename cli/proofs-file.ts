/** `NAME.proofs.json`: what was proved of one image, on its way into the signature. */
import { resolve } from 'node:path'
import type { Proofs } from '../compiler/emit/index.ts'
import { CliError, EXIT_FINDINGS } from './exit.ts'
import { loadText } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

/** The text of the file. */
export function formatProofs({ image, proved, delegationsProved }: Proofs): string {
  const file = { format: FORMAT, version: VERSION, image, proved, delegationsProved }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/** @throws {CliError} 66 when it is missing, 1 when it is none */
export function loadProofs(terminal: Terminal, named: string): Proofs {
  const value = parse(loadText(resolve(terminal.cwd, named), named))
  if (value !== undefined) return value
  throw new CliError(EXIT_FINDINGS, `\`${named}\` holds no proofs of a policy`, 'docs/signing.md shows what it holds')
}

const FORMAT = 'kavach-proofs'
const VERSION = 1

function parse(text: string): Proofs | undefined {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null) return undefined
  const { format, version, image, proved, delegationsProved } = value as { readonly [member: string]: unknown } // Any object.
  if (format !== FORMAT || version !== VERSION) return undefined
  if (typeof image !== 'string' || !/^[0-9a-f]{64}$/.test(image)) return undefined
  if (!Array.isArray(proved) || !proved.every(isSoundText)) return undefined
  if (!Number.isSafeInteger(delegationsProved) || Number(delegationsProved) < 0) return undefined
  return { image, proved, delegationsProved: Number(delegationsProved) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Half a surrogate pair has no UTF-8, and so no digest. */
function isSoundText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !/\p{Cs}/u.test(value)
}
