/**
 * Meters in numbers, for a host that decides many requests in one transaction: it reads and takes by itself, so nothing has to
 * be reserved while a decision is made.
 */
import { ANSWER_NEED_METERS } from '../format/codes.ts'
import {
  ANSWER_APPROVED,
  ANSWER_METERED,
  PER_AGENT_RESOURCE,
  PER_ALL,
  PER_OWNER,
  PER_TENANT,
  RES_METER_COUNT,
  RES_METER_SIZE,
  RES_METERS,
  RM_AMOUNT,
  RM_KEY,
  RM_LIMIT,
  RM_OWNER,
  RM_OWNER_LENGTH,
  RM_PRINCIPAL,
  RM_READING,
  RM_WINDOW,
  RM_WINDOW_START,
} from '../format/layout.ts'
import { type Core, MALFORMED, OVERTAKEN, UNREAD, unpaid } from './core.ts'
import { type Decision, type Draft, isPlainAnswer, plainDecision, readDraft } from './decision.ts'
import type { Machine } from './machine.ts'
import { freeAt, type Meter, scopePart, UNKNOWN, WINDOWS } from './meter.ts'
import type { MeterKeys } from './meter-keys.ts'
import { attempt, chainOf, type EngineRequest, type Window } from './request.ts'

/** Where a host counts. */
export interface Counters {
  /**
   * What was used of a meter in the window that began at `windowStart`: calls or nano-USD, a whole number below 2^53. What is
   * none denies. Called while a decision is made, so it answers at once; what it throws comes through `decide`.
   *
   * @param windowStart milliseconds since 1970, and 0 without a known `now`
   */
  read(key: string, windowStart: number): number
}

/** What to take from a meter; exact below 2^53. */
export interface CounterCharge {
  /** As in reservations; one string for as long as it is in use. */
  readonly key: string
  readonly window: Window
  /** Milliseconds since 1970, and 0 without a known `now`. */
  readonly windowStart: number
  readonly unit: 'calls' | 'nanoUsd'
  readonly limit: number
  readonly amount: number
  /** What it read. */
  readonly used: number
}

/** A request whose first answer was not all there is to say. */
export interface CounterQuestion {
  readonly core: Core
  readonly request: EngineRequest
  readonly counters: Counters
  readonly charge: 'caller' | undefined
  readonly keys: MeterKeys
  readonly askAgain: (readings: readonly bigint[]) => number
}

/** The decision of the first answer, with what counters read. */
export function respondByCounters(question: CounterQuestion, first: number): Decision {
  const { core, request, counters, charge, keys, askAgain } = question
  let answer = first
  if ((answer & 15) === ANSWER_NEED_METERS) {
    const asked = attempt(() => readMeters(core, request, keys))
    if (asked === undefined) return plainDecision(core, MALFORMED)
    const readings: bigint[] = []
    for (const { key, windowStart } of asked.charges) {
      const used = counters.read(key, windowStart)
      if (!Number.isSafeInteger(used) || used < 0) {
        return { ...plainDecision(core, UNREAD), meters: asked.charges.map(meterOf) }
      }
      readings.push(BigInt(used))
    }
    answer = askAgain(readings)
    // Whoever read has replaced the policy meanwhile.
    if ((answer & 15) === ANSWER_NEED_METERS) return plainDecision(core, OVERTAKEN)
    if (isPlainAnswer(answer)) return plainDecision(core, answer)
  }
  const draft = attempt(() => readCharged(core, answer, request, keys))
  if (draft === undefined) return plainDecision(core, MALFORMED)
  return draft.allowed && charge !== 'caller' && answer & (ANSWER_METERED | ANSWER_APPROVED)
    ? unpaid(draft, answer)
    : draft
}

function readCharged(core: Core, answer: number, request: EngineRequest, keys: MeterKeys): Draft {
  const { charges, times } = readMeters(core, request, keys)
  const draft = readDraft(core, answer, request, times)
  if (draft.allowed && charges.length > 0) draft.charges = charges
  return draft
}

interface Judged {
  readonly charges: readonly CounterCharge[]
  /** When each lets its amount through. */
  readonly times: readonly number[]
}

/** The meters in the response of the machine. */
function readMeters(m: Machine, request: EngineRequest, keys: MeterKeys): Judged {
  const { via, agent, resource, tenant } = request
  const names = via ? chainOf(request) : undefined
  const end = RES_METERS + m.u32(RES_METER_COUNT) * RES_METER_SIZE
  const charges: CounterCharge[] = []
  const times: number[] = []
  for (let at = RES_METERS; at < end; at += RES_METER_SIZE) {
    // A byte each, in this order: window, pacing, scope, money.
    const kinds = m.u32(at + RM_WINDOW)
    const per = (kinds >> 16) & 255
    const value =
      per === PER_ALL
        ? ''
        : per === PER_TENANT
          ? (tenant ?? '')
          : per === PER_OWNER
            ? m.text(m.u32(at + RM_OWNER), m.u32(at + RM_OWNER_LENGTH))
            : names === undefined
              ? agent
              : names[m.u32(at + RM_PRINCIPAL)]
    const key = keys.keyOf(m.u32(at + RM_KEY + 4), m.u32(at + RM_KEY), kinds, value ?? '')
    const start = m.u32(at + RM_WINDOW_START) + (m.u32(at + RM_WINDOW_START + 4) | 0) * WORD
    // What is no longer exact as a number is compared as what it is.
    const limit = wide(m, at + RM_LIMIT)
    const amount = wide(m, at + RM_AMOUNT)
    const used = wide(m, at + RM_READING)
    times.push(
      used < limit && used + amount <= limit && limit <= Number.MAX_SAFE_INTEGER
        ? 0
        : freeAt(kinds & 255, start, m.u64(at + RM_READING), m.u64(at + RM_AMOUNT), m.u64(at + RM_LIMIT)),
    )
    charges.push({
      key: per === PER_AGENT_RESOURCE ? key + scopePart('resource', resource) : key,
      window: WINDOWS[kinds & 255] as Window, // One of the four, by its number.
      windowStart: start === UNKNOWN ? 0 : start,
      unit: kinds >> 24 ? 'nanoUsd' : 'calls',
      limit,
      amount,
      used,
    })
  }
  return { charges, times }
}

const WORD = 0x100000000

/** An u64 as a number. */
const wide = (m: Machine, at: number): number => m.u32(at) + m.u32(at + 4) * WORD

function meterOf({ key, window, windowStart, limit, unit }: CounterCharge): Meter {
  return { key, window, windowStart: windowStart || null, limit: `${limit}`, unit }
}
