/** Checkpoints in a file, and the key that signs them while somebody tries things out. */
import { generateKeyPairSync } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { type CheckpointSink, KavachError } from '../runtime/index.ts'

/** Nobody else may read or write it. */
const OWNER_ONLY = 0o600

/**
 * Appends each checkpoint to a file, which is on the disk when the promise resolves. It is worth something where the account of
 * the database may not write: on another disk or mount, or in a folder that only grows.
 */
export function createFileSink(path: string): CheckpointSink {
  return {
    name: path,
    async write({ note }) {
      const file = openSync(path, 'a', OWNER_ONLY)
      try {
        writeFileSync(file, `${note}\n`)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
    },
  }
}

/**
 * The private key in a file, in PEM; it is made when there is none. For development: a key beside the database is no secret
 * from whoever can write the database.
 *
 * @throws {KavachError} KVCH_E_CONFIG_INVALID when it can be neither read nor made
 */
export function developmentKey(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw unusable(path, error)
  }
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  try {
    const file = openSync(path, 'wx', OWNER_ONLY)
    try {
      writeFileSync(file, pem)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    return pem
  } catch (error) {
    // Another process was faster.
    if (codeOf(error) === 'EEXIST') return readFileSync(path, 'utf8')
    throw unusable(path, error)
  }
}

function unusable(path: string, cause: unknown): KavachError {
  return new KavachError('KVCH_E_CONFIG_INVALID', `the key in \`${path}\` cannot be used: ${codeOf(cause)}`, { cause })
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
