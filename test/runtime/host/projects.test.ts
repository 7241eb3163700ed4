/** Projects in one database know nothing of each other (DECISIONS: everything is scoped by project). */
import { expect, test } from 'vitest'
import type { Kavach } from '../../../index.ts'
import { Random } from '../../properties/generate/random.ts'
import { errorOf, freshFile, makeAgent, metersOf, openFile, READ, START, setClock } from './hosts.ts'

const SEED = Number(process.env.KAVACH_PROJECTS_SEED ?? 20_261_125)
const STEPS = 250

interface Member {
  readonly id: string
  readonly token: string
  readonly name: string
}

interface Project {
  readonly name: string
  readonly kavach: Kavach
  readonly agents: Member[]
  readonly revoked: Set<string>
  readonly delegations: string[]
  readonly approvals: string[]
  readonly keys: { readonly id: string; readonly key: string }[]
  /** Rows that its log must have. */
  allowed: number
}

test(`two projects in one file, interleaved at random, are each as if the other were not there; seed ${SEED}`, async () => {
  setClock(START)
  const file = freshFile()
  const random = new Random(SEED)
  const options = { agents: { maxPerUser: 12 }, limits: { projectPerMinute: 40, userPerMinute: 30 } }
  const open = async (project: string): Promise<Project> => {
    const kavach = await openFile(file, { ...options, project })
    return {
      name: project,
      kavach,
      agents: [],
      revoked: new Set(),
      delegations: [],
      approvals: [],
      keys: [],
      allowed: 0,
    }
  }
  const projects = [await open('one'), await open('two')] as const
  for (let step = 0; step < STEPS; step++) {
    const mine = random.pick(projects)
    const other = projects[mine === projects[0] ? 1 : 0]
    await live(mine, random)
    await trespass(mine, other, random)
  }
  for (const [at, mine] of projects.entries()) await expectAlone(mine, projects[1 - at] as Project, file)
  const [one, two] = projects
  expect(one.allowed).toBe(40)
  expect(two.allowed).toBe(40)
  expect(await one.kavach.webhookSecret()).not.toBe(await two.kavach.webhookSecret())
})

/** Something that a project does by itself. */
async function live(mine: Project, random: Random): Promise<void> {
  const { kavach, agents } = mine
  const [any] = random.some(agents, 1, 1)
  if (any === undefined || random.chance(0.12)) {
    if (agents.length - mine.revoked.size < 12) {
      // The same names and owners are in both.
      const name = `agent-${agents.length}`
      const { id, token } = await makeAgent(kavach, {
        name,
        permissions: [
          { resource: 'doc:**', actions: ['read'], constraints: { maxCallsPerDay: 1000 } },
          { resource: 'pay', actions: ['write'], constraints: { requireApproval: true } },
        ],
      })
      agents.push({ id, token, name })
    } else expect((await errorOf(makeAgent(kavach))).code).toBe('KVCH_E_AGENT_LIMIT_EXCEEDED')
    return
  }
  const roll = random.below(12)
  const isRevoked = mine.revoked.has(any.id)
  if (roll < 7) {
    const answer = await (random.chance(0.5)
      ? kavach.authorize(any.id, READ)
      : kavach.authorizeByToken(any.token, READ))
    const isFull = mine.allowed >= 30
    expect(answer.allowed).toBe(!isRevoked && !isFull)
    if (answer.allowed) mine.allowed++
    // A user may make thirty calls a minute, a project forty: ten more are those of somebody else.
    if (isFull && mine.allowed < 40) {
      const { id } = await kavach.agents.create({
        ownerId: `bob-${mine.allowed}`,
        name: 'of another user',
        type: 'service',
        permissions: [{ resource: 'doc:**', actions: ['read'] }],
      })
      expect(await kavach.authorize(id, READ)).toMatchObject({ allowed: true })
      mine.allowed++
    }
  } else if (roll === 7 && !isRevoked) {
    const { approvalId } = await kavach.authorize(any.id, { action: 'write', resource: 'pay' })
    if (approvalId !== undefined && !mine.approvals.includes(approvalId)) mine.approvals.push(approvalId)
  } else if (roll === 8) {
    const key = await kavach.keys.create({ name: 'k', scopes: ['decide'] })
    mine.keys.push({ id: key.id, key: key.key })
  } else if (roll === 9 && agents.length > 6) {
    await kavach.agents.revoke(any.id)
    mine.revoked.add(any.id)
  } else if (!isRevoked && mine.delegations.length < 8) {
    const to = random.pick(agents)
    if (to.id === any.id || mine.revoked.has(to.id)) return
    const lend = { fromAgent: any.id, toAgent: to.id, permissions: [{ resource: 'doc:1', actions: ['read'] }] }
    mine.delegations.push((await kavach.delegate(lend)).id)
  }
}

