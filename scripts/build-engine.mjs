// Builds build/engine.wasm from engine-wasm/assembly, refuses it when it is not what docs/abi.md promises, and writes it
// as base64 for runtimes that do not import WebAssembly files.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'
import binaryen from 'assemblyscript/binaryen'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const OUT = join(root, 'build/engine.wasm')
const TEXT = join(root, 'build/engine.wat')
const CARRIED = join(root, 'engine-wasm/host/engine-bytes.ts')

/** Fixed areas end here (engine-wasm/assembly/memory.ts); images come behind them. */
const STATIC_BASE = 2048
const STATIC_END = 16384
/** Nodes of a function that is small enough to stand wherever it is called. */
const SMALL = 12
/** Nodes of a function that may stand in its only caller. */
const LARGE = 400
/** Where images begin; `inspect` compares it with what the engine says. */
const INITIAL_PAGES = 43

mkdirSync(dirname(OUT), { recursive: true })
mkdirSync(dirname(CARRIED), { recursive: true })
const { error, stderr } = await asc.main(
  [
    'engine-wasm/assembly/index.ts',
    '--outFile',
    'build/engine.wasm',
    '--textFile',
    'build/engine.wat',
    '--optimizeLevel',
    '0',
    '--noAssert',
    '--runtime',
    'stub',
    '--use',
    'abort=',
    '--memoryBase',
    String(STATIC_BASE),
    '--initialMemory',
    String(INITIAL_PAGES),
  ],
  { baseDir: root },
)
if (error) {
  console.error(stderr.toString() || error.message)
  process.exit(1)
}

const bytes = optimize(readFileSync(OUT))
writeFileSync(OUT, bytes)
const faults = inspect(new WebAssembly.Module(bytes), readFileSync(TEXT, 'utf8'))
if (faults.length > 0) {
  for (const fault of faults) console.error(`build/engine.wasm: ${fault}`)
  process.exit(1)
}
const carried = `/** The engine without a policy. Made by scripts/build-engine.mjs. */
export const ENGINE_BASE64: string =
  '${Buffer.from(bytes).toString('base64')}'
`
if (readIfThere(CARRIED) !== carried) writeFileSync(CARRIED, carried)

/**
 * The same module, as small as it gets with its small functions inlined: asc itself either inlines large ones, too, or none.
 * No address that is counted from lies in the null page, so that offsets may be added to it in loads and stores.
 */
function optimize(bytes) {
  const { BulkMemory, BulkMemoryOpt, MutableGlobals, NontrappingFPToInt, SignExt } = binaryen.Features
  const module = binaryen.readBinary(bytes)
  module.setFeatures(BulkMemory | BulkMemoryOpt | MutableGlobals | NontrappingFPToInt | SignExt)
  binaryen.setOptimizeLevel(3)
  binaryen.setShrinkLevel(2)
  binaryen.setAlwaysInlineMaxSize(SMALL)
  binaryen.setOneCallerInlineMaxSize(LARGE)
  binaryen.setLowMemoryUnused(true)
  let best
  for (let round = 0; round < 6; round++) {
    module.runPasses(['code-folding', 'optimize-instructions'])
    module.optimize()
    const result = module.emitBinary()
    if (best !== undefined && result.length >= best.length) break
    best = result
  }
  module.dispose()
  return best
}

/** What breaks a promise of docs/abi.md: imports, floating point, growth while a decision is made, stray data. */
function inspect(module, text) {
  const found = WebAssembly.Module.imports(module).map(({ module, name }) => `it imports ${module}.${name}`)
  if (found.length > 0) return found
  const heap = new WebAssembly.Instance(module).exports.kavach_heap.value
  if (heap !== INITIAL_PAGES * 65536) found.push(`images begin at page ${heap / 65536}, not ${INITIAL_PAGES}`)
  const float = text.match(/\b(f32|f64)\b/)
  if (float) found.push(`it uses floating point (${float[0]})`)
  for (const [, at] of text.matchAll(/\(data \$?\S* ?\(i32\.const (\d+)\)/g)) {
    if (Number(at) < STATIC_BASE || Number(at) >= STATIC_END) found.push(`static data at ${at} lies in a fixed area`)
  }
  const grows = text.split(/^ \(func /m).filter((body) => body.includes('memory.grow'))
  for (const body of grows) {
    const name = body.slice(0, body.search(/[\s(]/))
    if (/eval|decide|explain|run/.test(name)) found.push(`${name} grows memory`)
  }
  return found
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
