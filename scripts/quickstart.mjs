// `npm run quickstart`: compiles policies/acme to one WebAssembly module and decides requests with it; then opens a host under
// policies/starter, in a temporary folder, lets an agent ask, and verifies the log.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createKavach } from 'kavachos'
import { loadEngine } from 'kavachos/engine'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const POLICY = 'policies/acme'
const HOST_POLICY = 'policies/starter'
const OUT = 'build/quickstart'
const ROUNDS = 1000

compile(POLICY)
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
us: microseconds a decision, the mean of ${ROUNDS} after as many to warm up, on this machine, now.
`)

compile(HOST_POLICY)
await openHost()

/** Runs the compiler as one does, and ends here when it finds errors. */
function compile(policy) {
  console.log(`$ npx kavach compile ${policy} -o ${OUT}`)
  const command = [join(root, 'dist/cli/main.js'), 'compile', policy, '-o', OUT]
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: root, stdio: ['ignore', 'inherit', 'pipe'] })
  if (status !== 0) {
    process.stderr.write(stderr)
    process.exit(status ?? 1)
  }
  const warnings = stderr.toString().match(/^warning\[/gm)?.length ?? 0
  if (warnings > 0) console.log(`${warnings} warnings: \`npx kavach check ${policy}\` shows them`)
}

/** A host: an agent is made, asks, and both are rows of a log that verifies. */
async function openHost() {
  const home = mkdtempSync(join(tmpdir(), 'kavach-quickstart-'))
  const kavach = await createKavach({
    database: { provider: 'sqlite', url: join(home, 'kavach.db') },
    policy: readFileSync(join(root, OUT, 'starter.wasm')),
  })
  const { name, generation } = await kavach.policy.current()
  console.log(`host: policy ${name}, generation ${generation}, in ${join(home, 'kavach.db')}`)

  const { agent, token } = await kavach.agents.create({
    ownerId: 'user-123',
    name: 'reader',
    type: 'autonomous',
    permissions: [{ resource: 'mcp:docs:**', actions: ['read', 'write'] }],
  })
  console.log(`agent ${agent.name}: ${agent.id}, token ${token.slice(0, 7)}...`)
  const requests = [
    ['read', 'mcp:docs:handbook'],
    ['write', 'mcp:docs:handbook'],
    ['delete', 'mcp:docs:handbook'],
  ]
  const answers = []
  for (const [action, resource] of requests) {
    const { allowed, reason, auditId } = await kavach.authorizeByToken(token, { action, resource })
    answers.push([`${action} ${resource}`, allowed ? 'allowed' : 'denied', reason, auditId])
  }
  printTable(['what', 'answer', 'reason', 'row'], answers)

  const [row] = await kavach.audit.query({ agentId: agent.id, result: 'allowed' })
  console.log(`\nthe row of the first:\n${JSON.stringify(row, undefined, 2)}`)
  const { size, root: head } = await kavach.audit.verify()
  console.log(`the log verifies: ${size} rows, root ${head}`)
  await kavach.close()
  rmSync(home, { recursive: true })
}

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
