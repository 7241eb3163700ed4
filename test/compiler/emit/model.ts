/** Models for the tests of emission, from policy text. */
import { checkPolicy } from '../../../compiler/front/index.ts'
import type { PolicyModel } from '../../../compiler/model/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'

/** `text` without its header. */
export function modelOf(text: string): PolicyModel {
  const { file, diagnostics } = parsePolicy('p.kavach', `policy p\n${text}`)
  const checked = checkPolicy([file])
  if (checked.model !== undefined) return checked.model
  const faults = [...diagnostics, ...checked.diagnostics].map(({ code, message }) => `${code} ${message}`)
  throw new TypeError(`the policy is refused: ${faults.join('; ')}`)
}

/** Count and bytes of a section of an image. */
export function sectionOf(
  image: Uint8Array,
  section: number,
  size: number,
): { readonly count: number; readonly bytes: Uint8Array } {
  const view = new DataView(image.buffer, image.byteOffset)
  const [at, count] = [view.getUint32(128 + 8 * section, true), view.getUint32(132 + 8 * section, true)]
  return { count, bytes: image.subarray(at, at + count * size) }
}
