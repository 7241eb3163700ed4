/** `createKavach` where there are files: on Node, Bun and Deno. */
import { createDigest } from './engine-wasm/host/index.ts'
import { type CreateKavach, createKavachOn, type KavachOptions } from './open-kavach.ts'
import { type AuditOptions, type Hashing, hashingOf, takeBytes } from './runtime/index.ts'
import type { PinnedFetch } from './runtime/mcp/index.ts'
import { type DatabaseOption, developmentKey, openStore, pathOfUrl } from './storage/index.ts'

export type { KavachOptions, OpenedKavach } from './open-kavach.ts'

/**
 * Opens a host. It can be used at once, and be awaited: what cannot be opened rejects it, and every method.
 *
 * @throws {KavachError} when it is awaited: KVCH_E_CONFIG_INVALID, KVCH_E_STORE_..., KVCH_E_POLICY_...
 */
export const createKavach: CreateKavach = createKavachOn({
  openStore,
  createHashing,
  isProduction,
  readFile,
  createFetch,
  withDevelopmentKey,
})

/** Where there is Node, or something like it, names can be resolved before anything is connected to. */
async function createFetch(): Promise<PinnedFetch | undefined> {
  if (globalThis.process?.versions?.node === undefined) return undefined
  const { createPinnedFetch } = await import('./runtime/adapters/node/index.ts')
  return createPinnedFetch()
}

/** A log that nobody signs cannot be told from one that was written anew, so while somebody tries things out we sign it. */
function withDevelopmentKey(
  audit: KavachOptions['audit'],
  database: DatabaseOption,
  warn: (message: string) => void,
): KavachOptions['audit'] {
  const options: AuditOptions = typeof audit === 'string' ? { durability: audit } : (audit ?? {})
  if (options.checkpoints?.key !== undefined || isProduction()) return audit
  const file = fileOf(database)
  if (file === undefined) return audit
  const path = `${file}.checkpoint-key.pem`
  warn(`checkpoints are signed with ${path}, which is for development; give \`audit.checkpoints.key\` in production`)
  return { ...options, checkpoints: { ...options.checkpoints, key: developmentKey(path) } }
}

function fileOf(database: DatabaseOption): string | undefined {
  if (!('provider' in database) || database.provider !== 'sqlite' || !('url' in database)) return undefined
  return pathOfUrl(database.url)
}

async function readFile(path: string | URL): Promise<Uint8Array> {
  const files = await import('node:fs/promises')
  return files.readFile(path)
}

/**
 * SHA-256 that answers at once: the engine's, and Node's where its calls cost less (a leaf of 450 bytes: 1.0 us against 2.0; the
 * hex of a short text: 0.3 against 1.2; 65 bytes to 32: 0.9 against 0.6, so nodes of trees are the engine's).
 */
function createHashing(): Hashing {
  const { digest } = createDigest()
  const hash = globalThis.process?.getBuiltinModule?.('node:crypto')?.hash
  if (hash === undefined) return hashingOf(digest)
  return {
    bytes: (bytes) => (bytes.length < LONG_BYTES ? digest(bytes) : hash('sha256', bytes, 'buffer')),
    hex: (text) => hash('sha256', text, 'hex'),
    leaf: (text) => bytesOf(hash('sha256', `\0${text}`, 'binary')),
  }
}

/** A Buffer of its own would cost half as much again as the hash, and one for each row keeps the garbage collector busy. */
function bytesOf(binary: string): Uint8Array {
  const bytes = takeBytes(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

const LONG_BYTES = 192

function isProduction(): boolean {
  return globalThis.process?.env?.NODE_ENV === 'production'
}
