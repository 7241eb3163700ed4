/**
 * I6: the same policy, request and state give the same answer by the host, by the loader alone, and by the reference, which
 * walks the text of the policy.
 *
 * Random policies are enforced by a host, whose clock, trust, meters and approvals are then told to the other two. What the
 * loader and the reference say of requests without a host: `test/properties/differential.test.ts`, by the hundred thousand.
 */
import { expect, test } from 'vitest'
import type { Kavach } from '../../../../index.ts'
import type { Store } from '../../../../runtime/store.ts'
import { createMemoryStore } from '../../../../storage/index.ts'
import { render } from '../../../properties/generate/piece.ts'
import { type Aim, filesOf, generatePolicy } from '../../../properties/generate/policy.ts'
import { Random } from '../../../properties/generate/random.ts'
import { createRequests } from '../../../properties/generate/request.ts'
import { askReference, createSubject, type Plain, type Subject } from '../../../properties/subject.ts'
import { DAY, HOUR, MINUTE, openHost, SECOND, START, setClock } from '../hosts.ts'

const POLICIES = Number(process.env.KAVACH_SAME_POLICIES ?? 40)
const SEED = Number(process.env.KAVACH_SAME_SEED ?? 20_261_125)
const REQUESTS = 40

type Json = { readonly [member: string]: unknown }

/** What is asked of a host; the rest of a request is the host's. */
interface Asked {
  readonly agent: string
  readonly action: string
  readonly resource: string
  readonly via: readonly string[] | undefined
  readonly args: Json | undefined
  readonly ip: string | undefined
  readonly cost: number | undefined
}

interface Approved {
  readonly by: readonly string[]
  readonly at: number
}

interface Judged extends Plain {
  readonly via: readonly string[]
  readonly digest: string | undefined
}

test(`a host decides as the loader and the reference do, under ${POLICIES} random policies; seed ${SEED}`, async () => {
  setClock(START)
  const verdicts: Record<string, number> = { allow: 0, throttle: 0, approval: 0, limited: 0, deny: 0 }
  const seen = { chains: 0, approved: 0 }
  for (let number = 0; number < POLICIES; number++) {
    const random = new Random(Math.imul(SEED, 0x9e3779b1) + Math.imul(number, 0x85ebca6b))
    const { piece, aim } = generatePolicy(random)
    const subject = createSubject(filesOf(countable(render(piece))), {})
    const store = createMemoryStore()
    let now = timeOf(aim)
    setClock(now)
    const kavach = await openHost({ database: store, policy: subject.image, anomaly: { consecutiveDenials: false } })
    const world = new HostWorld(subject, store, kavach)
    const ask = (request: { readonly value: unknown }) => subject.reference.decide(request.value)
    const requests = createRequests(random, aim, ask)
    for (let turn = 0; turn < REQUESTS; turn++) {
      const asked = askedOf(requests.next().value, aim)
      if (asked === undefined) continue
      if (random.chance(0.1)) {
        now += random.pick([1, SECOND, MINUTE, HOUR, DAY])
        setClock(now)
      }
      // Once more, so that meters fill.
      for (let again = random.pick([1, 1, 1, 12]); again > 0; again--) {
        const { expected, found } = await world.ask(asked, now)
        expect(found, place(number, turn, asked, piece)).toEqual(expected)
        verdicts[expected.verdict] = (verdicts[expected.verdict] ?? 0) + 1
        if (expected.via.length > 0) seen.chains++
        if (!expected.allowed) break
      }
      if (await world.approveLast(aim.approvers, now)) {
        const { expected, found } = await world.ask(asked, now)
        expect(found, place(number, turn, asked, piece)).toEqual(expected)
        if (found.allowed) seen.approved++
      }
    }
    await world.expectSameMeters()
    await world.kavach.close()
  }
  console.log(`seed ${SEED}: ${JSON.stringify({ ...verdicts, ...seen })}`)
  for (const [verdict, count] of Object.entries(verdicts))
    expect([verdict, count > POLICIES / 8]).toEqual([verdict, true])
  expect(seen.chains).toBeGreaterThan(POLICIES / 2)
  expect(seen.approved).toBeGreaterThan(POLICIES / 20)
}, 0)

