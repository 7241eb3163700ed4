/** The policy of a host that was given none: what is made at run time may do what it was given, and pass it on. */
import { emitImage } from '../../compiler/emit/index.ts'
import { type PolicyModel, parsePattern } from '../../compiler/model/index.ts'

/** `boundary runtime { allow * on ** may delegate depth 5 }`, older than every policy that was ever compiled. */
export function builtInImage(): Uint8Array {
  const everything = parsePattern('**')
  if (!everything.ok) throw new TypeError('the pattern of everything is none')
  const model: PolicyModel = {
    name: 'runtime',
    generation: 0,
    roles: [],
    agents: [],
    delegations: [],
    boundary: { grants: [{ id: 0, actions: undefined, patterns: [everything.value] }], mayDelegate: 5 },
    forbids: [],
    requires: [],
    limits: [],
  }
  return emitImage(model)
}
