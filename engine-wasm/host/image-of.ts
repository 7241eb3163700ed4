/** The image of whatever a policy comes in. */
import { createMachine, imageOf } from './machine.ts'
import { readSource, type Source } from './source.ts'

/** A copy of the image in a compiled policy. @throws {EngineError} when there is none, or the engine refuses it */
export function imageOfSource(source: Source): Uint8Array {
  const read = readSource(source)
  // `slice` of a Buffer would be no copy.
  if (read instanceof Uint8Array) return new Uint8Array(read)
  const machine = createMachine(read, undefined, { generation: 0 })
  return imageOf(machine.exports, machine).slice()
}