/** What the host knows and the others have to be told. */
class HostWorld {
  readonly kavach: Kavach
  private readonly subject: Subject
  private readonly store: Store
  private readonly meters = new Map<string, { windowStart: number; unit: string; used: bigint; end: number }>()
  private readonly approvals = new Map<string, Approved>()
  private last: { readonly id: string; readonly digest: string } | undefined

  constructor(subject: Subject, store: Store, kavach: Kavach) {
    this.subject = subject
    this.store = store
    this.kavach = kavach
  }

  async ask({ agent, ...asked }: Asked, now: number) {
    const all = await this.kavach.delegation.list({ limit: 1000 })
    const since = (from: string, to: string) =>
      all.delegations.find((row) => row.fromAgent === from && row.toAgent === to && row.revokedAt === null)?.createdAt
    const ways = asked.via !== undefined && asked.via.length > 0 ? [asked.via] : await this.waysOf(agent)
    const trusts = new Map<string, number>()
    for (const name of new Set([agent, ...ways.flat()])) {
      trusts.set(name, (await this.kavach.trust.score(name)).trust)
    }
    let best: Judged | undefined
    for (const via of ways) {
      const request = {
        ...withoutNothing({ ...asked, via: undefined }),
        agent,
        ...(via.length > 0 && {
          via: via.map((from, hop) => ({ agent: from, ...sinceOf(since(from, via[hop + 1] ?? agent)) })),
        }),
        now,
        trust: Math.min(...[...via, agent].map((name) => trusts.get(name) ?? 0)),
        tenant: 'default',
        readings: { meters: this.readings(now) },
      }
      const judged = { ...this.judge(request, now), via }
      if (best === undefined || RANK.indexOf(judged.decision) > RANK.indexOf(best.decision)) best = judged
      if (best.decision === 'allow') break
    }
    if (best === undefined) throw new TypeError('there is one way at least')
    const answer = await this.kavach.authorize(agent, asked)
    if (best.allowed) {
      for (const { key, window, windowStart, amount, unit } of best.reservations)
        this.charge(key, window, windowStart, amount, unit)
      if (best.digest !== undefined) this.approvals.delete(best.digest)
    }
    const { approvalId } = answer
    this.last =
      approvalId === undefined || best.digest === undefined ? undefined : { id: approvalId, digest: best.digest }
    return {
      // An agent that is gone, or is above in a chain that is not listed for that, is told of before anything else is looked at.
      expected: {
        allowed: best.allowed,
        verdict: best.decision,
        reason: best.reason,
        via: best.decision === 'deny' ? [] : best.via,
      },
      found: {
        allowed: answer.allowed,
        verdict: answer.verdict,
        reason: best.decision === 'deny' && answer.reason === 'agent-expired' ? best.reason : answer.reason,
        via: answer.verdict === 'deny' ? [] : (answer.via ?? []),
      },
    }
  }

  /** Chains that begin at somebody who may hold something of its own, the agent's own authority first. */
  private async waysOf(agent: string): Promise<readonly (readonly string[])[]> {
    const chains = await this.kavach.delegation.listChains(agent)
    const ways: (readonly string[])[] = []
    for (const way of [[], ...chains.map(({ agents }) => agents.slice(0, -1))]) {
      const { type } = await this.kavach.agents.get(way[0] ?? agent)
      if (type !== 'delegated') ways.push(way)
    }
    return ways.length === 0 ? [[]] : ways
  }

  /** Those who may agree do so to what was asked last, if it waits. */
  async approveLast(approvers: readonly string[], now: number): Promise<boolean> {
    const { last } = this
    if (last === undefined) return false
    const by: string[] = []
    for (const id of [...approvers, 'zed', 'zoe', 'zac']) {
      const { status } = await this.kavach.approvals.get(last.id)
      if (status === 'approved') break
      try {
        await this.kavach.approvals.approve(last.id, { approver: id })
        by.push(id)
      } catch (error) {
        expect(error).toMatchObject({ code: 'KVCH_E_APPROVAL_FORBIDDEN' })
      }
    }
    if ((await this.kavach.approvals.get(last.id)).status !== 'approved') return false
    this.approvals.set(last.digest, { by, at: now })
    return true
  }

