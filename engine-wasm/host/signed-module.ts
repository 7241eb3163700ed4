/**
 * The signature in a module: its last section, whose content is the text of `NAME.sig.json`.
 *
 *   | all that the digest `module` covers | 0, size, length of the name, `kavach.signature`, the text |
 *
 * Nothing behind the covered part is ever run, so an attacker gains nothing by what he puts there.
 */

/** Name of the custom section. */
export const SIGNATURE_SECTION = 'kavach.signature'

export interface SplitModule {
  /** What was signed. */
  readonly module: Uint8Array
  readonly signature: Uint8Array | undefined
}

/** A module without its signature, and the signature if it carries one. Both are views. */
export function splitModule(bytes: Uint8Array): SplitModule {
  const name = new TextEncoder().encode(`${String.fromCharCode(SIGNATURE_SECTION.length)}${SIGNATURE_SECTION}`)
  // JSON has no control characters inside, so the last one that begins the name is the right one.
  for (
    let at = bytes.lastIndexOf(SIGNATURE_SECTION.length);
    at > 0;
    at = bytes.lastIndexOf(SIGNATURE_SECTION.length, at - 1)
  ) {
    const head = [0, ...toLeb(bytes.length - at)]
    const start = at - head.length
    const isHere = (part: readonly number[] | Uint8Array, from: number) =>
      part.every((byte, i) => bytes[from + i] === byte)
    if (isHere(name, at) && isHere(head, start)) {
      return { module: bytes.subarray(0, start), signature: bytes.subarray(at + name.length) }
    }
  }
  return { module: bytes, signature: undefined }
}

/** @see WebAssembly Core Specification, section 5.2.2 */
const toLeb = (value: number): readonly number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...toLeb(value >>> 7)]
