// @ts-check
// An agent works through tools that are guarded: each call is authorized with its arguments, and what is denied comes back to the
// agent as a text that it can act on. The model is a script here; put your own in its place. `node examples/guarded-tools/main.mjs`
import { createKavach, KavachError } from 'kavachos'

const kavach = await createKavach({ database: { provider: 'sqlite', url: ':memory:' } })
const { agent } = await kavach.agents.create({
  ownerId: 'user-ada',
  name: 'support-agent',
  type: 'autonomous',
  permissions: [
    { resource: 'tool:search', actions: ['execute'] },
    { resource: 'file:*', actions: ['read'], constraints: { argPatterns: { path: '^/srv/help/[a-z-]+\\.md$' } } },
    { resource: 'tool:refund', actions: ['execute'], constraints: { requireApproval: true } },
  ],
  constraints: { budgetUsdPerDay: 0.1 },
})

const tools = kavach.guard(agent.id, {
  search: {
    action: 'execute',
    resource: 'tool:search',
    cost: 0.03,
    /** @param {{ hits: string[], usd: number }} found */
    costOf: ({ usd }) => usd,
    /** @param {{ words: string }} args */
    run: async ({ words }) => ({ hits: [`how to ${words}`], usd: 0.02 }),
  },
  readFile: {
    action: 'read',
    resource: 'file:help',
    /** @param {{ path: string }} args */
    run: async ({ path }) => `the text of ${path}`,
  },
  refund: {
    action: 'execute',
    resource: 'tool:refund',
    /** @param {{ order: number, usd: number }} args */
    run: async ({ order, usd }) => `order ${order}: ${usd} USD are on their way`,
  },
})

/** What the model wants, turn by turn. @type {readonly (readonly [keyof typeof tools, any])[]} */
const script = [
  ['search', { words: 'reset a router' }],
  ['readFile', { path: '/srv/help/router.md' }],
  ['readFile', { path: '/etc/passwd' }],
  ['refund', { order: 77, usd: 12 }],
  ['search', { words: 'reset a router again' }],
  ['search', { words: 'reset a router once more' }],
  ['search', { words: 'reset it for good' }],
  ['search', { words: 'reset it, please' }],
]

/** Runs one call and gives what the model reads. @param {keyof typeof tools} name @param {any} args */
async function use(name, args) {
  try {
    return JSON.stringify(await tools[name](args))
  } catch (error) {
    if (!(error instanceof KavachError)) throw error
    const { code, message, retryAfter, details } = error
    if (code === 'KVCH_E_APPROVAL_REQUIRED') waiting.push(String(details?.approvalId))
    return `${code}: ${message}${retryAfter === undefined ? '' : ' (there is a time to try again)'}`
  }
}

/** @type {string[]} */
const waiting = []
for (const [name, args] of script) console.log(`${name}: ${await use(name, args)}`)

// A person agrees; the same call then succeeds, once.
for (const id of waiting) await kavach.approvals.approve(id, { approver: 'user-grace' })
console.log(`refund: ${await use('refund', { order: 77, usd: 12 })}`)
console.log(`refund: ${await use('refund', { order: 77, usd: 12 })}`)
await kavach.close()