  /** Whoever decides the same charges the same. */
  async expectSameMeters(): Promise<void> {
    const rows = await this.store.read('default', (reader) =>
      reader.find('meters', 'byWindow', { after: 0, limit: 10_000 }),
    )
    const found = new Map(rows.map(({ key, windowStart, used }) => [`${key} ${windowStart}`, used]))
    for (const [key, { windowStart, used }] of this.meters) {
      const name = `${key} ${windowStart}`
      expect([name, found.get(name) ?? 0]).toEqual([name, Number(used)])
    }
  }

  private judge(request: object, now: number): Omit<Judged, 'via'> {
    const first = this.judgeOnce(request)
    const { digest } = first
    const approved = digest === undefined ? undefined : this.approvals.get(digest)
    if (first.decision !== 'approval' || approved === undefined || approved.at + HOUR <= now) return first
    return { ...this.judgeOnce({ ...request, approvedBy: approved.by, approvedAt: approved.at }), digest }
  }

  /** The reference and the loader, who agree. */
  private judgeOnce(request: object): Omit<Judged, 'via'> {
    const expected = askReference(this.subject, request, false)
    // It was made of what a request is made of.
    const found = this.subject.engine.decide(request as never, { charge: 'caller' })
    const { decision, allowed, reason } = found
    expect({ decision, allowed, reason }, JSON.stringify(request)).toEqual({
      decision: expected.decision,
      allowed: expected.allowed,
      reason: expected.reason,
    })
    return { ...expected, digest: found.approvalDigest }
  }

  private charge(key: string, window: string, windowStart: unknown, amount: unknown, unit: string): void {
    const start = typeof windowStart === 'number' ? windowStart : Date.parse(String(windowStart))
    const known = this.meters.get(key)
    const used = known !== undefined && known.windowStart === start ? known.used : 0n
    this.meters.set(key, { windowStart: start, unit, used: used + BigInt(String(amount)), end: endOf(window, start) })
  }

  private readings(now: number): Json {
    const readings: Record<string, string> = {}
    for (const [key, { end, unit, used }] of this.meters) {
      if (end > now) readings[key] = unit === 'nanoUsd' ? usdOf(used) : String(used)
    }
    return readings
  }
}

const RANK = ['deny', 'limited', 'approval', 'throttle', 'allow']

function askedOf(value: unknown, { agents }: Aim): Asked | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { agent, action, resource, via, args, ip, cost } = value as Json // Members of an object may be anything.
  const names = (Array.isArray(via) ? via : via === undefined ? [] : [undefined]).map((hop) =>
    typeof hop === 'object' && hop !== null ? hop.agent : hop,
  )
  const isKnown = (name: unknown): name is string => typeof name === 'string' && agents.includes(name)
  if (!isKnown(agent) || !names.every(isKnown)) return undefined
  if (typeof action !== 'string' || typeof resource !== 'string') return undefined
  if (args !== undefined && (typeof args !== 'object' || args === null)) return undefined
  if (cost !== undefined && typeof cost !== 'number') return undefined
  if (ip !== undefined && typeof ip !== 'string') return undefined
  return {
    agent,
    action,
    resource,
    via: via === undefined ? undefined : names,
    args: args as Json | undefined,
    ip,
    cost,
  }
}

/** With amounts that a store can count to. */
function countable(policy: string): string {
  return policy.replace(/\b([\d_]+)(\.\d+)? USD/g, (amount, whole: string) =>
    Number(whole.replaceAll('_', '')) < 9_007_199 ? amount : '9_000_000 USD',
  )
}

/** The instant that the policy is written about. */
function timeOf({ world: { now } }: Aim): number {
  const time = typeof now === 'string' ? Date.parse(now) : Number(now)
  return Number.isFinite(time) && time > 0 ? time : START
}

function sinceOf(since: Date | undefined) {
  return since === undefined ? {} : { since: since.getTime() }
}

function withoutNothing(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}

function usdOf(nanoUsd: bigint): string {
  const digits = String(nanoUsd).padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}

function endOf(window: string, start: number): number {
  const date = new Date(start)
  if (window === 'month') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
  return start + ({ minute: MINUTE, hour: HOUR, day: DAY }[window] ?? 0)
}

function place(number: number, turn: number, asked: Asked, piece: Parameters<typeof render>[0]): string {
  return `seed ${SEED}, policy ${number}, request ${turn}: ${JSON.stringify(asked)}\n${render(piece)}`
}
