/**
 * Four limits that hold before any policy is asked: calls a minute of the project, of an agent, of a user with all of their
 * agents, and of an endpoint. Minutes are aligned to UTC.
 *
 * What is charged when: a call that was allowed takes one from each of its meters, in the transaction that records it. A call
 * that was refused, by a level, by the policy or for want of an approval, takes nothing, so denials use up nobody's quota.
 * A limit of 0 means never.
 */
import { KavachError, type KavachErrorCode } from '../errors.ts'
import type { LimitOptions } from '../options.ts'

export type Level = 'project' | 'agent' | 'user' | 'endpoint'

export interface LevelMeter {
  /** In the table `meters`. Keys of the engine begin with 16 hex digits, so none is the same. */
  readonly key: string
  /** Milliseconds since 1970. */
  readonly windowStart: number
  /** Calls. */
  readonly limit: number
  readonly level: Level
}

export interface LevelAsked {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly agentId: string
  /** An agent without an owner has no user's limit. */
  readonly owner: string | null
  /** A call without an endpoint has no endpoint's limit. */
  readonly endpoint?: string | undefined
}

export interface Exceeded {
  readonly level: Level
  readonly code: KavachErrorCode
  readonly reason: 'project-rate-limited' | 'rate-limited' | 'user-rate-limited' | 'endpoint-rate-limited'
  /** Seconds until the window ends; absent where the limit is 0. */
  readonly retryAfter: number | undefined
}

export interface Levels {
  /** What has to be read before a call, and to be taken from by 1 when it was allowed. */
  readonly metersFor: (asked: LevelAsked) => readonly LevelMeter[]
  /** The first meter that is full, in the order of the levels. */
  readonly firstExceeded: (
    meters: readonly LevelMeter[],
    now: number,
    read: (meter: LevelMeter) => number,
  ) => Exceeded | undefined
}

const MINUTE_MS = 60_000
const NONE: readonly LevelMeter[] = []
const NO_LEVELS: Levels = { metersFor: () => NONE, firstExceeded: () => undefined }

const REFUSALS: { readonly [L in Level]: Pick<Exceeded, 'code' | 'reason'> } = {
  project: { code: 'KVCH_E_RATE_PROJECT_EXCEEDED', reason: 'project-rate-limited' },
  agent: { code: 'KVCH_E_RATE_AGENT_EXCEEDED', reason: 'rate-limited' },
  user: { code: 'KVCH_E_RATE_USER_EXCEEDED', reason: 'user-rate-limited' },
  endpoint: { code: 'KVCH_E_RATE_ENDPOINT_EXCEEDED', reason: 'endpoint-rate-limited' },
}

/** @throws {KavachError} KVCH_E_CONFIG_INVALID */
export function createLevels(limits: LimitOptions): Levels {
  const project = limitOf(limits.projectPerMinute, 'limits.projectPerMinute')
  const agent = limitOf(limits.agentPerMinute, 'limits.agentPerMinute')
  const user = limitOf(limits.userPerMinute, 'limits.userPerMinute')
  const endpointOf = endpointLimits(limits.endpointPerMinute)
  if (project === undefined && agent === undefined && user === undefined && endpointOf === undefined) return NO_LEVELS
  return {
    metersFor({ now, agentId, owner, endpoint }) {
      const windowStart = now - (now % MINUTE_MS)
      const meters: LevelMeter[] = []
      if (project !== undefined) meters.push({ key: 'level/project', windowStart, limit: project, level: 'project' })
      if (agent !== undefined) {
        meters.push({ key: `level/agent=${agentId}`, windowStart, limit: agent, level: 'agent' })
      }
      if (user !== undefined && owner !== null) {
        meters.push({ key: `level/user=${owner}`, windowStart, limit: user, level: 'user' })
      }
      const limit = endpoint === undefined ? undefined : endpointOf?.(endpoint)
      if (limit !== undefined) {
        meters.push({ key: `level/endpoint=${endpoint}`, windowStart, limit, level: 'endpoint' })
      }
      return meters
    },
    firstExceeded(meters, now, read) {
      for (const meter of meters) {
        const { level, limit, windowStart } = meter
        if (read(meter) < limit) continue
        const retryAfter = limit === 0 ? undefined : Math.ceil((windowStart + MINUTE_MS - now) / 1000)
        return { level, ...REFUSALS[level], retryAfter }
      }
      return undefined
    },
  }
}

type EndpointLimits = (endpoint: string) => number | undefined

function endpointLimits(limits: LimitOptions['endpointPerMinute']): EndpointLimits | undefined {
  if (limits === undefined) return undefined
  if (typeof limits === 'number') {
    const all = limitOf(limits, 'limits.endpointPerMinute')
    return () => all
  }
  if (typeof limits !== 'object' || limits === null) throw noLimit('limits.endpointPerMinute')
  const each = new Map(
    Object.entries(limits).map(([name, limit]) => [name, limitOf(limit, `limits.endpointPerMinute.${name}`)]),
  )
  return (endpoint) => each.get(endpoint)
}

function limitOf(limit: number | undefined, path: string): number | undefined {
  if (limit === undefined || (Number.isSafeInteger(limit) && limit >= 0)) return limit
  throw noLimit(path)
}

function noLimit(path: string): KavachError {
  return new KavachError('KVCH_E_CONFIG_INVALID', `${path}: must be a whole number of calls a minute, 0 or more`, {
    details: { path },
  })
}
