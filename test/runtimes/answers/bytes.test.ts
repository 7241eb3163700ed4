/** What becomes of bytes where they may not be compiled, and of the same policy that is brought otherwise. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compileFolder } from '../../abi/compiled.ts'
import { bundle } from '../bundle.ts'
import { askPage } from '../page.ts'
import { askWorker } from '../workerd.ts'
import { NOT_COMPILED } from './not-compiled.ts'

const FOLDER = 'build/runtimes/bytes'
mkdirSync(FOLDER, { recursive: true })

test('workerd, bundled for another platform: an image needs the engine as an imported module', async () => {
  const worker = await bundle('test/runtimes/answers/bytes-worker.mjs', [])
  const { image } = compileFolder('acme')
  const found = await askWorker(worker, { method: 'POST', body: Buffer.from(image) })
  expect(found).toEqual({ loaded: NOT_COMPILED, opened: 'acme' })
})

/** More than the 8 MiB that Chromium compiles on the thread of a page. */
function enlarge(module: Uint8Array): Uint8Array {
  const padding = 9 * 2 ** 20
  // A custom section without a name: its kind, its length as LEB128, the length of its name.
  const head = [0, (padding & 127) | 128, ((padding >> 7) & 127) | 128, ((padding >> 14) & 127) | 128, padding >> 21]
  return new Uint8Array([...module, ...head, ...new Uint8Array(padding)])
}

function writeFiles(): Readonly<Record<string, string>> {
  const { image, module } = compileFolder('acme')
  const files = { 'small.wasm': module, 'large.wasm': enlarge(module), 'small.img': image }
  return Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => {
      const path = `${FOLDER}/${name}`
      writeFileSync(path, bytes)
      return [name, path]
    }),
  )
}

test('Chromium: a page compiles no bytes of a large module, and none at all where its CSP forbids it', async () => {
  const page = await bundle('test/runtimes/answers/bytes-page.mjs', ['browser'])
  const files = writeFiles()
  const ask = (securityPolicy: string) => askPage(page, files, securityPolicy)
  const all = { small: 'acme', large: NOT_COMPILED, image: 'acme' }
  expect(await ask("script-src 'self' 'wasm-unsafe-eval'")).toEqual(all)
  expect(await ask("script-src 'self'")).toEqual({ small: NOT_COMPILED, large: NOT_COMPILED, image: NOT_COMPILED })
})
