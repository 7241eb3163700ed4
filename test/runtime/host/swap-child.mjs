// A host that decides without a pause while its policies are swapped, and says what it saw.
// node --expose-gc swap-child.mjs FILE SWAPS [stage | watch]
//
// `stage`: each policy is a shadow and staged before it is enforced. `watch`: another process swaps them.
//
// A policy of an even generation lets everybody read `doc:even` and nothing else, one of an odd generation `doc:odd`. So each answer, and
// each row of the log, shows whether it is that of the policy which it names.
import { createKavach } from 'kavachos'
import { checkPolicy, emitImage, parsePolicy } from 'kavachos/compiler'

const [file, count, mode] = process.argv.slice(2)
const swaps = Number(count)
const CALLERS = 64
const NAMES = ['even', 'odd']
const AGENTS = ['planner', 'reader', 'writer', 'editor']

const models = NAMES.map((name) => {
  const agents = AGENTS.map((agent) => `autonomous agent ${agent} { allow read on doc:${name} }`)
  const { model } = checkPolicy([parsePolicy('p.kavach', `policy p\n${agents.join('\n')}`).file])
  return model
})
const imageOf = (generation) => emitImage({ ...models[generation % 2], generation })

const kavach = await createKavach({
  database: { provider: 'sqlite', url: file },
  policy: mode === 'watch' ? undefined : imageOf(1),
  deadlineMs: 30_000,
  anomaly: { consecutiveDenials: false },
  warn() {},
})
const seen = { decisions: 0, wrong: 0, failed: 0, backward: 0, rows: 0, wrongRows: 0, shadows: 0, generations: 0 }
const digests = new Map()
const note = ({ generation, digest }) => digests.set(generation, digest)
note(await kavach.policy.current())

const isRight = (resource, isAllowed, generation) => isAllowed === (resource === `doc:${NAMES[generation % 2]}`)

let isOver = false
let latest = 0
async function call(caller) {
  for (let i = caller; !isOver; i++) {
    const resource = `doc:${NAMES[i % 2]}`
    const answer = await kavach.authorize(AGENTS[i % AGENTS.length], { action: 'read', resource })
    seen.decisions++
    if (answer.reason !== 'allowed' && answer.reason !== 'no-grant') seen.failed++
    const { generation, digest } = answer.policy
    // A policy decides before whoever brought it into force is told so.
    if (!isRight(resource, answer.allowed, generation) || (digests.get(generation) ?? digest) !== digest) seen.wrong++
    // A stage is for some agents, so generations alternate.
    if (generation < latest && mode !== 'stage') seen.backward++
    latest = Math.max(latest, generation)
    if (mode === 'watch' && latest === swaps + 1) isOver = true
  }
}

function memory() {
  globalThis.gc()
  return process.memoryUsage()
}

const callers = Array.from({ length: CALLERS }, (_, caller) => call(caller))
if (mode === 'watch') {
  await Promise.all(callers)
  await kavach.close()
  process.stdout.write(JSON.stringify({ ...seen, latest }))
  process.exit()
}

let before = memory()
for (let generation = 2; generation < swaps + 2; generation++) {
  if (generation === Math.ceil(swaps / 5)) before = memory()
  const image = imageOf(generation)
  if (mode === 'stage') {
    await kavach.policy.shadow(image)
    note(await kavach.policy.stage(image, { percent: 50 }))
  }
  note(await kavach.policy.reload(image))
}
isOver = true
await Promise.all(callers)
const after = memory()
const grown = (what) => (after[what] - before[what]) / 2 ** 20

const generations = new Set()
for (let cursor; ; ) {
  const rows = await kavach.audit.query({ kind: 'decision', order: 'asc', limit: 10_000, cursor })
  for (const { resource, result, policy, shadow } of rows) {
    seen.rows++
    generations.add(policy.generation)
    const isAllowed = result === 'allowed'
    if (!isRight(resource, isAllowed, policy.generation) || digests.get(policy.generation) !== policy.digest)
      seen.wrongRows++
    // The next policy always differs from the one that decides.
    if (shadow !== undefined) {
      seen.shadows++
      if ((shadow.verdict === 'allow') === isAllowed) seen.wrongRows++
    }
  }
  if (rows.length < 10_000) break
  cursor = rows.at(-1).auditId
}
seen.generations = generations.size
await kavach.close()
process.stdout.write(JSON.stringify({ ...seen, heapMiB: grown('heapUsed'), externalMiB: grown('external') }))
