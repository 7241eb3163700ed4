/** One project in one store, put together: what `createKavach` opens. */

import { type Agents, createAgents } from './agents/index.ts'
import type { ApprovalsApi } from './approvals/index.ts'
import { createApprovals } from './approvals/index.ts'
import {
  type AuditApi,
  createAudit,
  createCheckpointer,
  createDecisionEntry,
  createSigning,
  entryOf,
  LogTail,
  pruneExpired,
  rowsOfAgent,
} from './audit/index.ts'
import { clearDenials, createAuthorizer, createPossible, type Possible } from './authorize/index.ts'
import { after } from './awaitable.ts'
import { type Call, createCall } from './call.ts'
import { makeChange } from './change.ts'
import { createDeadlines } from './deadline.ts'
import { createDelegations, type Delegations, delegationRecord, incomingPaths } from './delegation/index.ts'
import { explainAt } from './docs-url.ts'
import { KavachError } from './errors.ts'
import { createGuard, type Guard } from './guard.ts'
import type { Hashing } from './hashing.ts'
import type { Host } from './host.ts'
import { createKeys, type Keys, loadSecretKeys, type SecretKeys } from './keys/index.ts'
import {
  type Complete,
  createComplete,
  createLevels,
  createRates,
  expireDue,
  KEPT_MS,
  openReservation,
  type Rates,
  sweep,
} from './limits/index.ts'
import { runTasks, startMaintenance, type Task } from './maintenance.ts'
import { type HostOptions, resolveSettings } from './options.ts'
import { createOutbox, toWebhookSecret } from './outbox/index.ts'
import { createPolicies, declareDelegations, type PolicyApi, type PolicySource, type ReadFile } from './policy/index.ts'
import type { AuthorizeRequest, AuthorizeResult } from './request.ts'
import { createSessions, type Sessions } from './sessions/index.ts'
import type { Site } from './site.ts'
import type { Store } from './store.ts'
import { AGENT_TOKEN, checkToken } from './tokens/index.ts'
import { createTrust, type TrustScore } from './trust/index.ts'
import { ulid } from './ulid.ts'
import { createUsage, type Usage } from './usage/index.ts'

export interface OpenOptions extends HostOptions {
  readonly policy?: PolicySource | undefined
}

/** What is not said by options: the machine, and what the place it runs in is for. */
export interface Surroundings {
  readonly host: Host
  readonly store: Store
  readonly hashing: Hashing
  readonly isProduction: boolean
  /** Where there are files: policies may be given as paths then. */
  readonly readFile?: ReadFile | undefined
  /** The host lives for one request: nothing of it goes on behind it, and `maintain` does what timers do elsewhere. */
  readonly isBrief?: boolean | undefined
}

export interface AgentsApi extends Agents {
  readonly authorize: (request: { readonly token: string } & AuthorizeRequest) => Promise<AuthorizeResult>
  readonly call: Call
  readonly delegate: Delegations['delegate']
}

/** `Db` is the type of `db`: the store knows it, this floor does not. */
export interface Kavach<Db = unknown> {
  readonly project: string
  /** Decides whether an agent may do something, charges it and records it. A denial is a value. */
  readonly authorize: (agentId: string, request: AuthorizeRequest) => Promise<AuthorizeResult>
  /** The same for whoever shows a token. */
  readonly authorizeByToken: (token: string, request: AuthorizeRequest) => Promise<AuthorizeResult>
  readonly complete: Complete
  /** Whether calls could be allowed, for lists of what an agent may use; it decides nothing. */
  readonly possible: Possible
  readonly agents: AgentsApi
  /** The same as `agents`. */
  readonly agent: AgentsApi
  readonly delegate: Delegations['delegate']
  readonly delegation: Delegations
  readonly approvals: ApprovalsApi
  readonly audit: AuditApi
  readonly policy: PolicyApi
  readonly rates: Rates
  readonly keys: Keys
  /** People who were signed in elsewhere. */
  readonly sessions: Sessions
  readonly trust: { readonly score: (agentId: string) => Promise<TrustScore> }
  /** How many calls of agents there were, for whoever bills them. */
  readonly usage: Usage
  readonly guard: Guard
  /** What receivers of webhooks verify them with, `whsec_...`. */
  readonly webhookSecret: () => Promise<string>
  /** The Drizzle instance, where there is one. */
  readonly db: Db
  /**
   * Does once all that a host does from time to time while it is open: checkpoints, messages that are due, and whatever is over. For places
   * where a host lives no longer than a request, such as Workers: call it from a cron trigger, every minute or so. What fails is a warning.
   */
  readonly maintain: () => Promise<void>
  /** Ends what is under way, writes what is left to write, and closes the store. */
  readonly close: () => Promise<void>
}

