// A process that is to be killed: calls as fast as it can, and says on standard output what was acknowledged, before it goes on.
// node crash-child.mjs FILE AGENT
import { writeSync } from 'node:fs'
import { createKavach } from 'kavachos'

const [file, agentId] = process.argv.slice(2)
const CALLERS = 32
const kavach = await createKavach({ database: { provider: 'sqlite', url: file } })
writeSync(1, 'ready\n')
await Promise.all(
  Array.from({ length: CALLERS }, async (_, caller) => {
    for (;;) {
      const { allowed, auditId } = await kavach.authorize(agentId, {
        action: 'read',
        resource: `mcp:github:repo-${caller}`,
        cost: 0.001,
      })
      if (allowed) writeSync(1, `${auditId}\n`)
    }
  }),
)
