import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { build, type Plugin } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { VERSION } from '../../cli/version.ts'

interface Target {
  readonly types: string
  readonly default: string
}

type Conditions = Readonly<Record<'workerd' | 'edge-light' | 'worker' | 'browser', Target>>

interface Manifest {
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | (Target & Partial<Conditions>)>>
  readonly imports: Readonly<Record<string, Readonly<Record<string, string>>>>
}

const manifest: Manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const doors = Object.entries(manifest.exports).filter(([name]) => name !== './package.json')

test('ARCHITECTURE.md lists the doors that package.json exports, in order', () => {
  const section = readFileSync('ARCHITECTURE.md', 'utf8').split('## Doors')[1]?.split('\n## ')[0] ?? ''
  const listed = [...section.matchAll(/^\| `(kavachos[^`]*)` \|/gm)].map(([, name]) => name)
  expect(listed).toEqual(doors.map(([name]) => name.replace('.', 'kavachos')))
})

test('README.md names every door', () => {
  const readme = readFileSync('README.md', 'utf8')
  const missing = doors.map(([name]) => `\`${name.replace('.', 'kavachos')}\``).filter((name) => !readme.includes(name))
  expect(missing).toEqual([])
})

test('every door has its source, and types beside its code', () => {
  for (const [, target] of doors) {
    if (typeof target === 'string') continue
    if (target.default.endsWith('.wasm')) {
      expect([target.types, existsSync(target.types)]).toEqual([target.types, true])
      continue
    }
    for (const each of [target, ...Object.values(target).filter((one) => typeof one !== 'string')]) {
      expect(each.types).toBe(each.default.replace(/\.js$/, '.d.ts'))
      expect(isThere(each.default)).toBe(true)
    }
  }
  for (const path of Object.values(manifest.imports).flatMap((each) => Object.values(each))) {
    expect([path, isThere(path)]).toEqual([path, true])
  }
})

