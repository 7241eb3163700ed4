// The engine under the workload as a policy.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { loadEngine } from 'kavachos/engine'
import { toRequest } from '../request.mjs'

const MAX_MODULE_BYTES = 2 ** 30

/** The module, made in another process, so that the compiler is not in the memory of this one. */
export function make({ name }) {
  const program = fileURLToPath(new URL('module.mjs', import.meta.url))
  return execFileSync(process.execPath, [program, name], { maxBuffer: MAX_MODULE_BYTES })
}

/** `prepare` makes the request object that a caller would hand over, outside the clock. */
export function load({ spec }, module) {
  const engine = loadEngine(module)
  return {
    decide: (request) => engine.decide(request).allowed,
    prepare: (fields, hour) => toRequest(fields, hour, spec),
  }
}
