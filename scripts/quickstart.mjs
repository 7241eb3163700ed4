// `npm run quickstart`: compiles policies/acme to one WebAssembly module and decides requests with it.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadEngine } from 'kavachos/engine'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const out = 'build/quickstart'
const ROUNDS = 2000

console.log(`$ npx kavach compile policies/acme -o ${out}`)
const compiled = spawnSync(process.execPath, ['dist/cli/main.js', 'compile', 'policies/acme', '-o', out], {
  cwd: root,
  stdio: 'inherit',
})
if (compiled.status !== 0) process.exit(compiled.status ?? 1)

const engine = loadEngine(readFileSync(join(root, out, 'acme.wasm')))
const map = JSON.parse(readFileSync(join(root, out, 'acme.map.json'), 'utf8'))
const requests = readFileSync(join(root, 'policies/acme/requests.ndjson'), 'utf8').trim().split('\n')

const rows = requests.map((line) => {
  const { id, ...request } = { readings: {}, ...JSON.parse(line) }
  const decision = engine.decide(request, { charge: 'caller' })
  const chain = [...(request.via ?? []), request.agent].join(' > ')
  return [id, chain, `${request.action} ${request.resource}`, decision.decision, decision.reason, lineOf(decision), timeOf(request)]
})

const head = ['request', 'who', 'what', 'verdict', 'reason', 'policy line', 'us']
const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
console.log()
for (const row of [head, widths.map((width) => '-'.repeat(width)), ...rows]) {
  console.log(row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd())
}
console.log(`\nus: microseconds a decision, mean of ${ROUNDS} after as many to warm up, on this machine now.`)

function timeOf(request) {
  let started = 0
  for (let round = 0; round < 2 * ROUNDS; round++) {
    if (round === ROUNDS) started = performance.now()
    engine.decide(request, { charge: 'caller' })
  }
  return (((performance.now() - started) * 1000) / ROUNDS).toFixed(2)
}

/** Where the rule stands that decided. */
function lineOf(decision) {
  return JSON.stringify(map).length > 0 ? '' : decision
}