/** The source of a file of `dist`. */
function isThere(path: string): boolean {
  return existsSync(path.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts'))
}

describe('the door `kavachos`, as a bundler makes it', () => {
  const workers = ['workerd', 'edge-light', 'worker']

  test.each(workers)(
    'has a host and neither files, Node nor a copy of the engine in it where conditions say `%s`',
    async (condition) => {
      const { code, imports, exports, own } = await bundled([condition])
      expect(imports).toEqual([ENGINE])
      expect(exports).toContain('createKavach')
      expect(/\bnode:|better-sqlite3|getBuiltinModule/.exec(code)?.[0]).toBeUndefined()
      expect(code).not.toContain(CARRIED_START)
      expect(own.filter((path) => /\bBuffer\.[a-z]|\brequire\(/.test(readFileSync(path, 'utf8')))).toEqual([])
    },
  )

  test('gives Workers all that it gives Node, but for files', async () => {
    const { exports } = await bundled(['workerd'])
    const node = Object.keys(await import('../../index.ts'))
    expect([...exports].sort()).toEqual(node.filter((name) => name !== 'createFileSink').sort())
  })

  test('has the loader and no host in browsers', async () => {
    const { imports, exports, code } = await bundled(['browser'])
    expect(imports).toEqual([])
    expect([...exports].sort()).toEqual(LOADER_NAMES.toSorted())
    expect(code).toContain(CARRIED_START)
  })
})

/** What loads decision modules. */
const LOADER_NAMES = [
  'EngineError',
  'loadEngine',
  'loadLiveEngine',
  'loadSignedEngine',
  'loadSignedLiveEngine',
  'openEngine',
  'verifyPolicy',
]
/** How the engine begins that is carried as text. */
const CARRIED_START = readFileSync('build/engine.wasm').subarray(0, 60).toString('base64')
/** As bundlers leave it to whoever deploys. */
const ENGINE = 'engine.wasm'

/** The door with everything behind it in one file, from dist/. */
async function bundled(conditions: readonly string[]) {
  const engine: Plugin = {
    name: 'engine',
    setup({ onResolve }) {
      onResolve({ filter: /\.wasm$/ }, () => ({ path: ENGINE, external: true }))
    },
  }
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export * from 'kavachos'`, resolveDir: process.cwd() },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    conditions: [...conditions],
    plugins: [engine],
    write: false,
    metafile: true,
    outfile: 'door.js',
  })
  const [output] = Object.values(metafile.outputs)
  return {
    code: outputFiles[0]?.text ?? '',
    imports: [...new Set(output?.imports.map(({ path }) => path))],
    exports: output?.exports ?? [],
    own: Object.keys(metafile.inputs).filter((path) => path.startsWith('dist/')),
  }
}

test('the command and its version are those of package.json', () => {
  expect(manifest.bin).toEqual({ kavach: 'dist/cli/main.js' })
  expect(VERSION).toBe(manifest.version)
})

test('every door opens from inside the package, and gives what ARCHITECTURE.md says', () => {
  const program = `
    const names = ${JSON.stringify(doors.map(([name]) => name.replace('.', 'kavachos')).filter((name) => !name.endsWith('.wasm')))}
    const opened = await Promise.all(names.map(async (name) => [name, Object.keys(await import(name))]))
    console.log(JSON.stringify(Object.fromEntries(opened)))
  `
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const signing = [
    'MAX_SIGNATURES',
    'SIGNATURE_SECTION',
    'callerText',
    'createDigest',
    'formatSignature',
    'imageOfSource',
    'parseSignature',
    'readKey',
    'splitModule',
    'toSignedBytes',
  ]
  expect(JSON.parse(stdout)).toEqual({
    kavachos: [
      ...LOADER_NAMES,
      'ERROR_CODES',
      'KEY_SCOPES',
      'KavachError',
      'TOKEN_PATTERN',
      'createFileSink',
      'createKavach',
      'toError',
      'users',
      'verifyWebhook',
    ].sort(),
    'kavachos/engine': [...LOADER_NAMES, ...signing].sort(),
    'kavachos/compiler': [
      'RUNTIME_TEST_STATE',
      'addSignature',
      'administratorText',
      'analyze',
      'analyzePolicy',
      'attachSignature',
      'callerText',
      'checkPolicy',
      'compilePattern',
      'compileRegex',
      'createManifest',
      'createReference',
      'decompileImage',
      'diffPolicies',
      'digestOf',
      'disassemble',
      'emitAgentRecord',
      'emitDelegationsRecord',
      'emitImage',
      'emitSourceMap',
      'emitState',
      'emitTypes',
      'explainRequest',
      'formatPattern',
      'meterKeys',
      'parseCatalog',
      'parseCidr',
      'parseHours',
      'parseMoney',
      'parsePattern',
      'parsePolicy',
      'parseRegexBody',
      'parseState',
      'proveAssertion',
      'proveDelegation',
      'referenceFromText',
      'runTests',
      'spliceModule',
      'toCedar',
      'toCedarRequest',
      'weekRanges',
      'whatCan',
      'whoCan',
    ],
    'kavachos/grammar': [
      'MAX_SYNTAX_ERRORS',
      'SYNTAX_CODES',
      'nearest',
      'parsePolicy',
      'printPolicy',
      'renderDiagnostics',
    ],
    'kavachos/dev': ['watchPolicy'],
    'kavachos/hono': ['kavachRoutes', 'requirePermission'],
    'kavachos/express': ['kavachRoutes', 'requirePermission'],
    'kavachos/fastify': ['kavachRoutes', 'requirePermission'],
    'kavachos/next': ['toRouteHandlers', 'withPermission'],
    'kavachos/client': ['KavachError', 'createClient'],
    'kavachos/node': ['createPinnedFetch', 'serveNode', 'toNodeListener'],
  })
})
