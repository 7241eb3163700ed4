/**
 * The row of a decision, as docs/decision-log.md has it. Who acts is the agent, so it has no `actor` of its own. There is one for each call, so its canonical JSON is written member by
 * member in the order that RFC 8785 wants; a test holds it against the general way.
 */
import { canonicalJson, canonicalText, isWellFormed } from '../../compiler/model/index.ts'
import type { Outcome, Reason } from '../../engine-wasm/host/index.ts'
import type { KavachErrorCode } from '../errors.ts'
import type { Hashing } from '../hashing.ts'
import type { HostReason } from '../request.ts'
import type { Entry, EntryPlace, Json } from '../site.ts'
import { looksSecret, MAX_RECORDED, recordedArgs } from './recorded-args.ts'
import { stampOf } from './stamp.ts'

/** What a request asked for may be anything: what is no text is left out, and what is long is cut. */
export interface DecisionFacts {
  readonly requestId: string
  readonly agent: string | undefined
  /** What the caller gave: the id of the agent, or its token. */
  readonly by: 'id' | 'token'
  readonly owner?: string | null | undefined
  readonly action: string | undefined
  readonly resource: string | undefined
  /** Delegators, root first. */
  readonly via: readonly string[]
  /** The delegation through which alone the agent acts. */
  readonly delegation?: string | undefined
  readonly args?: Readonly<Record<string, unknown>> | undefined
  readonly ip?: string | undefined
  /** USD. */
  readonly cost?: number | undefined
  readonly endpoint?: string | undefined
  readonly isAllowed: boolean
  readonly verdict: Outcome
  readonly reason: Reason | HostReason
  readonly code?: KavachErrorCode | undefined
  readonly retryAfter?: number | undefined
  readonly policy: { readonly name: string; readonly generation: number; readonly digest: string }
  /** Id of the grant that was chosen for the root of the chain. */
  readonly grant?: number | undefined
  /** Ids of all grants chosen, where there are several. */
  readonly charged?: readonly number[] | undefined
  /** Id of the rule that denied. */
  readonly guard?: number | undefined
  /** Money that was reserved, nano-USD; calls that were counted are not repeated here. */
  readonly reservations: readonly {
    readonly key: string
    readonly windowStart: number | null
    readonly amount: string | number
  }[]
  readonly approvalId?: string | undefined
  /** Where the policy in the shadow decided otherwise. */
  readonly shadow?:
    | { readonly digest: string; readonly verdict: Outcome; readonly reason: Reason | HostReason }
    | undefined
  /** Microseconds. */
  readonly durationUs: number
}

export interface DecisionEntryOptions {
  readonly hex: Hashing['hex']
  /** Arguments whose values are recorded. */
  readonly allowedArgs: ReadonlySet<string>
}

/** What stands for the digest of arguments that are no JSON: no arguments have it. */
export const NOT_JSON = 'not-json'

/** Hops of a chain that are recorded; more than any policy lets through. */
const MAX_VIA = 32

