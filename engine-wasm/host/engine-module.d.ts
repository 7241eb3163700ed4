/** What bundlers of Workers make of an import of WebAssembly. */
declare module 'kavachos/engine.wasm' {
  const engine: WebAssembly.Module
  export default engine
}
