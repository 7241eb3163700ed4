/** Keys on disk and on standard input: the private one that signs, the public ones that are trusted. */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { readKey } from '../engine-wasm/host/index.ts'
import { CliError, EXIT_USAGE } from './exit.ts'
import { loadBytes } from './files.ts'
import { loadText } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

export interface Signer {
  readonly keyId: string
  /** Ed25519, hex. */
  sign(bytes: Uint8Array): string
}

/**
 * The private key in a PEM file, or on standard input (`-`).
 *
 * @throws {CliError} 66 when it is missing, 64 when it is no Ed25519 private key
 */
export async function loadSigner(terminal: Terminal, named: string): Promise<Signer> {
  const isInput = named === '-'
  const path = resolve(terminal.cwd, named)
  const pem = isInput ? await readAll(terminal.parts.stdin) : Buffer.from(loadBytes(path, named))
  if (!isInput) warnOfReaders(terminal, path, named)
  const shown = isInput ? 'standard input' : `\`${named}\``
  const key = privateKeyOf(pem, shown)
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new CliError(
      EXIT_USAGE,
      `${shown} is a key for ${key.asymmetricKeyType}, and signatures are Ed25519`,
      MAKE_ONE,
    )
  }
  const { keyId } = await readKey(createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString())
  return { keyId, sign: (bytes) => sign(null, bytes, key).toString('hex') }
}

/** The text of a file that holds a public key. @throws {CliError} 66 when it is missing */
export function loadPublicKey(terminal: Terminal, named: string): string {
  return loadText(resolve(terminal.cwd, named), named)
}

const MAKE_ONE = '`kavach policy keygen -o FILE` makes a key'

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function privateKeyOf(pem: Buffer, shown: string): KeyObject {
  const text = pem.toString('latin1')
  if (text.includes('BEGIN PUBLIC KEY')) {
    throw new CliError(EXIT_USAGE, `${shown} is a public key, which cannot sign`, 'name the private key beside it')
  }
  if (text.includes('ENCRYPTED')) {
    throw new CliError(
      EXIT_USAGE,
      `the key in ${shown} is encrypted`,
      'decrypt it on the way: `openssl pkey -in FILE | kavach policy sign ... --key -`',
    )
  }
  try {
    return createPrivateKey(pem)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new CliError(EXIT_USAGE, `${shown} holds no private key in PEM`, MAKE_ONE)
  }
}

/** Windows has no such bits. */
function warnOfReaders(terminal: Terminal, path: string, named: string): void {
  if (process.platform === 'win32' || (statSync(path).mode & 0o077) === 0) return
  terminal.note(`kavach: others may read the key \`${named}\`\n  = help: \`chmod 600 ${named}\`\n`)
}
