/** A host under a compiled policy, from outside. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createKavach, type KavachOptions } from 'kavachos'
import { afterAll, describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../../storage/index.ts'
import { policyImage } from '../../fixtures/policy-image.ts'
import { refusalOf } from '../agents/site.ts'
import { NOW } from '../site.ts'
import { slowly } from '../slow-store.ts'
import { hostUnder } from './under-policy.ts'

const folder = mkdtempSync(join(tmpdir(), 'kavach-host-policy-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const HOUR = 3_600_000
const READS = 'autonomous agent planner { owner "ann" allow read on doc:* }'

describe('createKavach', () => {
  const open = (policy: KavachOptions['policy'], url = ':memory:', warn: (message: string) => void = () => undefined) =>
    createKavach({ database: { provider: 'sqlite', url }, policy, warn })
  const fileOf = (name: string, bytes: Uint8Array | string) => {
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }

  test('takes a policy as bytes, a path or a URL, and so does reload', async () => {
    const image = policyImage(READS)
    for (const policy of [image, fileOf('p.img', image), pathToFileURL(fileOf('p.img', image))]) {
      const kavach = await open(policy)
      expect(await kavach.policy.current()).toMatchObject({ name: 'p', generation: 1 })
      const next = fileOf('next.img', policyImage(READS, { generation: 2 }))
      expect(await kavach.policy.reload(next)).toMatchObject({ generation: 2 })
      expect(await kavach.authorize('planner', { action: 'read', resource: 'doc:1' })).toMatchObject({ allowed: true })
      await kavach.close()
    }
  })

  test('refuses policy text with the command to run, and so does reload', async () => {
    const path = fileOf('acme.kavach', 'policy acme')
    const said = expect.objectContaining({
      code: 'KVCH_E_POLICY_SOURCE',
      message: expect.stringContaining(`run \`kavach compile ${path} -o build\``),
    })
    expect(await refusalOf(Promise.resolve(open(path)))).toEqual(said)
    const kavach = await open(policyImage(READS))
    expect(await refusalOf(kavach.policy.reload(path))).toEqual(said)
    expect(await kavach.authorize('planner', { action: 'read', resource: 'doc:1' })).toMatchObject({ allowed: true })
    await kavach.close()
  })

  test('does not go back to an older generation by starting again, and starts without one under what is enforced', async () => {
    const url = join(folder, 'generations.db')
    const first = await open(policyImage(`${READS} forbid read on doc:secret`, { generation: 2 }), url)
    await first.close()
    const warnings: string[] = []
    const second = await open(policyImage(READS, { generation: 1 }), url, (message) => void warnings.push(message))
    expect(await second.authorize('planner', { action: 'read', resource: 'doc:secret' })).toMatchObject({
      reason: 'forbidden',
      policy: { generation: 2 },
    })
    expect(warnings.filter((message) => message.includes('older'))).toEqual([
      'generation 1 is older than generation 2, which is enforced; compile with a higher generation; the enforced one stands',
    ])
    await second.close()
    const third = await open(undefined, url)
    expect(await third.policy.current()).toMatchObject({ generation: 2 })
    await third.close()
    const changed = open(policyImage(`${READS} forbid read on doc:9`, { generation: 2 }), url)
    expect(await refusalOf(Promise.resolve(changed))).toMatchObject({ code: 'KVCH_E_POLICY_OUTDATED' })
  })

  test('another host on the same file decides by the new policy in its next decision, and stages and shadows alike', async () => {
    const url = join(folder, 'two.db')
    const [one, two] = [await open(policyImage(READS), url), await open(undefined, url)]
    const ask = async (kavach: typeof one) => {
      const { reason, policy } = await kavach.authorize('planner', { action: 'read', resource: 'doc:1' })
      return [reason, policy.generation]
    }
    expect([await ask(one), await ask(two)]).toEqual([
      ['allowed', 1],
      ['allowed', 1],
    ])
    await one.policy.reload(policyImage(`${READS} forbid read on doc:1`, { generation: 2 }))
    expect(await ask(two)).toEqual(['forbidden', 2])
    await one.policy.stage(policyImage(READS, { generation: 3 }), { agents: ['planner'] })
    expect(await ask(two)).toEqual(['allowed', 3])
    await two.policy.stage(undefined)
    expect(await ask(one)).toEqual(['forbidden', 2])
    await two.policy.shadow(policyImage(READS, { generation: 4 }))
    expect(await ask(one)).toEqual(['forbidden', 2])
    const [row] = await one.audit.query({ kind: 'decision', limit: 1 })
    expect(row?.shadow).toMatchObject({ verdict: 'allow', reason: 'allowed' })
    await Promise.all([one.close(), two.close()])
  })
})

describe('agents that the policy declares', () => {
  test('have tokens when somebody issues them, and answer the same by name and by token', async () => {
    const { kavach, ask } = await hostUnder(READS)
    const { token } = await kavach.agents.issueToken('planner')
    for (const resource of ['doc:1', 'doc:1:2']) {
      const byToken = await kavach.authorizeByToken(token, { action: 'read', resource })
      expect(byToken.reason).toBe(await ask('planner', 'read', resource))
    }
    expect(await kavach.agents.get('planner')).toMatchObject({ ownerId: 'ann', status: 'active' })
  })

  test('that vanish from it lose access and tokens at once, and come back with both rows and a new token', async () => {
    const { kavach, ask, enforce } = await hostUnder(`${READS} autonomous agent other { allow read on ** }`)
    const { token } = await kavach.agents.issueToken('planner')
    await enforce('autonomous agent other { allow read on ** }')
    expect(await ask('planner', 'read', 'doc:1')).toBe('agent-revoked')
    const byToken = await kavach.authorizeByToken(token, { action: 'read', resource: 'doc:1' })
    expect([byToken.allowed, byToken.reason]).toEqual([false, 'token-invalid'])
    expect(await ask('other', 'read', 'doc:1')).toBe('allowed')
    await enforce(READS)
    expect(await ask('planner', 'read', 'doc:1')).toBe('allowed')
    expect((await kavach.authorizeByToken(token, { action: 'read', resource: 'doc:1' })).reason).toBe('token-invalid')
    const next = await kavach.agents.issueToken('planner')
    expect((await kavach.authorizeByToken(next.token, { action: 'read', resource: 'doc:1' })).allowed).toBe(true)
  })

  test('suspended or revoked by somebody, they stay so under every policy', async () => {
    const { kavach, ask, enforce } = await hostUnder(`${READS} autonomous agent other { allow read on ** }`)
    await kavach.agents.suspend('planner')
    await kavach.agents.revoke('other')
    await enforce(`${READS} autonomous agent other { allow read on ** } forbid write on **`)
    expect([await ask('planner', 'read', 'doc:1'), await ask('other', 'read', 'doc:1')]).toEqual([
      'agent-suspended',
      'agent-revoked',
    ])
  })

  test('expire when the policy says so', async () => {
    const { ask, host } = await hostUnder(
      'autonomous agent planner { allow read on ** expires at 2026-04-01T13:00:00Z }',
    )
    expect(await ask('planner', 'read', 'doc:1')).toBe('allowed')
    host.setNow(NOW + HOUR)
    expect(await ask('planner', 'read', 'doc:1')).toBe('agent-expired')
  })
})

describe('chains that the policy declares', () => {
  const AGENTS = ['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => `delegated agent ${name} { }`).join('\n')
  const hops = (more: (hop: number) => string = () => '') =>
    [0, 1, 2, 3, 4]
      .map((hop) => `delegate a${hop} -> a${hop + 1} { allow read on doc:* ${more(hop)} depth ${4 - hop} }`)
      .join('\n')
  const root = (more = '') =>
    `autonomous agent a0 { allow read on doc:* allow write on doc:* ${more} may delegate depth 5 }`

  test('are followed over five hops, and each hop is judged anew at every call', async () => {
    const { kavach, authorize, ask, enforce } = await hostUnder(`${root()}\n${AGENTS}\n${hops()}`)
    expect(await authorize('a5', 'read', 'doc:1')).toMatchObject({
      allowed: true,
      via: ['a0', 'a1', 'a2', 'a3', 'a4'],
    })
    expect(await ask('a5', 'write', 'doc:1')).toBe('no-grant')
    for (const agent of ['a0', 'a1', 'a2', 'a3', 'a4']) {
      await kavach.agents.suspend(agent)
      expect((await authorize('a5', 'read', 'doc:1')).allowed).toBe(false)
      await kavach.agents.unsuspend(agent)
      expect((await authorize('a5', 'read', 'doc:1')).allowed).toBe(true)
    }
    for (const hop of [0, 1, 2, 3, 4]) {
      const narrowed = hops((at) => (at === hop ? 'when args.safe = true' : ''))
      await enforce(`${root()}\n${AGENTS}\n${narrowed}`)
      expect([await ask('a5', 'read', 'doc:1'), await ask('a5', 'read', 'doc:1', { args: { safe: true } })]).toEqual([
        'arg-mismatch',
        'allowed',
      ])
    }
    await enforce(`${root()}\n${AGENTS}\n${hops().replace('delegate a2', '// delegate a2')}`)
    expect([await ask('a2', 'read', 'doc:1'), await ask('a5', 'read', 'doc:1')]).toEqual(['allowed', 'no-grant'])
    await enforce(`${root()}\n${AGENTS}\n${hops()}`)
    expect(await ask('a5', 'read', 'doc:1')).toBe('allowed')
  })

  test('pay the rates of every agent above, so children multiply nothing', async () => {
    const { ask, authorize } = await hostUnder(`${root('limit rate 4 per day')}\n${AGENTS}\n${hops()}`)
    const reasons = []
    for (const agent of ['a5', 'a1', 'a0', 'a3', 'a2', 'a5']) reasons.push(await ask(agent, 'read', 'doc:1'))
    expect(reasons).toEqual(['allowed', 'allowed', 'allowed', 'allowed', 'rate-limited', 'rate-limited'])
    expect(await authorize('a0', 'read', 'doc:1')).toMatchObject({
      code: 'KVCH_E_RATE_AGENT_EXCEEDED',
      retryAfter: (12 * HOUR) / 1000,
    })
  })

  test('pay the budgets of every agent above, to the last cent', async () => {
    const { kavach, authorize } = await hostUnder(`${root('limit budget 1 USD per day')}\n${AGENTS}\n${hops()}`)
    const spend = (agent: string, cost: number) => authorize(agent, 'read', 'doc:1', { cost })
    const first = await spend('a5', 0.6)
    expect([first.allowed, (await spend('a0', 0.5)).reason]).toEqual([true, 'budget-exhausted'])
    await kavach.complete(first.auditId ?? '', { outcome: 'success', costUsd: 0.25 })
    expect([(await spend('a3', 0.5)).allowed, (await spend('a1', 0.25)).allowed]).toEqual([true, true])
    expect((await spend('a5', 0.000000001)).reason).toBe('budget-exhausted')
  })

  test('end when a hop `expires in` some time after it was declared, by name and by token, stated or found', async () => {
    const text = `${root()}\n${AGENTS}\n${hops((hop) => (hop === 1 ? 'expires in 2h' : ''))}`
    const { kavach, ask, host, enforce } = await hostUnder(text)
    const { token } = await kavach.agents.issueToken('a5')
    const via = ['a0', 'a1', 'a2', 'a3', 'a4']
    const reasons = async () => {
      const byToken = await kavach.agents.refreshToken('a5')
      const request = { action: 'read', resource: 'doc:1' }
      return [
        await ask('a5', 'read', 'doc:1'),
        await ask('a5', 'read', 'doc:1', { via }),
        (await kavach.authorizeByToken(byToken.token, request)).reason,
        (await kavach.authorizeByToken(byToken.token, { ...request, via })).reason,
      ]
    }
    expect(token).toMatch(/^kv_/)
    expect(new Set(await reasons())).toEqual(new Set(['allowed']))
    host.setNow(NOW + HOUR)
    // Another generation that declares the same does not begin anew.
    await enforce(`${text}\nforbid write on doc:secret`)
    host.setNow(NOW + 2 * HOUR - 1)
    expect(new Set(await reasons())).toEqual(new Set(['allowed']))
    host.setNow(NOW + 2 * HOUR)
    expect(new Set(await reasons())).toEqual(new Set(['delegation-expired']))
    expect(await ask('a1', 'read', 'doc:1')).toBe('allowed')
  })

  test('that have expired are not opened again by a delegation made at run time beside them', async () => {
    const { kavach, ask, host } = await hostUnder(`
      autonomous agent planner { allow read, write on doc:* may delegate depth 1 }
      delegated agent worker { }
      delegate planner -> worker { allow write on doc:* expires in 1h }
      boundary runtime { allow * on ** may delegate depth 1 }
    `)
    host.setNow(NOW + 2 * HOUR)
    await kavach.delegate({
      fromAgent: 'planner',
      toAgent: 'worker',
      permissions: [{ resource: 'doc:*', actions: ['read'] }],
    })
    expect([await ask('worker', 'read', 'doc:1'), await ask('worker', 'read', 'doc:1', { via: ['planner'] })]).toEqual([
      'allowed',
      'allowed',
    ])
    for (const more of [{}, { via: ['planner'] }]) {
      expect((await ask('worker', 'write', 'doc:1', more)) === 'allowed').toBe(false)
    }
  })
})

describe('boundary runtime', () => {
  const BOX = `
    autonomous agent planner { allow read, write on doc:* limit rate 5 per day may delegate depth 3 }
    boundary runtime { allow read on doc:* rate 3 per day may delegate depth 2 }
  `

  test('limits what agents made at run time can do, whatever they were given', async () => {
    const { make, ask } = await hostUnder(BOX)
    const [one, two] = [await make(), await make()]
    expect([await ask(one, 'write', 'doc:1'), await ask(one, 'read', 'tool:1')]).toEqual(['no-grant', 'no-grant'])
    // Its rate is each agent's own.
    const reasons = []
    for (let i = 0; i < 4; i++) reasons.push(await ask(one, 'read', 'doc:1'))
    expect([...reasons, await ask(two, 'read', 'doc:1')]).toEqual([
      'allowed',
      'allowed',
      'allowed',
      'rate-limited',
      'allowed',
    ])
  })

  test('limits delegations between whomever, and a refused one has a request that shows why', async () => {
    const { kavach, make, ask, authorize } = await hostUnder(BOX)
    const helper = await make({ type: 'delegated', permissions: [] })
    const give = (actions: string[], resource = 'doc:*') =>
      kavach.delegate({ fromAgent: 'planner', toAgent: helper, permissions: [{ resource, actions }], maxDepth: 2 })
    const refused = await refusalOf(give(['read', 'delete']))
    expect(refused).toMatchObject({ code: 'KVCH_E_AGENT_DELEGATION_ESCALATES', details: { excess: 'requests' } })
    expect(refused.details?.witness).toMatchObject({ action: 'delete', resource: expect.stringMatching(/^doc:/) })
    // What `planner` holds and the box does not is held by nobody who has it of a delegation.
    await give(['read'])
    expect([await ask(helper, 'read', 'doc:1'), await ask(helper, 'write', 'doc:1')]).toEqual(['allowed', 'no-grant'])
    const below = await make({ type: 'delegated', permissions: [] })
    await kavach.delegate({
      fromAgent: helper,
      toAgent: below,
      permissions: [{ resource: 'doc:7', actions: ['read'] }],
    })
    expect(await authorize(below, 'read', 'doc:7')).toMatchObject({ allowed: true, via: ['planner', helper] })
    expect(await ask(below, 'read', 'doc:8')).toBe('no-grant')
  })

  test('that shrinks takes effect on what was made before, and one that is gone ends all of it', async () => {
    const { kavach, make, ask, enforce } = await hostUnder(BOX)
    const id = await make()
    expect(await ask(id, 'read', 'doc:1')).toBe('allowed')
    await enforce(BOX.replace('allow read on doc:*', 'allow read on doc:9'))
    expect([await ask(id, 'read', 'doc:1'), await ask(id, 'read', 'doc:9')]).toEqual(['no-grant', 'allowed'])
    await enforce(READS)
    expect((await ask(id, 'read', 'doc:9')) === 'allowed').toBe(false)
    const permissions = [{ resource: 'doc:1', actions: ['read'] }]
    expect(await refusalOf(make())).toMatchObject({ code: 'KVCH_E_AGENT_INVALID' })
    expect(await refusalOf(kavach.delegate({ fromAgent: 'planner', toAgent: id, permissions }))).toMatchObject({
      code: 'KVCH_E_AGENT_DELEGATION_INVALID',
    })
    await enforce(BOX)
    expect(await ask(id, 'read', 'doc:9')).toBe('allowed')
  })

  test('is that of the policy which another process brought into force, for who makes agents and delegations too', async () => {
    const store = createMemoryStore()
    const one = await hostUnder(BOX, { store })
    const two = await hostUnder(undefined, { store })
    await one.enforce(READS)
    expect(await refusalOf(two.make())).toMatchObject({ code: 'KVCH_E_AGENT_INVALID' })
  })
})

describe('guardrails hold for agents made at run time', () => {
  const BOX = 'boundary runtime { allow * on ** may delegate depth 5 }'

  test('forbid, also for everybody in a chain', async () => {
    const { kavach, make, ask, host } = await hostUnder(`${BOX}
      forbid * on doc:secret
      forbid write on ** when agent.owner = "eve"
      forbid deploy on ** unless time in hours mon-fri 09:00-12:30`)
    const [ann, eve] = [await make(), await make({ ownerId: 'eve' })]
    await kavach.delegate({ fromAgent: eve, toAgent: ann, permissions: [{ resource: 'eve:*', actions: ['write'] }] })
    expect([await ask(ann, 'read', 'doc:secret'), await ask(ann, 'write', 'doc:1')]).toEqual(['forbidden', 'allowed'])
    expect([await ask(eve, 'write', 'doc:1'), await ask(eve, 'read', 'doc:1')]).toEqual(['forbidden', 'allowed'])
    expect(await ask(ann, 'write', 'eve:1', { via: [eve] })).toBe('forbidden')
    expect(await ask(ann, 'deploy', 'app')).toBe('allowed')
    host.setNow(NOW + HOUR / 2)
    expect(await ask(ann, 'deploy', 'app')).toBe('forbidden')
  })

  test('require', async () => {
    const { make, ask } = await hostUnder(`${BOX}
      require ip in cidr [10.0.0.0/8] for read on doc:**
      require approval by "role:editor" for publish on **`)
    const id = await make()
    expect([
      await ask(id, 'read', 'doc:1'),
      await ask(id, 'read', 'doc:1', { ip: '11.0.0.1' }),
      await ask(id, 'read', 'doc:1', { ip: '10.1.2.3' }),
      await ask(id, 'publish', 'doc:1'),
    ]).toEqual(['ip-not-allowed', 'ip-not-allowed', 'allowed', 'approval-required'])
  })

  test('limit: of everybody, each agent, each owner and each tenant', async () => {
    const reasons = async (each: string) => {
      const store = createMemoryStore()
      const text = `${BOX} limit rate 1 per day for read on ** ${each}`
      const { make, ask } = await hostUnder(text, { store })
      const [ann1, ann2, eve] = [await make(), await make(), await make({ ownerId: 'eve' })]
      const other = await hostUnder(text, { store, options: { project: 'other' } })
      const asked = []
      for (const id of [ann1, ann1, ann2, eve]) asked.push((await ask(id, 'read', 'doc:1')) === 'allowed')
      return [...asked, (await other.ask(await other.make(), 'read', 'doc:1')) === 'allowed']
    }
    // Meters are those of the project, so nothing is shared between two of them.
    expect(await reasons('')).toEqual([true, false, false, false, true])
    expect(await reasons('each agent')).toEqual([true, false, true, true, true])
    expect(await reasons('each owner')).toEqual([true, false, false, true, true])
    expect(await reasons('each tenant')).toEqual([true, false, false, false, true])
  })
})

describe('meters of grants', () => {
  test("are the agent's, or each resource's, owner's or tenant's", async () => {
    const agents = (each: string) => `
      autonomous agent a { owner "ann" allow read on doc:* rate 1 per day ${each} }
      autonomous agent b { owner "ann" allow read on doc:* rate 1 per day ${each} }
      autonomous agent c { owner "eve" allow read on doc:* rate 1 per day ${each} }`
    const allowed = async (each: string) => {
      const { ask } = await hostUnder(agents(each))
      const asked = []
      for (const [agent, resource] of [
        ['a', 'doc:1'],
        ['a', 'doc:1'],
        ['a', 'doc:2'],
        ['b', 'doc:1'],
        ['c', 'doc:1'],
      ] as const)
        asked.push((await ask(agent, 'read', resource)) === 'allowed')
      return asked
    }
    expect(await allowed('')).toEqual([true, false, false, true, true])
    expect(await allowed('each resource')).toEqual([true, false, true, true, true])
    // Each rule has its own meters, so what is shared by an owner are the chains that end in one agent.
    expect(await allowed('each owner')).toEqual([true, false, false, true, true])
    expect(await allowed('each tenant')).toEqual([true, false, false, true, true])
  })

  test("of a role are the holder's; a throttle slows down before the budget ends", async () => {
    const { authorize } = await hostUnder(`
      role reader { allow read on doc:* rate 1 per day }
      autonomous agent a { roles reader }
      autonomous agent b { roles reader }
      autonomous agent payer { allow pay on ** estimate 0.50 USD limit budget 1 USD per day throttle at 50% to 1 per hour }`)
    const reason = async (agent: string, action: string) => (await authorize(agent, action, 'doc:1')).reason
    expect([await reason('a', 'read'), await reason('a', 'read'), await reason('b', 'read')]).toEqual([
      'allowed',
      'rate-limited',
      'allowed',
    ])
    expect(await reason('payer', 'pay')).toBe('allowed')
    expect(await authorize('payer', 'pay', 'doc:1')).toMatchObject({
      allowed: true,
      verdict: 'throttle',
      throttled: true,
    })
    expect(await reason('payer', 'pay')).toBe('budget-exhausted')
  })
})

describe('facts that the host brings', () => {
  test('trust of the whole chain, which the least trusted one decides', async () => {
    const { make, kavach, ask } = await hostUnder(`
      boundary runtime { allow * on ** may delegate depth 5 }
      forbid delete on ** unless trust >= 101
      forbid write on ** unless trust >= 0`)
    const id = await make()
    const helper = await make({ type: 'delegated', permissions: [] })
    await kavach.delegate({ fromAgent: id, toAgent: helper, permissions: [{ resource: '**', actions: ['*'] }] })
    for (const agent of [id, helper]) {
      expect([await ask(agent, 'delete', 'doc:1'), await ask(agent, 'write', 'doc:1')]).toEqual([
        'forbidden',
        'allowed',
      ])
    }
    const least = Math.min((await kavach.trust.score(id)).score, (await kavach.trust.score(helper)).score)
    const bounded = async (bound: number) => {
      const host = await hostUnder(`boundary runtime { allow * on ** when trust >= ${bound} }`)
      return host.ask(await host.make(), 'read', 'doc:1')
    }
    expect(least).toBeGreaterThan(0)
    expect([await bounded(0), await bounded(101)]).toEqual(['allowed', 'trust-too-low'])
  })

  test('an approval by a role counts once, for that request, from somebody of that role', async () => {
    const { kavach, authorize } = await hostUnder(
      'autonomous agent planner { owner "ann" allow execute on tool:* needs approval by "role:editor" within 30m }',
    )
    const ask = (n: number) => authorize('planner', 'execute', 'tool:publish', { args: { n } })
    const { approvalId = '', reason } = await ask(1)
    expect(reason).toBe('approval-required')
    const approver = (id: string, ...roles: string[]) => ({ approver: { id, roles } })
    expect(await refusalOf(kavach.approvals.approve(approvalId, approver('planner', 'role:editor')))).toHaveProperty(
      'code',
    )
    expect(await refusalOf(kavach.approvals.approve(approvalId, approver('bob', 'role:reader')))).toHaveProperty('code')
    await kavach.approvals.approve(approvalId, approver('bob', 'role:editor'))
    expect([(await ask(2)).reason, (await ask(1)).reason, (await ask(1)).reason]).toEqual([
      'approval-required',
      'allowed',
      'approval-required',
    ])
  })

  test('an approval does not outlive its time, nor the generation that asked for it', async () => {
    const text = 'autonomous agent planner { owner "ann" allow execute on tool:* needs approval within 30m }'
    const { kavach, authorize, host, enforce } = await hostUnder(text)
    const ask = () => authorize('planner', 'execute', 'tool:publish')
    const approve = async () => kavach.approvals.approve((await ask()).approvalId ?? '', { approver: 'bob' })
    await approve()
    host.setNow(NOW + HOUR / 2 + 1)
    expect((await ask()).reason).toBe('approval-required')
    await approve()
    await enforce(`${text} forbid read on doc:secret`)
    expect((await ask()).reason).toBe('approval-required')
  })

  test('the time: outside of its own, a policy denies everything', async () => {
    const store = createMemoryStore()
    const { kavach, authorize, host } = await hostUnder(undefined, { store })
    await kavach.policy.reload(policyImage(READS, { notBefore: NOW + HOUR, notAfter: NOW + 2 * HOUR }))
    const stale = { allowed: false, reason: 'stale-policy', code: 'KVCH_E_POLICY_STALE' }
    const read = () => authorize('planner', 'read', 'doc:1')
    expect(await read()).toMatchObject(stale)
    host.setNow(NOW + HOUR)
    expect(await read()).toMatchObject({ allowed: true })
    host.setNow(NOW + 2 * HOUR)
    expect(await read()).toMatchObject(stale)
  })
})

describe('stage', () => {
  const NEXT = `${READS.replace('read on', 'read, write on')} autonomous agent fresh { allow read on doc:* }`

  test('decides for the agents that are named, and rows say by which policy', async () => {
    const { kavach, authorize, ask } = await hostUnder(`${READS} autonomous agent other { allow read on ** }`)
    const staged = await kavach.policy.stage(
      policyImage(`${NEXT} autonomous agent other { allow read, write on ** }`, { generation: 2 }),
      { agents: ['planner', 'fresh'] },
    )
    const written = await authorize('planner', 'write', 'doc:1')
    expect(written).toMatchObject({ allowed: true, policy: { digest: staged?.digest } })
    expect((await kavach.audit.get(written.auditId ?? ''))?.policy).toEqual(staged)
    expect([await ask('other', 'write', 'doc:1'), await ask('fresh', 'read', 'doc:1')]).toEqual(['no-grant', 'allowed'])
    await kavach.policy.stage(undefined)
    expect([await ask('planner', 'write', 'doc:1'), await ask('fresh', 'read', 'doc:1')]).toEqual([
      'no-grant',
      'agent-revoked',
    ])
  })

  test('what the enforced policy says of an agent holds for those the stage is not for', async () => {
    const { kavach, ask, host } = await hostUnder(READS)
    await kavach.policy.stage(
      policyImage('autonomous agent planner { allow read on doc:* expires at 2026-04-01T12:30:00Z }', {
        generation: 2,
      }),
      { agents: ['somebody'] },
    )
    host.setNow(NOW + HOUR)
    expect(await ask('planner', 'read', 'doc:1')).toBe('allowed')
  })

  test('an agent above in a chain that is narrowed is narrowed for the staged policy too', async () => {
    const box = 'boundary runtime { allow * on ** may delegate depth 5 }'
    for (const store of [createMemoryStore(), slowly(createMemoryStore())]) {
      const { kavach, make, ask } = await hostUnder(box, { store })
      const [above, below] = [await make(), await make({ type: 'delegated', permissions: [] })]
      await kavach.delegate({
        fromAgent: above,
        toAgent: below,
        permissions: [{ resource: 'doc:*', actions: ['read'] }],
      })
      await kavach.policy.stage(policyImage(`${box} forbid write on x`, { generation: 2 }), { agents: [below] })
      expect(await ask(below, 'read', 'doc:1')).toBe('allowed')
      await kavach.agents.update(above, { permissions: [{ resource: 'doc:2', actions: ['read'] }] })
      expect([await ask(below, 'read', 'doc:1'), await ask(below, 'read', 'doc:2')]).toEqual(['no-grant', 'allowed'])
    }
  })
})

describe('shadow', () => {
  test('changes no answer and no meter, and rows say where it differs', async () => {
    const text = 'autonomous agent planner { allow read on doc:* rate 2 per day }'
    const { kavach, authorize, ask } = await hostUnder(text)
    const shadow = await kavach.policy.shadow(
      policyImage('autonomous agent planner { allow read on doc:1 rate 9 per day }', { generation: 1 }),
    )
    const [same, other] = [await authorize('planner', 'read', 'doc:1'), await authorize('planner', 'read', 'doc:2')]
    expect([same.allowed, other.allowed, await ask('planner', 'read', 'doc:1')]).toEqual([true, true, 'rate-limited'])
    const shadowOf = async (auditId = '') => (await kavach.audit.get(auditId))?.shadow
    expect([await shadowOf(same.auditId), await shadowOf(other.auditId)]).toEqual([
      undefined,
      { digest: shadow?.digest, verdict: 'deny', reason: 'no-grant' },
    ])
    await kavach.policy.shadow(undefined)
    expect(await shadowOf((await authorize('planner', 'read', 'doc:2')).auditId)).toBeUndefined()
  })
})

test('a decision that failed to take a policy over is denied, and the next one tries again', async () => {
  const store = createMemoryStore()
  const one = await hostUnder(READS, { store })
  const two = await hostUnder(undefined, { store })
  expect(await two.ask('planner', 'read', 'doc:1')).toBe('allowed')
  await one.enforce(`${READS} forbid read on doc:1`)
  const { digest } = await one.kavach.policy.current()
  const image = await store.transaction('default', async (tx) => {
    const row = await tx.get('policies', { digest })
    if (row !== undefined) await tx.put('policies', [{ ...row, image: new Uint8Array(8) }])
    return row?.image
  })
  for (let i = 0; i < 3; i++) expect((await two.authorize('planner', 'read', 'doc:1')).allowed).toBe(false)
  await store.transaction('default', async (tx) => {
    const row = await tx.get('policies', { digest })
    if (row !== undefined && image !== undefined) await tx.put('policies', [{ ...row, image }])
  })
  expect(await two.ask('planner', 'read', 'doc:1')).toBe('forbidden')
})
