/** Debug builds of single sources of the engine, so that its parts can be called one by one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { instantiateSync } from '@assemblyscript/loader'
import asc from 'assemblyscript/asc'

/** Where a test may put bytes: behind the fixed areas of the engine. */
export const FREE = 0x2d0000

/** What a source exports, and its memory. */
export type Compiled<T> = T & { readonly memory: WebAssembly.Memory; readonly write: (bytes: Uint8Array) => number }

/** Compiles `engine-wasm/assembly/NAME.ts` with its assertions and everything that it imports. */
export async function compile<T extends object>(name: string): Promise<Compiled<T>> {
  let binary: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    [
      `engine-wasm/assembly/${name}.ts`,
      '--outFile',
      'debug.wasm',
      '--debug',
      '--runtime',
      'stub',
      '--memoryBase',
      '2048',
      '--initialMemory',
      '64',
    ],
    {
      readFile: (file, base) => {
        try {
          return readFileSync(join(base, file), 'utf8')
        } catch {
          // The compiler looks in several places and goes on when a file is not there.
          return null
        }
      },
      writeFile: (file, contents) => {
        if (file === 'debug.wasm') binary = Buffer.from(contents)
      },
      listFiles: () => [],
    },
  )
  if (error !== null || binary === undefined) throw new Error(stderr.toString())
  // Each test names what it calls; a name that is not there fails when it is called.
  const exports = instantiateSync<T & Record<string, unknown>>(binary).exports as unknown as T & {
    readonly memory: WebAssembly.Memory
  }
  const write = (bytes: Uint8Array): number => {
    new Uint8Array(exports.memory.buffer).set(bytes, FREE)
    return FREE
  }
  return Object.assign(Object.create(exports), { memory: exports.memory, write })
}
