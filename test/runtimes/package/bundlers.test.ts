/** Applications that bundlers made of the installed package: each is built by the bundler's own command, and run where it belongs. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Bundle } from '../bundle.ts'
import { askPage } from '../page.ts'
import { askWorker } from '../workerd.ts'
import { ASK, DECIDED, newShop, POLICY, succeed, tool, write } from './project.ts'

const project = newShop()

/** A browser compiles a policy from text, and asks it at once. */
const COMPILES = `import { checkPolicy, emitImage, parsePolicy } from 'kavachos/compiler'
import { loadEngine } from 'kavachos/engine'
const { file } = parsePolicy('shop.kavach', ${JSON.stringify(POLICY)})
const { model } = checkPolicy([file])
const engine = loadEngine(emitImage(model))
globalThis.report = ${ASK}
`

const HOST = `import { createKavach } from 'kavachos'
async function main() {
  const kavach = await createKavach({ database: { provider: 'memory' }, policy: 'shop.img', warn() {} })
  const ask = (action) => kavach.authorize('clerk', { action, resource: 'mcp:docs:handbook' })
  const answers = [await ask('read'), await ask('delete')]
  await kavach.close()
  console.log(JSON.stringify(answers.map(({ allowed, reason }) => allowed + ' ' + reason)))
}
main()
`
const HOST_ANSWERS = ['true allowed', 'false forbidden']

beforeAll(() => {
  const image = [...readFileSync(join(project, 'shop.img'))]
  write(project, {
    'index.html': '<!doctype html><title>shop</title><script type="module" src="/page.js"></script>',
    'page.js': `import { loadEngine } from 'kavachos/engine'
import url from './shop.wasm?url'
const engine = loadEngine(new Uint8Array(await (await fetch(url)).arrayBuffer()))
globalThis.report = ${ASK}
`,
    'compile/index.html': '<!doctype html><title>shop</title><script type="module" src="/page.js"></script>',
    'compile/page.js': COMPILES,
    'decide.js': `import { loadEngine } from 'kavachos/engine'
import bytes from './shop.wasm'
const engine = loadEngine(bytes)
globalThis.report = ${ASK}
`,
    'host.js': HOST,
    'worker.js': `import { loadEngine, openEngine } from 'kavachos/engine'
import carried from 'kavachos/engine.wasm'
import image from './image.js'
import policy from './shop.wasm'
const answers = (engine) => ${ASK}
export default {
  fetch: () => Response.json([answers(loadEngine(policy)), answers(openEngine(carried, image)), answers(loadEngine(image))]),
}
`,
    'image.js': `export default new Uint8Array(${JSON.stringify(image)})\n`,
    'wrangler.toml': 'name = "shop"\nmain = "worker.js"\ncompatibility_date = "2026-04-01"\n',
  })
})

describe('vite', () => {
  const vite = (root: string, out: string) =>
    succeed(process.execPath, [tool('PACKAGING', 'vite/bin/vite.js'), 'build', root, '--outDir', out], project)

  test('builds a page that decides by a module', async () => {
    vite('.', join(project, 'out/vite'))
    expect(await askPage(NOTHING, pageOf('out/vite'))).toEqual(DECIDED)
  })

  test('builds a page that compiles a policy', async () => {
    vite('compile', join(project, 'out/vite-compile'))
    expect(await askPage(NOTHING, pageOf('out/vite-compile'))).toEqual(DECIDED)
  })
})

describe('esbuild', () => {
  const esbuild = (entry: string, out: string, ...options: readonly string[]): string => {
    const args = [entry, '--bundle', '--minify', '--loader:.wasm=binary', `--outfile=${out}`, ...options]
    succeed(tool('PACKAGING', 'esbuild/bin/esbuild'), args, project)
    return join(project, out)
  }

  test.each(['decide.js', 'compile/page.js'])('builds %s for browsers', async (entry) => {
    const file = esbuild(entry, `out/esbuild/${entry}`, '--platform=browser', '--format=esm')
    expect(await askPage({ ...NOTHING, code: readFileSync(file, 'utf8') }, {})).toEqual(DECIDED)
  })

  test.each([
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ])('builds a host for Node as %s', (format, extension) => {
    // The driver that is not installed is imported where its absence is caught, so nobody has to name it here.
    const file = esbuild('host.js', `out/host.${extension}`, '--platform=node', `--format=${format}`)
    expect(JSON.parse(succeed(process.execPath, [file], project).stdout)).toEqual(HOST_ANSWERS)
  })
})

test('wrangler builds a Worker without `nodejs_compat`, and workerd runs it', async () => {
  const args = [tool('WORKERS', 'wrangler/bin/wrangler.js'), 'deploy', '--dry-run', '--outdir', 'out/worker']
  const { stdout } = succeed(process.execPath, args, project)
  expect(stdout).toContain('--dry-run: exiting now.')
  const files = filesOf('out/worker')
  const modules = new Map(
    Object.entries(files).flatMap(([name, path]) => (name.endsWith('.wasm') ? [[`./${name}`, path]] : [])),
  )
  const code = readFileSync(join(project, 'out/worker/worker.js'), 'utf8')
  expect(await askWorker({ code, modules }, { method: 'GET' })).toEqual([DECIDED, DECIDED, DECIDED])
})

const NOTHING: Bundle = { code: '', modules: new Map() }

/** The files of a page, which is at `/` itself. */
function pageOf(folder: string): Readonly<Record<string, string>> {
  return { ...filesOf(folder), '': join(project, folder, 'index.html') }
}

/** Paths of the files of a folder by their names in it. */
function filesOf(folder: string): Readonly<Record<string, string>> {
  const found = readdirSync(join(project, folder), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const paths = found.map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(paths.map((path) => [relative(join(project, folder), path), path]))
}
