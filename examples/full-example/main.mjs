// @ts-check
// The life of an agent: made, asked, rotated, delegated from, and read about in the log. `node examples/full-example/main.mjs [FILE]`
import { createKavach } from 'kavachos'

const kavach = await createKavach({
  database: { provider: 'sqlite', url: process.argv[2] ?? ':memory:' },
  agents: { maxPerUser: 10, tokenExpiry: '8h' },
})

// An agent belongs to somebody: the id of a user in your own system.
const librarian = await kavach.agents.create({
  ownerId: 'user-ada',
  name: 'librarian',
  type: 'autonomous',
  permissions: [
    { resource: 'mcp:library:*', actions: ['read'] },
    { resource: 'mcp:library:loans', actions: ['read', 'extend'], constraints: { maxCallsPerHour: 20 } },
  ],
})
console.log(`${librarian.name} is ${librarian.id}, its token begins with ${librarian.token.slice(0, 3)}`)

// By id, where you know who calls.
const books = await kavach.authorize(librarian.id, { action: 'read', resource: 'mcp:library:books' })
console.log(`read books: ${books.allowed}`)
const burn = await kavach.authorize(librarian.id, { action: 'delete', resource: 'mcp:library:books' })
console.log(`delete books: ${burn.allowed}, because ${burn.reason}`)

// By token, where somebody presents one.
const loans = await kavach.authorizeByToken(librarian.token, { action: 'extend', resource: 'mcp:library:loans' })
console.log(`extend loans by token: ${loans.allowed}`)

// A new token; the old one is dead when this resolves.
const rotated = await kavach.agents.rotate(librarian.id)
const request = { action: 'read', resource: 'mcp:library:books' }
console.log(`old token: ${(await kavach.authorizeByToken(librarian.token, request)).code}`)
console.log(`new token: ${(await kavach.authorizeByToken(rotated.token, request)).allowed}`)

// A helper that holds nothing but what it is lent, and not for long.
const helper = await kavach.agents.create({
  ownerId: 'user-ada',
  name: 'shelf-reader',
  type: 'delegated',
  permissions: [],
})
await kavach.delegate({
  fromAgent: librarian.id,
  toAgent: helper.id,
  permissions: [{ resource: 'mcp:library:loans', actions: ['read'] }],
  expiresAt: new Date(Date.now() + 15 * 60_000),
})
console.log('helper may:', await kavach.delegation.getEffectivePermissions(helper.id))

// More than the librarian holds cannot be lent: it is refused here, not later.
const greedy = kavach.delegate({
  fromAgent: librarian.id,
  toAgent: helper.id,
  permissions: [{ resource: 'mcp:library:books', actions: ['delete'] }],
  expiresAt: new Date(Date.now() + 15 * 60_000),
})
console.log(
  `lend more: ${await greedy.then(
    () => 'done',
    ({ code }) => code,
  )}`,
)

// Who is revoked takes along what was lent.
await kavach.agents.revoke(librarian.id, { actor: 'user-ada' })
const after = await kavach.authorize(helper.id, { action: 'read', resource: 'mcp:library:loans' })
console.log(`helper after revocation: ${after.allowed}`)

// All of it is in the log.
const denied = await kavach.audit.query({ agentId: librarian.id, result: 'denied' })
console.log(`denied to the librarian: ${denied.length}`)
const csv = await kavach.audit.export({ format: 'csv' })
console.log(`rows of CSV: ${csv.trim().split('\n').length - 1}`)
await kavach.close()
