/** The engine without a policy, as Workers and bundlers for them import it: compiled, and not yet instantiated. */
declare const engine: WebAssembly.Module
export default engine
