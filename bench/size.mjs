// `npm run bench -- size`: what is downloaded: engine, loader, each door where it is used, and the modules of the peers. `npm run size`
// holds ours against their limits.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { DOORS } from '../scripts/doors.mjs'
import { graphOf } from '../scripts/graph.mjs'
import { untilInterrupted } from './interrupt.mjs'
import { progress } from './progress.mjs'
import { conclude, limit } from './report.mjs'
import { smallerOf } from './size-report.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const MAX_ENGINE_BYTES = 20_000
const MAX_TOGETHER_GZIPPED = 12_000

export const options = {}
export const quick = {}
export const help = `npm run bench -- size
  bytes as they are and gzipped: engine, loader, doors, and what the peers need`

const PEERS = {
  'Cedar: module': { file: 'node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm' },
  'Cedar: its loader': { text: "export * from '@cedar-policy/cedar-wasm/web'", without: /\.wasm$/ },
  CASL: {
    text: "export { createMongoAbility } from '@casl/ability'",
    why: 'it is JavaScript that goes through rules which are objects, without a module',
  },
  casbin: { text: "export { newEnforcer, newModelFromString } from 'casbin'" },
}

export async function run(values) {
  const rows = []
  await untilInterrupted(measureAll(rows))
  const of = (what) => rows.find((row) => row.what === what)
  const engine = of('engine')
  const loader = of('loader')
  const ahead = smallerOf(rows)
  return conclude(
    {
      suite: 'size',
      how: 'bytes; bundled and minified for the platform, with all that is imported later',
      packages: ['@cedar-policy/cedar-wasm', '@casl/ability', 'casbin', 'rolldown'],
      rows,
      tables: [
        {
          columns: ['what', 'bytes', 'gzipped', ''],
          rows: rows.map(({ what, bytes, gzippedBytes, packages }) => [
            ahead.some((peer) => peer.what === what) ? `${what} *` : what,
            whole(bytes),
            whole(gzippedBytes),
            packages.length === 0 ? '' : `with ${packages.join(', ')}`,
          ]),
        },
      ],
      limits: [
        limit('engine', engine?.bytes, { atMost: MAX_ENGINE_BYTES, unit: ' bytes' }),
        limit('loader and engine, gzipped', loader?.gzippedBytes + engine?.gzippedBytes, {
          atMost: MAX_TOGETHER_GZIPPED,
          unit: ' bytes',
        }),
      ],
      notes: ahead.map(
        ({ what }) =>
          `* ${what} is smaller than engine and loader: ${PEERS[what].why ?? 'the bundle does not say why yet'}.`,
      ),
    },
    values,
  )
}

async function* measureAll(rows) {
  rows.push({ what: 'engine', ...sizeOf('build/engine.wasm') })
  progress('size: loader')
  const text = "export { loadEngine } from 'kavachos/engine'"
  rows.push({ what: 'loader', ...(await graph({ text, without: /engine-bytes\.js$/ })) })
  yield
  for (const { door, platform } of DOORS) {
    progress(`size: ${door}, ${platform}`)
    rows.push({ what: `${door}, ${platform}`, ...(await graph({ door, platform })) })
    yield
  }
  for (const [what, { file, ...question }] of Object.entries(PEERS)) {
    progress(`size: ${what}`)
    rows.push({ what, isPeer: true, ...(file === undefined ? await graph(question) : sizeOf(file)) })
    yield
  }
}

function sizeOf(path) {
  const bytes = readFileSync(join(root, path))
  return { bytes: bytes.length, gzippedBytes: gzipSync(bytes, { level: 9 }).length, packages: [] }
}

async function graph(question) {
  const { bytes, gzippedBytes, packages } = await graphOf({ platform: 'browser', ...question })
  return { bytes, gzippedBytes, packages }
}

function whole(value) {
  return Math.round(value).toLocaleString('en')
}
