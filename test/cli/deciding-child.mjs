/** A host that decides without end, and prints when each decision began and what came of it. */
import { createKavach } from 'kavachos'

const url = process.argv[2]
const kavach = await createKavach({ database: { provider: 'sqlite', url }, warn: () => undefined })
const { id } = await kavach.agents.create({
  ownerId: 'ann',
  name: 'busy',
  type: 'service',
  permissions: [{ actions: ['read'], resource: '**' }],
})
for (;;) {
  const at = Date.now()
  const { reason } = await kavach.authorize(id, { action: 'read', resource: 'mcp:docs:home' })
  process.stdout.write(`${JSON.stringify({ at, reason })}\n`)
  await new Promise((resolve) => setTimeout(resolve, 2))
}
