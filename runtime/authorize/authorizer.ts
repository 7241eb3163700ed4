/** `authorize` and `authorizeByToken`: what is asked at once is decided in one transaction, in the order in which it was asked. */
import { after, isPromise } from '../awaitable.ts'
import { KavachError } from '../errors.ts'
import type { Policies } from '../policy/index.ts'
import type { AuthorizeRequest, AuthorizeResult } from '../request.ts'
import type { Change, ChangeEnd, Entry, Site } from '../site.ts'
import type { Awaitable } from '../store.ts'
import { Anomalies, type AnomalyPorts } from './anomaly.ts'
import { AuthFailures, type CountedFailures } from './auth-failures.ts'
import { Batches } from './batch.ts'
import { earlierAnswer, keepAnswer, requestText } from './idempotency.ts'
import { Job, type Subject } from './job.ts'
import { Judge, type Judgement, type JudgePorts } from './judge.ts'
import { BatchMeters, MeterCache } from './meters.ts'
import { Suspension } from './reads.ts'
import { codeOf, messageOf } from './reasons.ts'
import { isAllowedBy, resultOf, type SettlePorts, settle } from './settle.ts'
import { World } from './world.ts'

export interface AuthorizerPorts
  extends Omit<JudgePorts, 'policyFor' | 'shadow' | 'project'>,
    SettlePorts,
    AnomalyPorts {
  readonly policies: Policies
  readonly requestId: () => string
  /** SHA-256, hex, of a token, and an empty text for what cannot be one. */
  readonly hashOfToken: (token: unknown) => string
  /** SHA-256, hex. */
  readonly digestOf: (text: string) => string
  readonly failuresEntry: (failures: CountedFailures) => Entry
}

export interface Authorizer {
  readonly authorize: (agentId: string, request: AuthorizeRequest) => Promise<AuthorizeResult>
  readonly authorizeByToken: (token: string, request: AuthorizeRequest) => Promise<AuthorizeResult>
  /** Failed authentications of past minutes that have no row yet; for whoever writes one from time to time. */
  readonly recordFailures: () => Promise<void>
  /** Whether a failed authentication of this source gets a row of its own; otherwise it is counted. */
  readonly admitFailure: (source: string, now: number) => boolean
  readonly close: () => Promise<void>
}

