/** Images of a policy that is being written: whoever enforced the one before takes the next one, whatever the text says. */
import { emitImage } from '../../compiler/emit/index.ts'
import type { PolicyModel } from '../../compiler/model/index.ts'
import { identityOf } from '../module-file.ts'

/** What an image has to follow; generation and digest of the one that is enforced, or lies there. */
export interface Predecessor {
  readonly generation: number
  /** Hex. */
  readonly digest: string
}

/** The image of the policy, with a generation above that of `before`; nothing when that one is it already. */
export function raisedImage(model: PolicyModel, before: Predecessor | undefined): Uint8Array | undefined {
  if (before === undefined) return emitImage(model)
  if (model.generation <= before.generation) {
    const same = emitImage({ ...model, generation: before.generation })
    if (identityOf(same).digest === before.digest) return undefined
    return emitImage({ ...model, generation: before.generation + 1 })
  }
  return emitImage(model)
}
