// `npm run quickstart`: compiles policies/acme to one WebAssembly module and decides requests with it.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadEngine } from 'kavachos/engine'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const POLICY = 'policies/acme'
const OUT = 'build/quickstart'
const ROUNDS = 1000

console.log(`$ npx kavach compile ${POLICY} -o ${OUT}`)
const command = [join(root, 'dist/cli/main.js'), 'compile', POLICY, '-o', OUT]
const { status, stderr } = spawnSync(process.execPath, command, { cwd: root, stdio: ['ignore', 'inherit', 'pipe'] })
if (status !== 0) {
  process.stderr.write(stderr)
  process.exit(status ?? 1)
}
const warnings = stderr.toString().match(/^warning\[/gm)?.length ?? 0
if (warnings > 0) console.log(`${warnings} warnings: \`npx kavach check ${POLICY}\` shows them`)

const engine = loadEngine(readFileSync(join(root, OUT, 'acme.wasm')))
const { rules } = JSON.parse(readFileSync(join(root, OUT, 'acme.map.json'), 'utf8'))
const lines = readFileSync(join(root, POLICY, 'requests.ndjson'), 'utf8')
  .trim()
  .split('\n')

const table = lines.map((line) => {
  const { id, ...request } = { readings: {}, ...JSON.parse(line) }
  const decision = engine.decide(request, { charge: 'caller' })
  const chain = [...(request.via ?? []), request.agent].join(' > ')
  const { decision: verdict, reason } = decision
  return [id, chain, `${request.action} ${request.resource}`, verdict, reason, ruleOf(decision), microseconds(request)]
})

printTable(['request', 'who', 'what', 'verdict', 'reason', 'decided by', 'us'], table)
console.log(`
decided by: the guardrail that denied, or the grant that was used; what no grant allows is denied without one.
us: microseconds a decision, the mean of ${ROUNDS} after as many to warm up, on this machine, now.`)

/** Where the rule stands that decided. */
function ruleOf({ guard, grant }) {
  const rule = rules[guard ?? grant]
  return rule === undefined ? '-' : `${rule.path}:${rule.line}`
}

function microseconds(request) {
  let started = 0
  for (let round = 0; round < 2 * ROUNDS; round++) {
    if (round === ROUNDS) started = performance.now()
    engine.decide(request, { charge: 'caller' })
  }
  return (((performance.now() - started) * 1000) / ROUNDS).toFixed(2)
}

function printTable(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
  const last = head.length - 1
  const cell = (text, column) => (column === last ? text.padStart(widths[column]) : text.padEnd(widths[column]))
  console.log()
  for (const row of [head, widths.map((width) => '-'.repeat(width)), ...rows]) console.log(row.map(cell).join('  '))
}