/** Rows a sweep removes at most from each table, so that no decision waits long for it. */
const SWEPT_ROWS = 200

/** A host, with what those who stand on top of it need: the authorization server and the HTTP face. */
export interface OpenedHost {
  readonly kavach: Kavach
  readonly site: Site
  readonly secretKeys: () => Promise<SecretKeys>
  /** Whether a failed authentication of this source, at this time, gets a row of its own; others are counted. */
  readonly admitFailure: (source: string, now: number) => boolean
}

/** Rounds of messages that one `maintain` sends. */
const MAX_ROUNDS = 20

/** @throws {KavachError} when the options, the policy or the store are not as they must be */
export async function openKavach(options: OpenOptions, surroundings: Surroundings): Promise<Kavach> {
  return (await openHost(options, surroundings)).kavach
}

/** @throws {KavachError} as `openKavach` */
export async function openHost(options: OpenOptions, surroundings: Surroundings): Promise<OpenedHost> {
  const { host, store, hashing, isProduction } = surroundings
  const sha256 = hashing.bytes
  const settings = resolveSettings(options)
  const { project, warn } = settings
  const deadlines = createDeadlines(host, settings.deadlineMs)
  // A key that cannot sign is told of now, and not when it is needed.
  await createSigning({ project, host, settings })()
  if (!settings.areMigrationsSkipped) await store.migrate()

  const tail = new LogTail()
  const place = { store, host, project, sha256, hashing, tail }
  const site: Site = {
    project,
    host,
    store,
    settings,
    sha256,
    tail,
    read: (work) => deadlines.within(store.read(project, work)),
    change: (work) => deadlines.within(makeChange(place, work)),
    policy: () => policies.current(),
    warn,
    isBrief: surroundings.isBrief,
  }
  /** For those who judge by the policy outside of decisions: what another process brought into force is taken over first. */
  const judging: Site = {
    ...site,
    read: (work) => site.read((reader) => after(policies.refresh(reader), () => work(reader))),
    change: (work) => site.change((change) => after(policies.refresh(change), () => work(change))),
  }
  const agents = createAgents(judging, { clearAnomaly: clearDenials })
  const policies = createPolicies({
    change: site.change,
    async declare(change, inForce) {
      await agents.declare(change, inForce)
      await declareDelegations(change, inForce)
    },
    record: (change, { kind, actor, members }) => change.record(entryOf({ kind, actor, members })),
    rest: host.rest,
    warn,
    readFile: surroundings.readFile,
  })
  await policies.open(options.policy)

  let loading: Promise<SecretKeys> | undefined
  /** Whoever needs a key asks for it, and is told then what went wrong; the next one tries again. */
  function secretKeys(): Promise<SecretKeys> {
    loading ??= loadSecretKeys(site, { isProduction }).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
  await secretKeys()
  const webhookKeys = async () => (await secretKeys()).derive('webhooks')
  const outbox = createOutbox(site, webhookKeys)
  const approvals = createApprovals(site, outbox)
  const delegations = createDelegations(judging)
  const trust = createTrust(site, { rowsOf: rowsOfAgent })
  const audit = createAudit(site)
  const checkpointer = createCheckpointer(site)
  const complete = createComplete(site)

  const authorizer = createAuthorizer(site, {
    policies,
    levels: createLevels(settings.limits),
    pathsTo: incomingPaths,
    delegationRecord,
    granted: approvals.granted,
    trustOf: trust.trustOf,
    elapsed: host.elapsed,
    decisionEntry: createDecisionEntry({ hex: hashing.hex, allowedArgs: settings.audit.allowedArgs }),
    reservationMs: settings.limits.reservationSeconds * 1000,
    openReservation,
    useApproval: (change, { id }, auditId) => approvals.use(change, id, auditId),
    requestApproval: approvals.request,
    consecutiveDenials: settings.consecutiveDenials,
    anomalyEntry: (agent, denials) =>
      entryOf({ kind: 'anomaly', agent, actor: 'host', members: { anomaly: 'consecutive-denials', denials } }),
    failuresEntry: ({ source, minute, count }) =>
      entryOf({
        kind: 'auth.failures',
        actor: 'host',
        result: 'denied',
        personal: { source },
        members: { minute: new Date(minute).toISOString(), count },
      }),
    requestId: () => `req_${ulid(host, host.now())}`,
    hashOfToken: (token) => (typeof token === 'string' && checkToken(token, AGENT_TOKEN) ? hashing.hex(token) : ''),
    digestOf: hashing.hex,
  })
  const { authorize, authorizeByToken } = authorizer

  const agentsApi: AgentsApi = {
    ...agents.api,
    async authorize(asked) {
      const { token, ...request } = asked ?? {}
      return authorizeByToken(token, request)
    },
    call: createCall({ authorize, complete, warn }),
    delegate: delegations.delegate,
  }

  const sessions = createSessions(site, options.sessions, { admitFailure: authorizer.admitFailure })

  // A message that is claimed by a host whose request ends would only lose an attempt: `maintain` sends them then.
  if (site.isBrief !== true) outbox.start()
  const maintenance = startMaintenance({ host, warn }, site.isBrief === true ? [] : tasks())
  function tasks(): readonly Task[] {
    return [
      { name: 'signing a checkpoint', everyMs: 1000, run: () => checkpointer.tick() },
      { name: 'recording failed authentications', everyMs: 60_000, run: () => authorizer.recordFailures() },
      { name: 'expiring approvals', everyMs: 30_000, run: () => approvals.api.expireDue() },
      {
        name: 'expiring reservations',
        everyMs: 30_000,
        run: () => site.change((change) => expireDue(change, SWEPT_ROWS)),
      },
      { name: 'pruning the log', everyMs: 3_600_000, run: () => pruneExpired(site) },
      {
        name: 'sweeping sessions',
        everyMs: 300_000,
        run: () => site.change((change) => sessions.sweep(change, SWEPT_ROWS)),
      },
      { name: 'sweeping', everyMs: 300_000, run: () => site.change((change) => sweep(change, SWEPT_ROWS)) },
      {
        name: 'sweeping messages that were sent',
        everyMs: 300_000,
        run: () => site.change((change) => outbox.sweep(change, { before: change.now - KEPT_MS, limit: SWEPT_ROWS })),
      },
    ]
  }

  /** What waits, some at a time; what comes to wait meanwhile is for the next call. */
  async function sendAll(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS && (await outbox.deliverDue()) > 0; round++);
  }

  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    await authorizer.close()
    await maintenance.stop()
    await outbox.stop()
    await checkpointer.flush()
    deadlines.stop()
    await store.close()
  }

  const kavach: Kavach = {
    project,
    authorize,
    authorizeByToken,
    complete,
    possible: createPossible(judging, { policyFor: policies.forAgent, trustOf: trust.trustOf }),
    agents: agentsApi,
    agent: agentsApi,
    delegate: delegations.delegate,
    delegation: delegations,
    approvals: approvals.api,
    audit,
    policy: policies.api,
    rates: createRates(site),
    keys: createKeys(site, { admitFailure: authorizer.admitFailure }),
    sessions: sessions.api,
    trust: { score: trust.score },
    usage: createUsage(site),
    guard: createGuard({ authorize, authorizeByToken, complete, warn }),
    async webhookSecret() {
      const [key] = await webhookKeys()
      if (key === undefined) throw new KavachError('KVCH_E_CONFIG_INVALID', 'there is no secret to sign webhooks with')
      return toWebhookSecret(key)
    },
    get db() {
      return store.db
    },
    maintain() {
      const due = [
        { name: 'signing a checkpoint', everyMs: 0, run: () => checkpointer.flush() },
        { name: 'sending messages', everyMs: 0, run: sendAll },
      ]
      return runTasks([...tasks(), ...due], warn)
    },
    close() {
      closing ??= close()
      return closing
    },
  }
  return {
    kavach: explainAt(kavach, settings.docsBaseUrl),
    site: judging,
    secretKeys,
    admitFailure: authorizer.admitFailure,
  }
}
