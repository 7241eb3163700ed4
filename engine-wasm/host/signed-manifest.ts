/**
 * What a signature says of a policy, and the one way to write it down (docs/signing.md).
 *
 * `NAME.sig.json` is the canonical JSON (RFC 8785) of a manifest and its signatures, and a line feed. Text that is not
 * canonical is refused, so that one manifest is one sequence of bytes and nobody can hide a second reading in it.
 */
import { EngineError } from './engine-error.ts'

/** What was signed. Digests are SHA-256 in lower-case hex, times are ms since 1970. */
export interface Manifest {
  readonly format: 'kavach-manifest'
  readonly version: 1
  /** Name of the policy. */
  readonly policy: string
  readonly generation: number
  /** The digest that decisions name, which stands in the header of the image. */
  readonly digest: string
  /** Of `NAME.img`, all of it. */
  readonly image: string
  /** Of `NAME.wasm` without its signature. */
  readonly module: string
  /** Of the engine without a policy that the module was made from. */
  readonly engine: string
  /** Version of the compiler that made the module. */
  readonly compiler: string
  /** Major and minor, `1.0`. */
  readonly abi: string
  /** Before it the image denies everything. */
  readonly notBefore?: number
  /** From it on the image denies everything. */
  readonly notAfter?: number
  /** The assertions that were proved of this image, sorted by text; empty when nothing was. */
  readonly proved: readonly ProvedAssertion[]
  /** How many delegations of the policy were proved to give no more than their delegator holds. */
  readonly delegationsProved: number
}

export interface ProvedAssertion {
  /** As `kavach fmt` prints it. */
  readonly text: string
  /** Of the UTF-8 of the text. */
  readonly digest: string
}

export interface ManifestSignature {
  /** The first 16 hex digits of the SHA-256 of the 32 bytes of the public key. */
  readonly keyId: string
  /** Ed25519, 64 bytes in hex. */
  readonly signature: string
}

/** A manifest and who stands for it. Several may. */
export interface SignedManifest {
  readonly manifest: Manifest
  /** Sorted by key id, one for each. */
  readonly signatures: readonly ManifestSignature[]
}

/** A longer text is refused unread. */
export const MAX_SIGNATURE_BYTES = 1 << 24
export const MAX_SIGNATURES = 64

/** No other use of the same key signs bytes that begin like this. */
const DOMAIN = 'kavach-manifest 1\n'

/** The bytes that a signer signs. @see RFC 8032, section 5.1 */
export function toSignedBytes(manifest: Manifest): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(DOMAIN + toCanonical(manifest))
}

/** The text of `NAME.sig.json`, and of the section in the module. */
export function formatSignature(signed: SignedManifest): string {
  return `${toCanonical(signed)}\n`
}

/**
 * Reads `NAME.sig.json`: its text, its bytes, or the object that a bundler made of it. Nothing is verified yet.
 *
 * @throws {EngineError} `bad-manifest`
 */
export function parseSignature(source: string | object): SignedManifest {
  const text = textOf(source)
  if (text === undefined) return readSigned(source)
  const signed = readSigned(parseJson(text))
  const canonical = toCanonical(signed)
  if (text !== canonical && text !== `${canonical}\n`) throw fault('it is not in canonical form, or was changed')
  return signed
}

function textOf(source: string | object): string | undefined {
  const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source
  const isBytes = bytes instanceof Uint8Array
  if (typeof bytes !== 'string' && !isBytes) return undefined
  if (bytes.length > MAX_SIGNATURE_BYTES) throw fault('it is too long')
  try {
    return isBytes ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) : bytes
  } catch (cause) {
    throw fault('it is not UTF-8', cause)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw fault('it is not JSON', cause)
  }
}

/** Turns a member into what it must be, and throws what is none. */
type Reader = (value: unknown, name: string) => unknown

const matching =
  (pattern: RegExp): Reader =>
  (value, name) => {
    if (typeof value !== 'string' || !pattern.test(value)) throw fault(`\`${name}\` is not as expected`)
    return value
  }

/** Any text without half a surrogate pair, which has no UTF-8. */
const text = matching(/^\P{Cs}*$/u)
const digest = matching(/^[0-9a-f]{64}$/)

const whole: Reader = (value, name) => {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw fault(`\`${name}\` is no whole number`)
  return value
}

const count: Reader = (value, name) => {
  if (Number(whole(value, name)) < 0) throw fault(`\`${name}\` is negative`)
  return value
}

/** What a Date can hold. */
const instant: Reader = (value, name) => {
  if (Math.abs(Number(whole(value, name))) > 8.64e15) throw fault(`\`${name}\` is no time`)
  return value
}

const optional =
  (read: Reader): Reader =>
  (value, name) =>
    value === undefined ? undefined : read(value, name)

const only =
  (wanted: string | number): Reader =>
  (value, name) => {
    if (value !== wanted) throw fault(`\`${name}\` is not \`${wanted}\`; a newer kavachos may know it`)
    return value
  }

/** A list in strictly ascending order of one member. */
const sorted =
  (members: Readonly<Record<string, Reader>>, key: string): Reader =>
  (value, name) => {
    if (!Array.isArray(value)) throw fault(`\`${name}\` is no list`)
    const list = Array.from(value, (entry: unknown) => readObject(entry, members, name))
    const isSorted = list.every((entry, i) => i === 0 || String(list[i - 1]?.[key]) < String(entry[key]))
    if (!isSorted) throw fault(`\`${name}\` is not sorted, or has something twice`)
    return list
  }

const MANIFEST: { readonly [Member in keyof Required<Manifest>]: Reader } = {
  format: only('kavach-manifest'),
  version: only(1),
  policy: text,
  generation: count,
  digest,
  image: digest,
  module: digest,
  engine: digest,
  compiler: text,
  abi: matching(/^\d+\.\d+$/),
  notBefore: optional(instant),
  notAfter: optional(instant),
  proved: sorted({ text, digest }, 'text'),
  delegationsProved: count,
}

const SIGNED: { readonly [Member in keyof SignedManifest]: Reader } = {
  manifest: (value, name) => readObject(value, MANIFEST, name),
  signatures: (value, name) => {
    const signature = { keyId: matching(/^[0-9a-f]{16}$/), signature: matching(/^[0-9a-f]{128}$/) }
    const list = sorted(signature, 'keyId')(value, name)
    if (Array.isArray(list) && list.length > MAX_SIGNATURES)
      throw fault(`there are more than ${MAX_SIGNATURES} signatures`)
    return list
  },
}

function readSigned(value: unknown): SignedManifest {
  return readObject(value, SIGNED, 'signature') as unknown as SignedManifest // Every member was read by its reader.
}

/** A new object with the members of `readers` and no other; each is read once. */
function readObject(value: unknown, readers: Readonly<Record<string, Reader>>, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw fault(`\`${name}\` is no object`)
  const unknown = Object.keys(value).find((member) => !Object.hasOwn(readers, member))
  if (unknown !== undefined) throw fault(`\`${name}\` has a member \`${unknown}\` that nobody knows`)
  const given = new Map<string, unknown>(Object.entries(value))
  const members = Object.entries(readers).map(([member, read]) => [member, read(given.get(member), member)] as const)
  return Object.fromEntries(members.filter(([, member]) => member !== undefined))
}

/** @see RFC 8785, section 3.2, for what stands in a manifest: objects, lists, texts and whole numbers */
function toCanonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toCanonical)}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${toCanonical(member)}`)}}`
}

function fault(why: string, cause?: unknown): EngineError {
  return new EngineError('bad-manifest', `this is no signature of a policy: ${why}; sign it again`, { cause })
}
