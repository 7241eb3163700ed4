// One contender of `npm run bench -- compile`: reads W2g as text once in a fresh process and then again for a while, and prints a line of
// JSON. node compile-child.mjs CONTENDER MS
import { createRequire } from 'node:module'
import { workloadText } from './policy-text.mjs'
import { createWorkload } from './workload.mjs'

const [contender, ms] = process.argv.slice(2)
const workload = createWorkload('W2g', { pool: 2 })

const CONTENDERS = {
  async 'kavachos: text to module'() {
    const { check, toModule } = await import('./compile-work.mjs')
    const text = workloadText(workload)
    return { text, work: () => toModule(check(text).model) }
  },
  async 'kavachos: text to model, checked'() {
    const { check } = await import('./compile-work.mjs')
    const text = workloadText(workload)
    return { text, work: () => check(text) }
  },
  async 'Cedar: text to policy set'() {
    const { checkParsePolicySet } = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs')
    const { toPolicy } = await import('./peers/cedar.mjs')
    const lines = []
    for (let i = 0; i < workload.spec.agents; i++)
      for (const grant of workload.grants(i)) lines.push(toPolicy(grant, workload.agentId(i)))
    const text = lines.join('\n')
    const work = () => {
      const { type } = checkParsePolicySet({ staticPolicies: text })
      if (type !== 'success') throw new Error(type)
    }
    return { text, work }
  },
  async 'casbin: lines to enforcer'() {
    const { newEnforcer, newModelFromString, StringAdapter } = await import('casbin')
    const { modelOf } = await import('./peers/casbin.mjs')
    const lines = []
    for (let i = 0; i < workload.spec.agents; i++)
      for (const { resource, action } of workload.grants(i))
        lines.push(`p, ${workload.agentId(i)}, ${resource}, ${action}`)
    const text = lines.join('\n')
    return { text, work: () => newEnforcer(newModelFromString(modelOf(workload)), new StringAdapter(text)) }
  },
}

const { text, work } = await CONTENDERS[contender]()
const before = process.resourceUsage().maxRSS
const coldMs = await time()
const peakKib = process.resourceUsage().maxRSS
const warm = []
for (const until = performance.now() + Number(ms); performance.now() < until || warm.length === 0; )
  warm.push(await time())
console.log(
  JSON.stringify({
    contender,
    bytes: Buffer.byteLength(text),
    lines: text.trimEnd().split('\n').length,
    grants: workload.spec.agents * workload.spec.grants,
    coldMs,
    warm,
    peakBytes: peakKib * 1024,
    gainedBytes: (peakKib - before) * 1024,
  }),
)

async function time() {
  const started = performance.now()
  await work()
  return performance.now() - started
}
