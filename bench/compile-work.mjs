// Policy text to model, and model to module, as `kavach compile` does it.
import { readFileSync } from 'node:fs'
import { checkPolicy, emitImage, parsePolicy, spliceModule } from 'kavachos/compiler'

const wasm = readFileSync(new URL('../build/engine.wasm', import.meta.url))

/** @throws {Error} when the text has an error */
export function check(text) {
  const { file, diagnostics } = parsePolicy('bench.kavach', text)
  const checked = checkPolicy([file], { strict: false, loadCatalog: () => undefined })
  const error = [...diagnostics, ...checked.diagnostics].find(({ severity }) => severity === 'error')
  if (error !== undefined) throw new Error(error.message)
  return { ...checked, file }
}

export function toModule(model) {
  return spliceModule(wasm, emitImage(model))
}
