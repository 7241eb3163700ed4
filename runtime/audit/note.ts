/**
 * Checkpoints: the size and root of the log, signed. A checkpoint is a text that anybody can keep and verify.
 *
 *     example.com/kavach/default          origin: the name of the log
 *     1024                                leaves
 *     SGVsbG8gd29ybGQuLi4=                root, base64
 *
 *     — example.com/kavach/default f3b2c1...     name of the key, base64 of its id and the signature
 *
 * @see https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note
 */

import { toHex } from '../../compiler/model/index.ts'
import { readKey } from '../../engine-wasm/host/index.ts'
import { HASH_BYTES, type Sha256 } from './merkle.ts'
import { fromHex } from './personal.ts'

export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
}

export interface OpenedNote extends Checkpoint {
  /** What was signed. */
  readonly text: string
  readonly signatures: readonly { readonly name: string; readonly keyId: Uint8Array; readonly signature: Uint8Array }[]
}

/** A public key under the name of its log. */
export interface NoteKey {
  readonly name: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

/** Signature type of Ed25519. */
const ED25519 = 1
const KEY_ID_BYTES = 4
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
/** An empty root of 32 bytes is 44 characters; whatever is longer than this is no checkpoint. */
const MAX_NOTE = 64 * 1024

/** The lines that are signed. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/** The text with a signature below it. */
export function signedNote(text: string, { name, publicKey }: NoteKey, signature: Uint8Array, sha256: Sha256): string {
  return `${text}\n\u2014 ${name} ${toBase64(concat(keyIdOf({ name, publicKey }, sha256), signature))}\n`
}

/** Nothing when it is no checkpoint; its signatures are not verified. */
export function openNote(note: string): OpenedNote | undefined {
  const split = note.lastIndexOf('\n\n')
  if (note.length > MAX_NOTE || split < 0 || !note.endsWith('\n')) return undefined
  const text = note.slice(0, split + 1)
  const [origin = '', size = '', root = ''] = text.split('\n')
  const hash = fromBase64(root)
  if (origin === '' || !/^(0|[1-9]\d{0,15})$/.test(size) || hash?.length !== HASH_BYTES) return undefined
  const signatures: OpenedNote['signatures'][number][] = []
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const [, name = '', base64 = ''] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? []
    const bytes = fromBase64(base64)
    if (name === '' || bytes === undefined || bytes.length <= KEY_ID_BYTES) return undefined
    signatures.push({ name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) })
  }
  return { origin, size: Number(size), root: hash, text, signatures }
}

/** The notes in a text, one behind the other, as a file of checkpoints has them. */
export function splitNotes(text: string): readonly string[] {
  return text.match(/\S[\s\S]*?\n\n(?:\u2014 .*\n)+/g) ?? []
}

/** True when one of the keys has signed the note. Signatures of others, such as witnesses, do not matter. */
export async function isSigned(note: OpenedNote, keys: readonly NoteKey[], sha256: Sha256): Promise<boolean> {
  for (const key of keys) {
    const id = toBase64(keyIdOf(key, sha256))
    const { verify } = await readKey(key.publicKey)
    for (const { name, keyId, signature } of note.signatures) {
      if (name !== key.name || toBase64(keyId) !== id || signature.length !== SIGNATURE_BYTES) continue
      if (await verify(toHex(signature), UTF8.encode(note.text))) return true
    }
  }
  return false
}

/** `NAME+ID+KEY`, as verifiers of notes want a key. */
export function verifierKey(key: NoteKey, sha256: Sha256): string {
  return `${key.name}+${toHex(keyIdOf(key, sha256))}+${toBase64(concat(Uint8Array.of(ED25519), key.publicKey))}`
}

/** Nothing when it is no verifier key of Ed25519, or its id is not that of the key. */
export function parseVerifierKey(text: string, sha256: Sha256): NoteKey | undefined {
  const [, name = '', id = '', base64 = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim()) ?? []
  const bytes = fromBase64(base64)
  if (bytes?.length !== 1 + KEY_BYTES || bytes[0] !== ED25519) return undefined
  const key = { name, publicKey: bytes.slice(1) }
  return toHex(keyIdOf(key, sha256)) === id ? key : undefined
}

/**
 * A public key as operators have it: `NAME+ID+KEY`, or hex, base64url or PEM of the 32 bytes, which then belong to the log
 * `name`. Nothing when it is none.
 */
export function noteKeyOf(text: string, name: string, sha256: Sha256): NoteKey | undefined {
  const known = parseVerifierKey(text, sha256)
  if (known !== undefined) return known
  const publicKey = rawKeyOf(text.trim())
  return publicKey?.length === KEY_BYTES ? { name, publicKey } : undefined
}

function rawKeyOf(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return fromHex(text.toLowerCase())
  if (/^[\w-]{43}$/.test(text)) return fromBase64(`${text.replaceAll('-', '+').replaceAll('_', '/')}=`)
  const [, body] = /^-----BEGIN PUBLIC KEY-----([\w+/=\s]+)-----END PUBLIC KEY-----$/.exec(text) ?? []
  const spki = fromBase64(body?.replace(/\s/g, '') ?? '')
  return spki !== undefined && toHex(spki).startsWith(SPKI) ? spki.slice(SPKI.length / 2) : undefined
}

/** SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes. @see RFC 8410, section 4 */
const SPKI = '302a300506032b6570032100'

/** @see https://c2sp.org/signed-note, Signature types */
function keyIdOf({ name, publicKey }: NoteKey, sha256: Sha256): Uint8Array {
  return sha256(concat(UTF8.encode(`${name}\n`), Uint8Array.of(ED25519), publicKey)).slice(0, KEY_ID_BYTES)
}

const UTF8 = new TextEncoder()

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

/** Nothing for what is not padded standard base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