/** Whatever one project has, the other does not know. */
async function trespass({ kavach, agents, keys }: Project, other: Project, random: Random): Promise<void> {
  const [foreign] = random.some(other.agents, 1, 1)
  if (foreign === undefined) return
  const { id, token } = foreign
  const codeOf = async (promise: Promise<unknown>) => (await errorOf(promise)).code
  expect(await kavach.authorize(id, READ)).toMatchObject({ allowed: false, code: 'KVCH_E_AGENT_NOT_FOUND' })
  expect(await kavach.authorizeByToken(token, READ)).toMatchObject({ code: 'KVCH_E_AGENT_TOKEN_INVALID' })
  const calls = [
    () => kavach.agents.get(id),
    () => kavach.agents.update(id, { name: 'mine' }),
    () => kavach.agents.rotate(id),
    () => kavach.agents.refreshToken(id),
    () => kavach.agents.issueToken(id),
    () => kavach.agents.revoke(id),
    () => kavach.agents.suspend(id),
    () => kavach.agents.unsuspend(id),
    () => kavach.agents.call(id, READ, () => 1),
    () => kavach.trust.score(id),
    () => kavach.delegation.listChains(id),
    () => kavach.delegation.getEffectivePermissions(id),
  ]
  expect(await codeOf(random.pick(calls)())).toBe('KVCH_E_AGENT_NOT_FOUND')
  const [own] = random.some(agents, 1, 1)
  if (own !== undefined) {
    const [fromAgent, toAgent] = random.shuffle([own.id, id]) as [string, string]
    const lend = { fromAgent, toAgent, permissions: [{ resource: 'doc:1', actions: ['read'] }] }
    // Of mine it may have been revoked, which is said as well.
    expect(await codeOf(kavach.delegate(lend))).toMatch(/^KVCH_E_AGENT_(NOT_FOUND|REVOKED)$/)
    expect((await kavach.authorize(own.id, { ...READ, via: [id] })).allowed).toBe(false)
  }
  const [approval] = random.some(other.approvals, 1, 1)
  if (approval !== undefined) {
    expect(await codeOf(kavach.approvals.get(approval))).toBe('KVCH_E_APPROVAL_NOT_FOUND')
    expect(await codeOf(kavach.approvals.approve(approval, { approver: 'boss' }))).toBe('KVCH_E_APPROVAL_NOT_FOUND')
  }
  const [delegation] = random.some(other.delegations, 1, 1)
  if (delegation !== undefined) {
    expect(await codeOf(kavach.delegation.revoke(delegation))).toBe('KVCH_E_AGENT_DELEGATION_NOT_FOUND')
  }
  const [key] = random.some(other.keys, 1, 1)
  if (key !== undefined) {
    expect(await codeOf(kavach.keys.verify(key.key, 'decide'))).toBe('KVCH_E_KEY_INVALID')
    expect(await codeOf(kavach.keys.revoke(key.id))).toBe('KVCH_E_KEY_INVALID')
  }
  for (const mine of keys.slice(-1)) expect(await kavach.keys.verify(mine.key, 'decide')).toMatchObject({ id: mine.id })
}

/** All that a project can read is its own. */
async function expectAlone(mine: Project, other: Project, file: string): Promise<void> {
  const { kavach } = mine
  const { agents } = await kavach.agents.list({ userId: 'ann' })
  expect(agents.map(({ id, name }) => [id, name])).toEqual(mine.agents.map(({ id, name }) => [id, name]))
  expect((await kavach.keys.list()).map(({ id }) => id)).toEqual(mine.keys.map(({ id }) => id))
  const { delegations } = await kavach.delegation.list({ limit: 1000 })
  expect(delegations.map(({ id }) => id)).toEqual(mine.delegations)
  const { approvals } = await kavach.approvals.list({ limit: 1000 })
  expect(approvals.map(({ id }) => id).sort()).toEqual([...mine.approvals].sort())
  const rows = await kavach.audit.query({ order: 'asc', limit: 10_000 })
  expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, at) => at))
  expect(rows.filter(({ kind, result }) => kind === 'decision' && result === 'allowed')).toHaveLength(mine.allowed)
  const foreign = new Set(other.agents.map(({ id }) => id))
  // Somebody asked about them here, and was told that there is no such agent.
  const about = rows.filter(({ agent = '' }) => foreign.has(agent))
  expect(new Set(about.map(({ code }) => code))).toEqual(new Set(['KVCH_E_AGENT_NOT_FOUND']))
  expect(await kavach.audit.verify()).toMatchObject({ isIntact: true, size: rows.length })
  const levels = Object.entries(metersOf(file, mine.name)).filter(([key]) => key === 'level/project')
  expect(levels).toEqual([['level/project', 40]])
  await kavach.audit.erase({ userId: 'ann' })
  expect((await other.kavach.audit.query({ userId: 'ann', limit: 1 })).length).toBe(mine.name === 'one' ? 1 : 0)
}
