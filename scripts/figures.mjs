// `npm run figures`: the figures of README.md and the pages, from what `npm run bench` measured. Results below build/bench are taken into
// docs/figures/bench.json, and from this file alone the blocks between `<!-- figures:NAME -->` and `<!-- /figures:NAME -->` and the plots
// are made. `--check` changes nothing and fails when something is not as the file says.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { BLOCKS, fillBlocks, originOf } from '../bench/figures/blocks.mjs'
import { plotDecide } from '../bench/figures/plot.mjs'
import { SUITES } from '../bench/suites.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const RESULTS = 'docs/figures/bench.json'
const PAGES = ['README.md', 'docs/benchmarks.md']
const PLOTS = { 'docs/figures/decide.svg': plotDecide }

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false }, help: { type: 'boolean' } } })
if (values.help) {
  console.log(`npm run figures [-- --check]\n  blocks: ${Object.keys(BLOCKS).join(', ')}`)
  process.exit(0)
}
if (!existsSync(join(root, RESULTS)) && values.check) {
  console.error(`${RESULTS} is missing: run \`npm run bench && npm run figures\``)
  process.exit(66)
}

const results = values.check ? known() : gather()
const wanted = new Map(Object.entries(PLOTS).map(([path, plot]) => [path, plot(results)]))
for (const path of PAGES) if (existsSync(join(root, path))) wanted.set(path, fillBlocks(read(path), results))
if (!values.check) wanted.set(RESULTS, `${JSON.stringify(results, undefined, 1)}\n`)

const stale = [...wanted].filter(([path, text]) => !existsSync(join(root, path)) || read(path) !== text)
for (const [path, text] of stale) {
  if (values.check) console.error(`${path} is not what ${RESULTS} says: run \`npm run figures\``)
  else {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    console.log(`${path} written`)
  }
}
if (!values.check) report()
process.exit(values.check && stale.length > 0 ? 1 : 0)

/** The suites that were measured here last, and of the others what is known. */
function gather() {
  const found = { ...known() }
  for (const name of Object.keys(SUITES)) {
    const file = join(root, 'build/bench', `${name}.json`)
    if (existsSync(file)) found[name] = withQuick(JSON.parse(readFileSync(file, 'utf8')))
  }
  return found
}

/** With what `--quick` took, where it ran whole on the same engine. */
function withQuick(result) {
  const file = join(root, 'build/bench/quick', `${result.suite}.json`)
  if (!existsSync(file) || result.origin === undefined) return result
  const { origin } = JSON.parse(readFileSync(file, 'utf8'))
  if (origin?.runSeconds === undefined || origin.engine !== result.origin.engine) return result
  return { ...result, origin: { ...result.origin, quickSeconds: origin.runSeconds } }
}

function report() {
  for (const name of Object.keys(SUITES)) {
    const { measured, load } = results[name] ?? {}
    const busy = load === undefined ? '' : `, when the machine was busy (load ${load})`
    console.log(`${name}: ${measured === undefined ? 'not measured' : `measured ${measured}${busy}`}`)
  }
  for (const line of originOf(Object.values(results))) console.log(line.replaceAll('**', ''))
}

function known() {
  return existsSync(join(root, RESULTS)) ? JSON.parse(read(RESULTS)) : {}
}

function read(path) {
  return readFileSync(join(root, path), 'utf8')
}
