/** The engine that modules are made from. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CliError, EXIT_INTERNAL } from './exit.ts'

/** The bytes of build/engine.wasm, which lies beside `cli` in the sources and beside `dist` in the package. */
export function loadEngineWasm(): Uint8Array {
  const here = dirname(fileURLToPath(import.meta.url))
  for (const up of ['..', '../..']) {
    try {
      return readFileSync(join(here, up, 'build/engine.wasm'))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    }
  }
  throw new CliError(EXIT_INTERNAL, 'the engine is missing: there is no build/engine.wasm', 'run `npm run build`')
}
