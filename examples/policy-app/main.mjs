// @ts-check
// A host that enforces a compiled policy. `node examples/policy-app/main.mjs`
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createKavach } from 'kavachos'

const out = mkdtempSync(join(tmpdir(), 'policy-app-'))

/** What a build does: text is checked and proved, and becomes one file. @param {number} generation */
function compile(generation) {
  const cli = join(dirname(createRequire(import.meta.url).resolve('kavachos/package.json')), 'dist/cli/main.js')
  const folder = join(import.meta.dirname, `policy-${generation}`)
  const target = join(out, String(generation))
  const { status, stderr } = spawnSync(process.execPath, [cli, 'compile', folder, '-o', target], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return join(target, 'reports.wasm')
}

const kavach = await createKavach({
  database: { provider: 'sqlite', url: join(out, 'kavach.db') },
  policy: compile(1),
})
const { name, generation } = await kavach.policy.current()
console.log(`enforced: ${name}, generation ${generation}`)

// The policy declares `publisher`; it has no token until somebody issues the first one.
const { token } = await kavach.agents.issueToken('publisher')
/** @param {string} action @param {string} resource */
const publisher = (action, resource) => kavach.authorizeByToken(token, { action, resource })
console.log(`publisher reads: ${(await publisher('read', 'report:sales')).allowed}`)
console.log(`publisher deletes: ${(await publisher('delete', 'report:sales')).reason}`)

// What needs an editor waits for one, and then succeeds once.
const asked = await publisher('execute', 'tool:publish')
console.log(`publisher publishes: ${asked.reason}`)
await kavach.approvals.approve(asked.approvalId ?? '', { approver: { id: 'user-grace', roles: ['role:editor'] } })
console.log(`after approval: ${(await publisher('execute', 'tool:publish')).allowed}`)
console.log(`once more: ${(await publisher('execute', 'tool:publish')).reason}`)

// Agents that are made at run time live inside `boundary runtime`, whatever they are given.
const intern = await kavach.agents.create({
  ownerId: 'user-ada',
  name: 'intern',
  type: 'autonomous',
  permissions: [{ resource: '**', actions: ['read', 'write'] }],
})
console.log(
  `intern reads: ${(await kavach.authorize(intern.id, { action: 'read', resource: 'report:sales' })).allowed}`,
)
console.log(
  `intern writes: ${(await kavach.authorize(intern.id, { action: 'write', resource: 'report:sales' })).reason}`,
)

// A declared agent lends a part of what it holds.
const helper = await kavach.agents.create({ ownerId: 'user-ada', name: 'helper', type: 'delegated', permissions: [] })
await kavach.delegate({
  fromAgent: 'publisher',
  toAgent: helper.id,
  permissions: [{ resource: 'report:sales', actions: ['read'] }],
  expiresAt: new Date(Date.now() + 60_000),
})
console.log(
  `helper reads: ${(await kavach.authorize(helper.id, { action: 'read', resource: 'report:sales' })).allowed}`,
)

// A new generation comes into force while calls go on; nobody goes back.
console.log(`drafts before: ${(await publisher('write', 'report:drafts:sales')).reason}`)
await kavach.policy.reload(readFileSync(compile(2)))
console.log(`drafts after: ${(await publisher('write', 'report:drafts:sales')).reason}`)
const back = kavach.policy.reload(readFileSync(join(out, '1', 'reports.wasm')))
console.log(
  `going back: ${await back.then(
    () => 'done',
    ({ code }) => code,
  )}`,
)
await kavach.close()
