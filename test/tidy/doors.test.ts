import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { VERSION } from '../../cli/version.ts'

interface Manifest {
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
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
    expect(target.types).toBe(target.default.replace(/\.js$/, '.d.ts'))
    const source = target.default.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts')
    expect([source, existsSync(source)]).toEqual([source, true])
  }
})

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
  const loader = [
    'EngineError',
    'loadEngine',
    'loadLiveEngine',
    'loadSignedEngine',
    'loadSignedLiveEngine',
    'openEngine',
    'verifyPolicy',
  ]
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
      ...loader,
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
    'kavachos/engine': [...loader, ...signing].sort(),
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
