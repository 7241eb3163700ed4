/** What a host must bring for the policy of an image, found without reading the rest of it back. */
import * as layout from '../../engine-wasm/format/layout.ts'

export interface ImageNeeds {
  /** Some condition compares the trust in an agent. */
  readonly trust: boolean
  /** The largest count or cap of all limits; caps are nano-USD. */
  readonly largestLimit: bigint
}

/** Believes the image: an engine has verified it. */
export function needsOfImage(image: Uint8Array): ImageNeeds {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const records = (section: number, size: number): readonly number[] => {
    const start = view.getUint32(layout.H_SECTIONS + 8 * section, true)
    const count = view.getUint32(layout.H_SECTIONS + 8 * section + 4, true)
    return Array.from({ length: count }, (_, index) => start + index * size)
  }
  const trust = records(layout.S_ATOMS, layout.ATOM_SIZE).some(
    (at) => view.getUint8(at + layout.ATOM_OP) === layout.OP_TRUST,
  )
  let largestLimit = 0n
  for (const at of records(layout.S_METERS, layout.METER_SIZE)) {
    const cap = view.getBigUint64(at + layout.METER_CAP, true)
    if (cap > largestLimit) largestLimit = cap
  }
  return { trust, largestLimit }
}
