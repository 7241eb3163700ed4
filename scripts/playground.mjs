// `npm run docs:build` calls this: the playground, from site/playground to build/playground. It needs dist/ and build/engine.wasm.
//
//     node scripts/playground.mjs [--serve]
//
// With --serve the folder is served on this machine, with the headers that it should have.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const SOURCES = join(root, 'site/playground')
export const OUT = join(root, 'build/playground')
const STATIC = ['index.html', 'style.css', 'icon.svg']

/** Writes build/playground; `out` is another folder. @throws {Error} when the sources do not compile */
export async function buildPlayground(out = OUT) {
  for (const path of ['dist/compiler/index.js', 'build/engine.wasm']) {
    if (!existsSync(join(root, path))) throw new Error(`${path} is missing: run \`npm run build\``)
  }
  checkTypes()
  const build = await rolldown({
    input: { page: join(SOURCES, 'page.ts'), worker: join(SOURCES, 'worker.ts') },
    cwd: root,
    platform: 'browser',
    resolve: { conditionNames: ['browser', 'import', 'default'] },
    plugins: [doors(), built()],
    // What cannot be found would be left out in silence.
    onLog(_, log) {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message)
    },
  })
  rmSync(out, { recursive: true, force: true })
  const { output } = await build.write({
    dir: out,
    format: 'esm',
    minify: true,
    entryFileNames: '[name].js',
    // Some servers of pages keep names with a line in front for themselves.
    chunkFileNames: ({ name }) => `${name.replace(/^_+/, '')}.js`,
  })
  await build.close()
  mkdirSync(out, { recursive: true })
  for (const name of STATIC) copyFileSync(join(SOURCES, name), join(out, name))
  return output.map(({ fileName }) => fileName)
}

function checkTypes() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', SOURCES], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error('site/playground does not compile')
}

/** site/ is a package of its own, from where this one is found by its name as from the root. */
function doors() {
  return {
    name: 'doors',
    resolveId(id) {
      return id.startsWith('kavachos/') ? this.resolve(id, join(root, 'package.json'), { skipSelf: true }) : undefined
    },
  }
}

/** The modules of site/playground/built.d.ts. */
function built() {
  const modules = {
    'playground:engine': () => {
      const base64 = readFileSync(join(root, 'build/engine.wasm'), 'base64')
      return `export const engineWasm = Uint8Array.from(atob('${base64}'), (char) => char.charCodeAt(0))`
    },
    'playground:examples': () => {
      const { examples, catalogs } = readExamples()
      return `export const examples = ${JSON.stringify(examples)}\nexport const catalogs = ${JSON.stringify(catalogs)}`
    },
  }
  return {
    name: 'built',
    resolveId: (id) => (id in modules ? `\0${id}` : undefined),
    load: (id) => (id.startsWith('\0playground:') ? { code: modules[id.slice(1)](), moduleType: 'js' } : undefined),
  }
}

/** The policy of this folder, and those that the package carries, each as one text. */
function readExamples() {
  const catalogs = {}
  const desk = {
    id: 'desk',
    title: 'desk: tickets and refunds',
    text: readFileSync(join(SOURCES, 'desk.kavach'), 'utf8'),
    request: JSON.stringify({
      agent: 'triage',
      action: 'execute',
      resource: 'mcp:refunds:issue',
      args: { amount: 80 },
      ip: '10.1.2.3',
      now: '2026-04-01T10:00:00Z',
    }),
  }
  const names = readdirSync(join(root, 'policies')).sort()
  // The one that `kavach init` writes comes first.
  names.sort((a, b) => Number(b === 'starter') - Number(a === 'starter'))
  const carried = names.map((id) => {
    const folder = join(root, 'policies', id)
    for (const path of filesBelow(folder)) {
      if (path.endsWith('.tools.json')) catalogs[relative(folder, path)] = readFileSync(path, 'utf8')
    }
    const parts = ['', '.proof', '.test'].map((part) => readFileSync(join(folder, `${id}${part}.kavach`), 'utf8'))
    return { id, title: id, text: parts.join('\n'), request: '' }
  })
  return { examples: [desk, ...carried], catalogs }
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const files = await buildPlayground()
  for (const name of [...files, ...STATIC].sort()) {
    const bytes = readFileSync(join(OUT, name))
    console.log(`build/playground/${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`)
  }
  if (process.argv.includes('--serve')) {
    const { servePlayground } = await import('./playground-server.mjs')
    const { address } = await servePlayground(OUT, 4173)
    console.log(`${address}/`)
  }
}
