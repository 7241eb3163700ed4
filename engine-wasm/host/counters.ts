/**
 * Meters in numbers, for a host that decides many requests in one transaction: it reads and takes by itself, so nothing has to
 * be reserved while a decision is made.
 */
import { ANSWER_NEED_METERS, OUTCOME_THROTTLE } from '../format/codes.ts'
import {
  ANSWER_APPROVED,
  ANSWER_METERED,
  PER_AGENT_RESOURCE,
  PER_ALL,
  PER_OWNER,
  PER_TENANT,
  RES_AMOUNT,
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
import { listOf, type Machine } from './machine.ts'
import { WORD } from './memory.ts'
import { freeAt, UNKNOWN, WINDOWS } from './meter.ts'
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
  /** Evaluates the request with readings. */
  readonly askAgain: (readings: readonly bigint[]) => number
}

/** The decision of the first answer, with what counters read. */
export function respondByCounters(question: CounterQuestion, first: number): Decision {
  const { core, request, counters, charge, keys, askAgain } = question
  // A getter may throw that did not when the request was encoded.
  const named = attempt(() => ({ request, keys, names: request.via ? chainOf(request) : [request.agent] }))
  if (named === undefined) return plainDecision(core, MALFORMED)
  let answer = first
  if ((answer & 15) === ANSWER_NEED_METERS) {
    const asked = attempt(() => readAsked(core, named))
    if (asked === undefined) return plainDecision(core, MALFORMED)
    const readings: bigint[] = []
    for (const { key, windowStart } of asked) {
      const used = counters.read(key, windowStart)
      if (!Number.isSafeInteger(used) || used < 0) return plainDecision(core, UNREAD)
      readings.push(BigInt(used))
    }
    answer = askAgain(readings)
    // Whoever read has replaced the policy meanwhile.
    if ((answer & 15) === ANSWER_NEED_METERS) return plainDecision(core, OVERTAKEN)
    if (isPlainAnswer(answer)) return plainDecision(core, answer)
  }
  const draft = attempt(() => readCharged(core, answer, named))
  if (draft === undefined) return plainDecision(core, MALFORMED)
  return draft.allowed && charge !== 'caller' && answer & (ANSWER_METERED | ANSWER_APPROVED)
    ? unpaid(draft, answer)
    : draft
}

/** What the keys of a decision's meters are made of. */
interface Named {
  readonly request: EngineRequest
  readonly keys: MeterKeys
  /** Those of the chain. */
  readonly names: readonly string[]
}

/** The meters that the module asks for. All of them are known before the first one is read: whoever reads may ask the engine. */
function readAsked(m: Machine, named: Named): readonly Pick<CounterCharge, 'key' | 'windowStart'>[] {
  return listOf(m.u32(RES_METER_COUNT), (i) => {
    const at = RES_METERS + i * RES_METER_SIZE
    const start = startAt(m, at)
    return { key: keyAt(m, at, named), windowStart: start === UNKNOWN ? 0 : start }
  })
}

/** The decision in the response of the machine. */
function readCharged(m: Machine, answer: number, named: Named): Draft {
  const count = m.u32(RES_METER_COUNT)
  if ((answer & 15) < OUTCOME_THROTTLE) {
    const times = listOf(count, (i) => timeAt(m, RES_METERS + i * RES_METER_SIZE))
    return withAmount(m, count, readDraft(m, answer, named.request, times))
  }
  const draft = withAmount(m, count, readDraft(m, answer, named.request, NOTHING))
  if (count > 0) draft.charges = listOf(count, (i) => chargeAt(m, RES_METERS + i * RES_METER_SIZE, named))
  return draft
}

const NOTHING: readonly never[] = []

function withAmount(m: Machine, count: number, draft: Draft): Draft {
  if (count > 0) {
    const amount = wideAt(m, RES_AMOUNT)
    draft.amountNanoUsd = `${Number.isSafeInteger(amount) ? amount : m.u64(RES_AMOUNT)}`
  }
  return draft
}

function chargeAt(m: Machine, at: number, named: Named): CounterCharge {
  const kinds = m.u32(at + RM_WINDOW)
  const start = startAt(m, at)
  return {
    key: keyAt(m, at, named),
    window: WINDOWS[kinds & 255] as Window, // One of the four, by its number.
    windowStart: start === UNKNOWN ? 0 : start,
    unit: kinds >> 24 ? 'nanoUsd' : 'calls',
    limit: wideAt(m, at + RM_LIMIT),
    amount: wideAt(m, at + RM_AMOUNT),
    used: wideAt(m, at + RM_READING),
  }
}

/** When a meter lets its amount through again. It need not be quick: nothing is charged then. */
function timeAt(m: Machine, at: number): number {
  const window = m.u32(at + RM_WINDOW) & 255
  return freeAt(window, startAt(m, at), m.u64(at + RM_READING), m.u64(at + RM_AMOUNT), m.u64(at + RM_LIMIT))
}

function keyAt(m: Machine, at: number, { request, keys, names }: Named): string {
  // A byte each, in this order: window, pacing, scope, money.
  const kinds = m.u32(at + RM_WINDOW)
  const per = (kinds >> 16) & 255
  const value =
    per === PER_ALL
      ? ''
      : per === PER_TENANT
        ? request.tenant
        : per === PER_OWNER
          ? m.text(m.u32(at + RM_OWNER), m.u32(at + RM_OWNER_LENGTH))
          : names[m.u32(at + RM_PRINCIPAL)]
  const key = keys.keyOf(m.u32(at + RM_KEY + 4), m.u32(at + RM_KEY), kinds, value ?? '')
  return per === PER_AGENT_RESOURCE ? key + keys.partOf(request.resource) : key
}

/** An u64 as a number, rounded from 2^53 on. */
const wideAt = (m: Machine, at: number): number => m.u32(at) + m.u32(at + 4) * WORD

/** Of the window of the meter at an offset. */
const startAt = (m: Machine, at: number): number =>
  m.u32(at + RM_WINDOW_START) + (m.u32(at + RM_WINDOW_START + 4) | 0) * WORD
