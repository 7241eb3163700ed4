import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { describe, expect, test } from 'vitest'
import { CARRIED, FLOORS, faultOfImport, faultsOfText, importsOf, ROOF, valueImportsOf } from './floors.ts'

const sources = [...FLOORS.flat().map(({ path }) => path), ...ROOF].flatMap(filesOf)
const files = [...new Set(sources)].sort().map((path) => ({ path, text: readFileSync(path, 'utf8') }))

describe('the floors', () => {
  test('hold every import of every source', () => {
    const faults = files.flatMap(({ path, text }) =>
      importsOf(text).flatMap((specifier) => {
        const fault = faultOfImport(path, specifier)
        return fault === undefined ? [] : [`${path} imports ${specifier}: ${fault}`]
      }),
    )
    expect(faults).toEqual([])
  })

  test('keep clock, randomness, sockets and Node out of what runs anywhere', () => {
    expect(files.flatMap(({ path, text }) => faultsOfText(path, text))).toEqual([])
  })

  test('keep every bare import out of what stands behind kavachos/engine', () => {
    expect(reachable('engine-wasm/host/index.ts').filter((specifier) => !specifier.startsWith('.'))).toEqual([])
  })

  test('let a door list its exports by name', () => {
    const starred = files.filter(({ text }) => /^export \*/m.test(text)).map(({ path }) => path)
    expect(starred).toEqual([])
  })
})

describe('a planted violation is caught', () => {
  test.each([
    [
      'compiler/model/policy.ts',
      '../front/index.ts',
      'compiler/model may not use compiler/front: an import points down',
    ],
    [
      'grammar/parser.ts',
      '../compiler/emit/image.ts',
      'compiler/emit/image.ts is behind the door compiler/emit/index.ts',
    ],
    ['compiler/emit/image.ts', '../../grammar/index.ts', 'compiler/emit may not use grammar: an import points down'],
    ['runtime/authorize.ts', '../grammar/index.ts', 'runtime may not use grammar'],
    ['runtime/authorize.ts', '../storage/index.ts', 'runtime may not use storage: an import points down'],
    [
      'compiler/reference/decide.ts',
      '../front/index.ts',
      'compiler/reference may not use compiler/front: an import points down',
    ],
    ['compiler/reference/decide.ts', '../emit/index.ts', 'compiler/reference may not use compiler/emit'],
    ['engine-wasm/host/engine.ts', 'chevrotain', 'engine-wasm/host may not use the package chevrotain'],
    ['compiler/front/resolve.ts', 'node:fs', 'compiler/front may not use node:fs'],
    ['cli/main.ts', '../test/cli/main.test.ts', 'nothing below may use test/cli/main.test.ts'],
    ['index.ts', './cli/main.ts', 'index.ts may not use cli: an import points down'],
    ['compiler/emit/image.ts', '#carried', 'compiler/emit may not use #carried'],
    ['create-kavach.ts', './storage/d1/store.ts', 'storage/d1/store.ts is behind the door storage/index.ts'],
    ['attic/old.ts', './new.ts', 'attic/old.ts stands on no floor'],
  ])('%s importing %s', (from, specifier, fault) => {
    expect(faultOfImport(from, specifier)).toBe(fault)
  })

  test.each([
    ['grammar/parser.ts', '../compiler/model/index.ts'],
    ['compiler/front/index.ts', '../emit/index.ts'],
    ['compiler/model/policy.ts', './literals/values.ts'],
    ['cli/main.ts', 'commander'],
    ['engine-wasm/host/load.ts', '#carried'],
    ['worker-kavach.ts', './storage/worker.ts'],
    ['test/cli/main.test.ts', '../../cli/main.ts'],
  ])('and %s may import %s', (from, specifier) => {
    expect(faultOfImport(from, specifier)).toBeUndefined()
  })

  test.each([
    ['const now = Date.now()', ['compiler/front/x.ts names the clock']],
    ['const now = new Date()', ['compiler/front/x.ts names the clock']],
    ['const id = Math.random()', ['compiler/front/x.ts names randomness']],
    ['const text = Buffer.from("x")', ['compiler/front/x.ts names Buffer']],
    ['if (process.env.DEBUG) run()', ['compiler/front/x.ts names process']],
    ['await fetch(url)', ['compiler/front/x.ts names a socket']],
    ['// Date.now() is an argument here\nconst at = new Date(ms)', []],
  ])('in the text %s', (text, faults) => {
    expect(faultsOfText('compiler/front/x.ts', text)).toEqual(faults)
  })

  test('whichever way it is imported', () => {
    const text = [
      "import a from 'a'",
      "import type { B } from 'b'",
      "import {\n  c,\n} from 'c'",
      "import 'd'",
      "export { e } from 'e'",
      "export const f = await import('f')",
      "// import g from 'g'",
      "const url = 'http://import.from/h'",
    ].join('\n')
    expect(importsOf(text)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(valueImportsOf(text)).toEqual(['a', 'c', 'd', 'e', 'f'])
  })
})

function filesOf(path: string): readonly string[] {
  if (path.endsWith('.ts')) return [path]
  try {
    return readdirSync(path, { recursive: true, encoding: 'utf8' })
      .map((name) => join(path, name.replaceAll('\\', '/')))
      .filter((name) => name.endsWith('.ts') && !name.includes('node_modules/'))
  } catch {
    return []
  }
}

/** Every specifier that a program gets when it imports `path`. */
function reachable(path: string): readonly string[] {
  const seen = new Set<string>()
  const found: string[] = []
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const named of valueImportsOf(readFileSync(file, 'utf8'))) {
      const specifier = named === CARRIED ? './carried.ts' : named
      found.push(specifier)
      if (specifier.startsWith('.')) visit(join(dirname(file), specifier))
    }
  }
  if (filesOf(dirname(path)).includes(path)) visit(path)
  return found
}
