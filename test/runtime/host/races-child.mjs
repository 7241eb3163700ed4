// A process that makes CALLS calls at once and says how many were allowed.
// node races-child.mjs FILE AGENT CALLS
import { createKavach } from 'kavachos'

const [file, agentId, calls] = process.argv.slice(2)
const kavach = await createKavach({ database: { provider: 'sqlite', url: file }, deadlineMs: 30_000 })
process.send('ready')
await new Promise((resolve) => process.once('message', resolve))
const answers = await Promise.all(
  Array.from({ length: Number(calls) }, (_, i) =>
    kavach.authorize(agentId, { action: 'read', resource: `mcp:github:repo-${i % 7}` }),
  ),
)
const count = (is) => answers.filter(is).length
process.send({
  allowed: count(({ allowed }) => allowed),
  limited: count(({ code }) => code === 'KVCH_E_RATE_AGENT_EXCEEDED'),
})
await kavach.close()
process.disconnect()
