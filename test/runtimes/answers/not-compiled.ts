/** How bytes are refused where they may not be compiled. */
export const NOT_COMPILED = {
  isEngineError: true,
  name: 'EngineError',
  code: 'bad-module',
  message:
    'this platform compiles no such module from bytes: import the module, or open an image with an imported `kavachos/engine.wasm`',
}
