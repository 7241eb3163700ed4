/** The engine that the package carries, as a module of its own: Workers compile nothing, and import what they instantiate. */
import engine from 'kavachos/engine.wasm'

/** The engine without a policy. */
export function carriedEngine(): WebAssembly.Module {
  return engine
}