export function createAuthorizer(site: Site, ports: AuthorizerPorts): Authorizer {
  const { policies } = ports
  const judgePorts: JudgePorts = {
    ...ports,
    project: site.project,
    policyFor: policies.forAgent,
    shadow: policies.shadow,
  }
  const failures = new AuthFailures()
  const meterCache = new MeterCache()
  const world = new World(({ row, incoming }) => {
    // In each of them: an agent is a link of chains that end in agents for whom another policy decides.
    for (const { engine } of policies.all()) {
      engine.dropRecord(row.id)
      for (const { from } of incoming) engine.dropRecord({ from, to: row.id })
    }
  })
  let isClosed = false

  const batches = new Batches<Job>(site.host, run)

  async function run(jobs: readonly Job[]): Promise<void> {
    let counted: readonly CountedFailures[] = []
    let admitted: Admitted[] = []
    let end: ChangeEnd | undefined

    /** Whatever a run has learnt or noted counts for nothing when the store runs it again, or when it fails. */
    function takeBack(): void {
      world.clear()
      failures.giveBack(counted)
      for (const { source, now } of admitted) failures.withdraw(source, now)
      counted = []
      admitted = []
    }

    let hasBegun = false
    try {
      const results = await site.change((change) => {
        if (hasBegun) takeBack()
        hasBegun = true
        for (const { reads } of jobs) reads.forget()
        counted = failures.take(change.now)
        for (const one of counted) change.record(ports.failuresEntry(one))
        return after(world.sync(change), (isChanged) =>
          after(isChanged ? policies.refresh(change) : undefined, () =>
            after(decideAll(change, jobs, admitted), (decided) => {
              end = change.end()
              return decided
            }),
          ),
        )
      })
      if (end !== undefined) meterCache.commit(end)
      for (let i = 0; i < jobs.length; i++) {
        const result = results[i]
        if (result !== undefined) jobs[i]?.resolve(result)
      }
    } catch (error) {
      // What was read in a change that failed may never have been.
      takeBack()
      await fail(jobs, error)
    }
  }

  /** Answers those whose transaction failed. */
  async function fail(jobs: readonly Job[], error: unknown): Promise<void> {
    if (error instanceof KavachError) {
      // Whoever waits behind a store that hangs has waited as long as whoever asked it.
      const late = error.code === 'KVCH_E_STORE_TIMEOUT' ? batches.takeAll() : []
      for (const job of [...jobs, ...late]) job.resolve(failed(job, error))
    } else if (jobs.length > 1) {
      // Something that one of them asked with broke it: nobody else may be denied for that.
      for (const job of jobs) await run([job])
    } else {
      site.warn(`a decision failed: ${String(error)}`)
      for (const job of jobs) job.resolve(failed(job, error))
    }
  }

  function decideAll(
    change: Change,
    jobs: readonly Job[],
    admitted: Admitted[],
  ): Awaitable<readonly AuthorizeResult[]> {
    meterCache.begin(change)
    const meters = new BatchMeters(change, meterCache)
    const judge = new Judge(judgePorts, world, change, meters)
    const anomalies = new Anomalies(ports, change, meters, world)
    const round: Round = { change, meters, judge, anomalies, admitted }
    const results: AuthorizeResult[] = []
    const waiting: Promise<unknown>[] = []
    for (let i = 0; i < jobs.length; i++) {
      const result = decide(round, jobs[i] as Job) // `i` is below the length.
      if (isPromise(result)) waiting.push(result.then((value) => (results[i] = value)))
      else results[i] = result
    }
    return after(waiting.length === 0 ? undefined : Promise.all(waiting), () => after(meters.flush(), () => results))
  }

  function decide(round: Round, job: Job): Awaitable<AuthorizeResult> {
    let judgement: Judgement
    try {
      judgement = round.judge.judge(job)
    } catch (error) {
      if (error instanceof Suspension) return error.ready.then(() => decide(round, job))
      if (error instanceof KavachError) throw error
      site.warn(`a decision failed: ${String(error)}`)
      judgement = round.judge.refuse('engine-fault', job.agentId, null)
    }
    const { reason, agentId } = judgement
    if (reason === 'token-invalid' || reason === 'token-expired') {
      const attempt = { source: sourceOf(job), now: round.change.now }
      round.admitted.push(attempt)
      if (!failures.admit(attempt.source, attempt.now)) return resultOf(job, judgement, undefined, undefined)
    }
    const key = job.request?.idempotencyKey
    if (typeof key === 'string' && agentId !== undefined) return decideOnce(round, job, judgement, agentId, key)
    return conclude(round, job, judgement)
  }

  /** A request that may be a retry. */
  function decideOnce(
    round: Round,
    job: Job,
    judgement: Judgement,
    agentId: string,
    key: string,
  ): Awaitable<AuthorizeResult> {
    const { change } = round
    const text = requestText(job.request)
    if (text === undefined) return conclude(round, job, judgement)
    const digest = ports.digestOf(text)
    return after(earlierAnswer(change, agentId, key, digest), (earlier) => {
      if (earlier === 'conflict') return conclude(round, job, round.judge.refuse('idempotency-conflict', agentId, null))
      if (earlier !== undefined) return earlier
      return after(conclude(round, job, judgement), (answer) =>
        answer.allowed ? after(keepAnswer(change, agentId, key, digest, answer), () => answer) : answer,
      )
    })
  }

  function conclude(round: Round, job: Job, judgement: Judgement): Awaitable<AuthorizeResult> {
    const { change, meters, anomalies } = round
    return after(settle(ports, change, meters, job, judgement), (result) => {
      const { agentId, decision } = judgement
      if (agentId === undefined || decision === undefined) return result
      const isDenial = judgement.verdict === 'deny' && !isAllowedBy(judgement)
      return after(isDenial ? anomalies.noteDenial(agentId) : anomalies.noteOther(agentId), () => result)
    })
  }

  function ask(subject: Subject, request: AuthorizeRequest): Promise<AuthorizeResult> {
    return new Promise((resolve) => {
      const stated = request?.requestId
      const requestId = typeof stated === 'string' && REQUEST_ID.test(stated) ? stated : ports.requestId()
      const job = new Job(subject, request, { requestId, startedAt: ports.elapsed() }, resolve)
      if (isClosed) resolve(refusedBeforehand(job, 'closed'))
      else batches.add(job)
    })
  }

  function failed(job: Job, error: unknown): AuthorizeResult {
    const refused = refusedBeforehand(job, 'store-failed')
    return error instanceof KavachError
      ? { ...refused, code: error.code }
      : { ...refused, code: 'KVCH_E_POLICY_ENGINE' }
  }

  function refusedBeforehand({ requestId, agentId }: Job, reason: 'closed' | 'store-failed'): AuthorizeResult {
    const { name, generation, digest } = policies.current()
    const code = codeOf(reason)
    return {
      allowed: false,
      reason,
      verdict: 'deny',
      ...(code !== undefined && { code, message: messageOf(reason, undefined) }),
      auditId: undefined,
      requestId,
      ...(agentId !== undefined && { agentId }),
      policy: { name, generation, digest },
    }
  }

  return {
    authorize: (agentId, request) => ask({ agentId }, request),
    authorizeByToken: (token, request) => ask({ tokenHash: ports.hashOfToken(token) }, request),
    async recordFailures() {
      const counted = failures.take(site.host.now())
      if (counted.length === 0) return
      try {
        await site.change((change) => {
          for (const one of counted) change.record(ports.failuresEntry(one))
        })
      } catch (error) {
        failures.giveBack(counted)
        throw error
      }
    },
    admitFailure: (source, now) => failures.admit(source, now),
    async close() {
      isClosed = true
      await batches.idle()
    },
  }
}

interface Round {
  readonly change: Change
  readonly meters: BatchMeters
  readonly judge: Judge
  readonly anomalies: Anomalies
  readonly admitted: Admitted[]
}

/** A failed authentication that was counted. */
interface Admitted {
  readonly source: string
  /** Milliseconds since 1970. */
  readonly now: number
}

/** A name that a caller gives to its request: printable, and not long. */
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/

function sourceOf({ request }: Job): string {
  return typeof request?.ip === 'string' ? request.ip.slice(0, 64) : 'unknown'
}
