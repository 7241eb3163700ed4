// The engine under the workload as a policy.
import { readFileSync } from 'node:fs'
import { spliceModule } from 'kavachos/compiler'
import { loadEngine } from 'kavachos/engine'
import { toImage, toRequest } from '../policy.mjs'

/** `prepare` makes the request object that a caller would hand over, outside the clock. */
export function load(workload) {
  const engine = openEngine(workload)
  return {
    decide: (request) => engine.decide(request).allowed,
    prepare: (fields, hour) => toRequest(fields, hour, workload.spec),
  }
}

export function openEngine(workload) {
  const wasm = readFileSync(process.env.KAVACH_ENGINE ?? new URL('../../build/engine.wasm', import.meta.url))
  return loadEngine(spliceModule(wasm, toImage(workload)))
}
