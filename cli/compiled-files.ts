/** What a policy is compiled to: module, image, types and source map. */
import { spliceModule } from '../compiler/emit/index.ts'
import type { PolicyModel } from '../compiler/model/index.ts'
import type { CheckedFolder } from './checked.ts'
import { loadEngineWasm } from './engine-wasm.ts'
import { loadFront } from './language.ts'

interface CompiledPolicy extends Pick<CheckedFolder, 'catalogs' | 'map'> {
  readonly model: PolicyModel
  readonly image: Uint8Array
  /** Path without an extension. */
  readonly base: string
}

/** The files, to be written all or none. */
export async function compiledFiles({ model, image, base, catalogs, map }: CompiledPolicy) {
  const { emitSourceMap, emitTypes } = await loadFront()
  return [
    { path: `${base}.wasm`, data: spliceModule(loadEngineWasm(), image) },
    { path: `${base}.img`, data: image },
    { path: `${base}.d.ts`, data: emitTypes(model, catalogs) },
    { path: `${base}.map.json`, data: emitSourceMap(map) },
  ]
}
