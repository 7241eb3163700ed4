/** Programs in TypeScript that installed the package, under each way to resolve modules and with two majors of the compiler. */
import { resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { addPackages, doors, newShop, run, tool, write } from './project.ts'

const COMPILERS = [
  ['TypeScript 7', resolve('node_modules/typescript/bin/tsc')],
  ['TypeScript 5.9', tool('PACKAGING', 'typescript/bin/tsc')],
] as const
const RESOLUTIONS = [
  ['bundler', 'esnext'],
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
] as const

const project = newShop()

const PROGRAM = `import { createKavach, KavachError, type AuthorizeResult } from 'kavachos'
import { createClient } from 'kavachos/client'
import { checkPolicy, emitImage } from 'kavachos/compiler'
import { type Decision, type Engine, loadEngine } from 'kavachos/engine'
import engineModule from 'kavachos/engine.wasm'
import { parsePolicy, renderDiagnostics } from 'kavachos/grammar'
import { toRouteHandlers } from 'kavachos/next'
import type { Request } from './shop.d.ts'

const engine: Engine<Request> = loadEngine<Request>(new Uint8Array())
const decision: Decision = engine.decide({ agent: 'clerk', action: 'read', resource: 'mcp:docs:handbook' })
// @ts-expect-error: nobody has this name.
engine.decide({ agent: 'clrek', action: 'read', resource: 'mcp:docs:handbook' })
// @ts-expect-error: no rule has this action.
engine.decide({ agent: 'clerk', action: 'reed', resource: 'mcp:docs:handbook' })
// @ts-expect-error: no grant covers this resource.
engine.decide({ agent: 'clerk', action: 'read', resource: 'mcp:dosc:handbook' })
// @ts-expect-error: this member is not known.
engine.decide({ agent: 'clerk', action: 'read', resource: 'mcp:docs:handbook', resorce: '' })

const { file, diagnostics } = parsePolicy('shop.kavach', 'policy shop')
const { model } = checkPolicy([file])
const image: Uint8Array | undefined = model && emitImage(model)
const exports: readonly WebAssembly.ModuleExportDescriptor[] = WebAssembly.Module.exports(engineModule)

const kavach = await createKavach({ database: { provider: 'memory' } })
// @ts-expect-error: a host has a database.
createKavach({ databse: { provider: 'memory' } })
const result: AuthorizeResult = await kavach.authorize('clerk', { action: 'read', resource: 'mcp:docs:handbook' })
const handlers = toRouteHandlers(kavach)
const client = createClient({ url: 'https://kavach.example', key: 'key' })
export { client, decision, exports, handlers, image, KavachError, renderDiagnostics, diagnostics, result }
`

interface Compiled {
  readonly isFine: boolean
  /** One line an error. */
  readonly said: readonly string[]
}

/** What the compiler says of a file. It fails for errors of the file and for nothing else. */
function compile(tsc: string, file: string, options: object): Compiled {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
    skipLibCheck: true,
    ...options,
  }
  write(project, { 'tsconfig.json': JSON.stringify({ compilerOptions, files: [file] }) })
  const { status, stdout, stderr } = run(process.execPath, [tsc, '--pretty', 'false', '-p', '.'], project)
  const said = stdout.split('\n').filter((line) => /error TS\d+/.test(line))
  // A compiler that is missing, or that ends early, says nothing of the file.
  const isSound = status === 0 ? said.length === 0 : said.length > 0
  if (stderr !== '' || !isSound) expect.fail(`${tsc} ended with ${status}:\n${stdout}\n${stderr}`)
  return { isFine: status === 0, said }
}

const FINE: Compiled = { isFine: true, said: [] }

beforeAll(() => {
  write(project, {
    'program.ts': PROGRAM,
    'program.cts': `import kavachos = require('kavachos')
import { loadEngine } from 'kavachos/engine'
export const given = [kavachos.createKavach, loadEngine]
`,
    'doors.ts': importsOf(doors()),
    'small.ts': importsOf(['kavachos/engine', 'kavachos/client', 'kavachos/compiler', 'kavachos/grammar']),
  })
  // Types that users of express, fastify and Node have.
  addPackages(project, ['@types/node', '@types/express', 'fastify'])
})

function importsOf(names: readonly string[]): string {
  const imports = names.map((name, i) => `import * as door${i} from '${name}'`)
  return `${imports.join('\n')}\nexport const all = [${names.map((_, i) => `door${i}`)}]\n`
}

describe.each(COMPILERS)('%s', (_, tsc) => {
  test.each(RESOLUTIONS)('checks a program with moduleResolution %s', (moduleResolution, module) => {
    const options = { module, moduleResolution, allowImportingTsExtensions: true }
    expect(compile(tsc, 'program.ts', options)).toEqual(FINE)
  })

  test('checks a script that requires the package', () => {
    expect(compile(tsc, 'program.cts', { module: 'nodenext', moduleResolution: 'nodenext' })).toEqual(FINE)
  })

  test('finds nothing to say of declarations without the host, when it reads all of them', () => {
    const options = { module: 'nodenext', moduleResolution: 'nodenext', skipLibCheck: false }
    expect(compile(tsc, 'small.ts', options)).toEqual(FINE)
  })
})

test.each(['workerd', 'browser'])('finds the types of doors where conditions say %s', (condition) => {
  const options = { module: 'esnext', moduleResolution: 'bundler', customConditions: [condition] }
  expect(compile(COMPILERS[0][1], 'doors.ts', options)).toEqual(FINE)
})

test('of all declarations, those of drizzle-orm alone have errors', () => {
  const options = { module: 'nodenext', moduleResolution: 'nodenext', skipLibCheck: false, types: ['node'] }
  const { said } = compile(COMPILERS[0][1], 'doors.ts', options)
  // They are about databases that are not installed, and their options.
  expect(said.filter((line) => !line.startsWith('node_modules/drizzle-orm/'))).toEqual([])
})

test('a compiler that cannot run is no compiler that is content', () => {
  const options = { module: 'nodenext', moduleResolution: 'nodenext' }
  expect(() => compile(resolve('node_modules/typescript/bin/none'), 'small.ts', options)).toThrow('ended with 1')
})
