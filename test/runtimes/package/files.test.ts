/** What is in the tarball, and what tools say of it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { DOORS } from '../../../scripts/doors.mjs'
import { graphOf } from '../../../scripts/graph.mjs'
import { doors, pack, run, succeed, tool } from './project.ts'

const MAX_PACKED_BYTES = 1_500_000
const MAX_UNPACKED_BYTES = 5_000_000

test('the package is as small as it should be', () => {
  const { packedBytes, unpackedBytes, files } = pack()
  console.log(`package: ${files.length} files, ${packedBytes} bytes packed, ${unpackedBytes} unpacked`)
  expect(packedBytes).toBeLessThanOrEqual(MAX_PACKED_BYTES)
  expect(unpackedBytes).toBeLessThanOrEqual(MAX_UNPACKED_BYTES)
})

test('it holds code, types, the engine, policies and docs, and nothing else', () => {
  const { files } = pack()
  const kinds: readonly RegExp[] = [
    /^dist\/[a-z0-9/-]+\.(js|d\.ts)$/,
    /^build\/engine\.wasm$/,
    /^engine-wasm\/engine\.wasm\.d\.ts$/,
    /^docs\/[A-Za-z0-9_/-]+\.(md|svg)$/,
    /^policies\/[a-z-]+\/(catalog\/)?[a-z-]+(\.(proof|test|tools))?\.(kavach|json|ndjson)$/,
    /^policies\/[a-z-]+\/README\.md$/,
    /^\.github\/actions\/[a-z-]+\/[a-z-]+\.(yml|mjs|md)$/,
    /^\.pre-commit-hooks\.yaml$/,
    /^(package\.json|LICENSE|NOTICE|(README|CHANGELOG|ARCHITECTURE|RELIABILITY|THIRD_PARTY)\.md)$/,
  ]
  expect(files.filter((file) => !kinds.some((kind) => kind.test(file)))).toEqual([])
  const wanted = [
    'build/engine.wasm',
    'dist/cli/main.js',
    'docs/language.md',
    'docs/errors/README.md',
    'policies/starter/starter.kavach',
    'LICENSE',
    'NOTICE',
    'THIRD_PARTY.md',
  ]
  expect(wanted.filter((file) => !files.includes(file))).toEqual([])
})

/** What README.md shows or links to and is left out. */
const LEFT_OUT = [
  // It would be an eighth of all bytes, for a picture of a page that is not in the package.
  'docs/images/playground.png',
  // They run where the sources are, with packages that users of the package do not need.
  'examples',
]

test('what README shows and links to is in it, but for what is left out on purpose', () => {
  const { files } = pack()
  const targets = [...readFileSync('README.md', 'utf8').matchAll(/\]\(([^)#\s]+)/g)]
    .map(([, target = '']) => target.replace(/\/$/, ''))
    .filter((target) => !/^[a-z]+:/.test(target))
  expect(targets).toEqual(expect.arrayContaining(['docs/figures/flow.svg', 'docs/figures/decide.svg']))
  const isPacked = (target: string) => files.some((file) => file === target || file.startsWith(`${target}/`))
  expect([...new Set(targets.filter((target) => !isPacked(target)))].sort()).toEqual(LEFT_OUT)
})

test('every module of it is behind a door or the command, and has its types', async () => {
  const modules = pack().files.filter((file) => /^dist\/.*\.js$/.test(file))
  const graphs = [
    ...DOORS.map(({ door, platform }) => graphOf({ door, platform })),
    graphOf({ text: `import ${JSON.stringify(resolve('dist/cli/main.js'))}`, platform: 'node' }),
  ]
  const used = new Set((await Promise.all(graphs)).flatMap((graph) => graph.modules))
  // What is left of a module of types.
  const isEmpty = (file: string) => /^(\/\*[\s\S]*?\*\/\s*)?export \{\};\s*$/.test(readFileSync(file, 'utf8'))
  expect(modules.filter((file) => !used.has(file) && !isEmpty(file))).toEqual([])
  const types = modules.map((file) => file.replace(/\.js$/, '.d.ts'))
  expect(pack().files.filter((file) => /^dist\/.*\.d\.ts$/.test(file))).toEqual(expect.arrayContaining(types))
  expect([...used].filter((file) => file.startsWith('dist/') && !modules.includes(file))).toEqual([])
})

test('no file names a folder of this machine, or a source map', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kavach-files-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  succeed('tar', ['-xzf', pack().tarball, '-C', folder], folder)
  const places = [resolve('.'), homedir()].filter((place) => place.length > '/root'.length)
  const found = pack().files.filter((file) => {
    const text = readFileSync(join(folder, 'package', file), 'latin1')
    return places.some((place) => text.includes(place)) || text.includes('sourceMappingURL')
  })
  expect(found).toEqual([])
})

test('publint finds nothing', () => {
  const { status, stdout, stderr } = run(
    process.execPath,
    [tool('PACKAGING', 'publint/src/cli.js'), pack().tarball, '--strict'],
    tmpdir(),
  )
  expect({ status, said: stdout.trim().split('\n').at(-1), stderr }).toEqual({
    status: 0,
    said: 'All good!',
    stderr: '',
  })
})

test('attw finds types behind every door, under its profile for packages of modules', () => {
  const attw = tool('PACKAGING', '@arethetypeswrong/cli/dist/index.js')
  const options = ['--profile', 'esm-only', '--format', 'ascii', '--no-color', '--no-emoji']
  const { status, stdout } = run(process.execPath, [attw, pack().tarball, ...options], tmpdir())
  const missing = doors().filter((door) => !stdout.includes(`"${door}"\n\nnode16 (from ESM): OK (ESM)\nbundler: OK`))
  expect({ status, missing }).toEqual({ status: 0, missing: [] })
})
