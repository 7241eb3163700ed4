// `npm run bench -- prove`: assertions, checks in an editor and differences of policies, each against the time it may take.
// Every iteration begins with text or a model and a universe of its own: nothing is remembered from the one before.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { analyze, analyzePolicy, checkPolicy, diffPolicies, parsePolicy, proveAssertion } from 'kavachos/compiler'
import { Bench } from 'tinybench'
import { ADVERSARIES } from '../test/compiler/analyze/adversarial/policies.mjs'
import { describeMachine } from './machine.mjs'
import { editorText, largeModel, oneAgentText, teamText } from './prove-policy.mjs'
import { printTable } from './table.mjs'

const ACME = join(dirname(fileURLToPath(import.meta.url)), '../policies/acme')

/** Eleven more than the policy has, of every kind. */
const MORE = `
assert never * can execute on tool:shell when not args.command in ["ls", "pwd"]
assert never contractor can write on mcp:github:pulls when cost >= 0.51
assert never runtime can write on **
assert only reporter can execute on mcp:warehouse:query
assert only triager can write on mcp:wiki:**
assert every execute on mcp:deploy:production needs approval by "role:release-manager"
assert every execute on mcp:warehouse:query when not args.dry_run = false is denied
assert some reporter can read on mcp:logs:x
assert some runtime can read on mcp:wiki:x
assert never translator can write on **
assert translator within triager
`

export const options = {
  seconds: { type: 'string', default: '2' },
  rows: { type: 'string', default: 'prove,check,diff,hard' },
}

export const help = `npm run bench -- prove [--rows prove,check,diff,hard] [--seconds 2]
  --rows  which of them to measure`

export async function run(values) {
  const wanted = new Set(values.rows.split(','))
  const rows = await measureAll([...rowsOf(wanted)], Number(values.seconds) * 1000)
  console.log(`${describeMachine()}; each iteration from scratch, warmed up; ms\n`)
  printTable(
    ['what', 'median', 'min', 'max', 'runs', 'at most', ''],
    rows.map(({ name, limit, median, min, max, runs }) => [
      name,
      median.toFixed(1),
      min.toFixed(1),
      max.toFixed(1),
      String(runs),
      String(limit),
      median <= limit ? 'holds' : 'MISSED',
    ]),
  )
  return rows.every(({ median, limit }) => median <= limit) ? 0 : 1
}

function* rowsOf(wanted) {
  if (wanted.has('prove')) yield proveRow()
  if (wanted.has('check')) yield checkRow()
  if (wanted.has('diff')) yield* diffRows()
  if (wanted.has('hard')) for (const adversary of ADVERSARIES) yield hardRow(adversary)
}

function proveRow() {
  const files = readdirSync(ACME)
    .filter((name) => name.endsWith('.kavach'))
    .sort()
    .map((name) => parsePolicy(name, readFileSync(join(ACME, name), 'utf8')).file)
  files.push(parsePolicy('more.proof.kavach', MORE).file)
  const { model, assertions } = checkPolicy(files)
  if (assertions.length !== 20) throw new Error(`${assertions.length} assertions instead of 20`)
  return {
    name: 'prove 20 assertions of acme',
    limit: 50,
    work: () => {
      const policy = analyze(model)
      for (const { assertion, text } of assertions) {
        const { kind } = proveAssertion(policy, assertion)
        if (kind !== 'proved') throw new Error(`${kind}: ${text}`)
      }
    },
  }
}

function hardRow({ name, text }) {
  const { model, assertions } = checkPolicy([parsePolicy('policy.kavach', text).file])
  return {
    name: `unknown: ${name}`,
    limit: 2000,
    work: () => {
      const policy = analyze(model)
      for (const { assertion } of assertions) {
        const { kind } = proveAssertion(policy, assertion)
        if (kind !== 'unknown') throw new Error(`${kind}: ${name}`)
      }
    },
  }
}

function checkRow() {
  const text = editorText()
  return {
    name: `check ${text.split('\n').length.toLocaleString('en')} lines, as an editor does`,
    limit: 100,
    work: () => {
      const { file, diagnostics } = parsePolicy('policy.kavach', text)
      const checked = checkPolicy([file])
      const { unknown } = analyzePolicy({ ...checked, files: [file] }, { assertions: false })
      if (diagnostics.length > 0 || unknown > 0) throw new Error('the policy is not sound')
    },
  }
}

function* diffRows() {
  const [oldTeam, newTeam] = teamText().map(toModel)
  yield { name: 'diff 50 agents x 20 grants, 5 agents touched', limit: 300, work: () => differ(oldTeam, newTeam) }
  const [oldOne, newOne] = oneAgentText().map(toModel)
  yield { name: 'diff 1,000 grants of one agent', limit: 3000, work: () => differ(oldOne, newOne) }
  const [oldLarge, newLarge] = largeModel()
  yield { name: 'diff 100,000 grants, 5 changed', limit: 5000, work: () => differ(oldLarge, newLarge) }
}

function toModel(text) {
  const { model, diagnostics } = checkPolicy([parsePolicy('policy.kavach', text).file])
  if (model === undefined) throw new Error(JSON.stringify(diagnostics))
  return model
}

function differ(before, after) {
  const { newAccess, lostAccess, unknown } = diffPolicies({ model: before }, { model: after })
  if (newAccess.length + lostAccess.length === 0 || unknown.length > 0) throw new Error('the difference was not found')
}

async function measureAll(rows, ms) {
  const results = []
  for (const { name, limit, work } of rows) {
    const bench = new Bench({ time: ms, iterations: 3, warmupTime: ms / 2, warmupIterations: 1 })
    bench.add(name, work)
    await bench.run()
    const [{ result }] = bench.tasks
    if (result.error) throw result.error
    const { latency } = result
    results.push({ name, limit, median: latency.p50, min: latency.min, max: latency.max, runs: latency.samplesCount })
  }
  return results
}
