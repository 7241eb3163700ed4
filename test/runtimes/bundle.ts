/** An entry and the door behind it as one file, as an application's bundler makes it. */
import { build, type Plugin } from 'esbuild'

export interface Bundle {
  readonly code: string
  /** Paths of the WebAssembly modules that it imports, by the names under which it does. */
  readonly modules: ReadonlyMap<string, string>
}

/** @param conditions of the `exports` and `imports` of packages */
export async function bundle(
  entry: string,
  conditions: readonly string[],
  known: Readonly<Record<string, string>> = {},
): Promise<Bundle> {
  const modules = new Map<string, string>()
  const wasm: Plugin = {
    name: 'wasm',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /\.wasm$/ }, async ({ path, pluginData, ...about }) => {
        if (pluginData === wasm) return undefined
        const given = known[path]
        const found = given ?? (await resolve(path, { ...about, pluginData: wasm })).path
        const name = `./${modules.size}.wasm`
        const same = [...modules].find(([, other]) => other === found)
        if (same === undefined) modules.set(name, found)
        return { path: same?.[0] ?? name, external: true }
      })
    },
  }
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    conditions: [...conditions],
    plugins: [wasm],
    write: false,
  })
  return { code: outputFiles[0]?.text ?? '', modules }
}