export function createDecisionEntry({ hex, allowedArgs }: DecisionEntryOptions): (facts: DecisionFacts) => Entry {
  const policyText = rememberLast(({ name, generation, digest }: DecisionFacts['policy']) =>
    canonicalJson({ name, generation, digest }),
  )

  /** `"args":...,"argsDigest":...,` */
  function argsText(args: DecisionFacts['args']): string {
    if (args === undefined || args === null) return ''
    let text: string
    try {
      text = canonicalJson(args)
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) return `"argsDigest":"${NOT_JSON}",`
      throw error
    }
    const kept = allowedArgs.size === 0 ? '' : recordedArgs(args, allowedArgs)
    const digest = hex(text)
    return `${kept === '' ? '' : `"args":${kept},`}"argsDigest":"${digest}",`
  }

  function bodyOf(facts: DecisionFacts, agent: string | undefined, { seq, time, commitment }: EntryPlace): string {
    const { action, approvalId, charged, code, cost, delegation, endpoint, grant, guard } = facts
    const { resource, retryAfter, reservations, shadow, via } = facts
    let body = '{'
    if (typeof action === 'string') body += `"action":${quoted(action)},`
    if (agent !== undefined) body += `"agent":${quoted(agent)},`
    if (approvalId !== undefined) body += `"approvalId":${quoted(approvalId)},`
    body += `${argsText(facts.args)}"by":"${facts.by}",`
    if (charged !== undefined) body += `"charged":[${charged}],`
    if (code !== undefined) body += `"code":"${code}",`
    if (isNumber(cost)) body += `"cost":${JSON.stringify(cost)},`
    if (typeof delegation === 'string')
      body += `"delegation":${quoted(looksSecret(delegation) ? '(a secret)' : delegation)},`
    body += `"durationUs":${JSON.stringify(facts.durationUs)},`
    if (typeof endpoint === 'string') body += `"endpoint":${quoted(endpoint)},`
    if (grant !== undefined) body += `"grant":${grant},`
    if (guard !== undefined) body += `"guard":${guard},`
    body += '"kind":"decision",'
    if (commitment !== undefined) body += `"personal":"${commitment}",`
    body += `"policy":${policyText(facts.policy)},"reason":"${facts.reason}","request_id":${quoted(facts.requestId)},`
    if (reservations.length > 0) body += `"reservations":[${reservations.map(reservationText)}],`
    if (typeof resource === 'string') body += `"resource":${quoted(resource)},`
    body += facts.isAllowed ? '"result":"allowed",' : '"result":"denied",'
    if (retryAfter !== undefined) body += `"retryAfter":${JSON.stringify(retryAfter)},`
    body += `"seq":${seq},`
    if (shadow !== undefined) body += `"shadow":${canonicalJson(shadow)},`
    body += `"time":"${stampOf(time)}","verdict":"${facts.verdict}"`
    if (via.length > 0) body += `,"via":[${via.slice(0, MAX_VIA).map((hop) => hopText(hop, facts))}]`
    return `${body}}`
  }

  return (facts) => {
    const agent = typeof facts.agent === 'string' ? bounded(knownName(facts.agent, facts)) : undefined
    return {
      kind: 'decision',
      agent,
      result: facts.isAllowed ? 'allowed' : 'denied',
      personal: personalOf(facts),
      write: (place) => bodyOf(facts, agent, place),
    }
  }
}

function personalOf({ owner, ip }: DecisionFacts): { readonly [name: string]: Json } | undefined {
  const isKnown = typeof owner === 'string'
  if (typeof ip === 'string') return isKnown ? { ip: bounded(ip), owner: bounded(owner) } : { ip: bounded(ip) }
  return isKnown ? { owner: bounded(owner) } : undefined
}

function reservationText({ key, windowStart, amount }: DecisionFacts['reservations'][number]): string {
  const start = windowStart === null ? '' : `,"windowStart":${windowStart}`
  return `{"amount":"${amount}","key":${quoted(key)}${start}}`
}

/** A delegator that the caller named may be anything. */
function hopText(hop: unknown, facts: DecisionFacts): string {
  return quoted(typeof hop === 'string' ? knownName(hop, facts) : '')
}

/** Whoever mixes the two up gives a token where an id belongs, and the log must not hold it. */
function knownName(id: string, { reason }: DecisionFacts): string {
  return reason === 'agent-unknown' && looksSecret(id) ? '(a secret)' : id
}

function quoted(text: string): string {
  return canonicalText(bounded(text))
}

/** A text that can be stored: whole characters, and not too many. */
function bounded(text: string): string {
  const cut = text.length > MAX_RECORDED ? `${text.slice(0, MAX_RECORDED)}…` : text
  return isWellFormed(cut) ? cut : cut.replaceAll(LONE_SURROGATES, '\ufffd')
}

const LONE_SURROGATES = /\p{Surrogate}/gu

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** Policies change seldom. */
function rememberLast<T extends object>(work: (value: T) => string): (value: T) => string {
  let last: T | undefined
  let text = ''
  return (value) => {
    if (value !== last) {
      text = work(value)
      last = value
    }
    return text
  }
}
