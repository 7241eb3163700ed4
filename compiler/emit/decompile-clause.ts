/** Clauses of an image as the model has them: limits and approvals. */
import * as layout from '../../engine-wasm/format/layout.ts'
import type { ApprovalModel, LimitModel, LimitWindow } from '../model/index.ts'
import type { LimitScope } from './pools.ts'
import type { ImageReader } from './read-image.ts'

/** A limit, and what it is counted per: of a grant, an agent, a delegation and the boundary `each` says the same. */
export interface ReadLimit {
  readonly limit: LimitModel
  readonly scope: LimitScope
}

/** @throws {RangeError} when there is none, or it says what no policy can */
export function readLimit(reader: ImageReader, index: number): ReadLimit {
  const at = reader.at(layout.S_LIMITS, index, layout.LIMIT_SIZE)
  const scope = SCOPES[reader.u8(at + layout.LIMIT_PER)] ?? fail(`limit ${index} is counted per nothing we know`)
  const rows = Array.from({ length: reader.u32(at + layout.LIMIT_METER_COUNT) }, (_, i) => {
    const meter = reader.at(layout.S_METERS, reader.u32(at + layout.LIMIT_METERS) + i, layout.METER_SIZE)
    return { window: windowOf(reader.u32(meter + layout.METER_WINDOW)), cap: reader.u64(meter + layout.METER_CAP) }
  })
  const key = reader
    .u64(at + layout.LIMIT_KEY)
    .toString(16)
    .padStart(16, '0')
  if (reader.u8(at + layout.LIMIT_KIND) === layout.LIMIT_RATE) {
    const windows = rows.map(({ window, cap }) => ({ window, count: cap }))
    const isEach = scope === 'resource' || scope === 'owner' || scope === 'tenant'
    return { scope, limit: { kind: 'rate', key, windows, ...(isEach && { each: scope }) } }
  }
  const windows = rows.map(({ window, cap }) => ({ window, capNanoUsd: cap }))
  const percent = reader.u8(at + layout.LIMIT_PERCENT)
  if (percent === NEVER) return { scope, limit: { kind: 'budget', key, windows } }
  const throttle = {
    percent,
    count: reader.u64(at + layout.LIMIT_PACE),
    window: windowOf(reader.u8(at + layout.LIMIT_PACE_WINDOW)),
  }
  return { scope, limit: { kind: 'budget', key, windows, throttle } }
}

/** The limits of a list; none for NONE. */
export function readLimits(reader: ImageReader, list: number): readonly LimitModel[] {
  if (list === layout.NONE) return []
  const at = reader.at(layout.S_LIMIT_LISTS, list, layout.LIMIT_LIST_SIZE)
  const start = reader.u32(at + layout.LIMIT_LIST_START)
  return Array.from({ length: reader.u32(at + layout.LIMIT_LIST_COUNT) }, (_, i) => readLimit(reader, start + i).limit)
}

/** What needs to be approved; `undefined` for NONE. */
export function readApproval(reader: ImageReader, index: number): ApprovalModel | undefined {
  if (index === layout.NONE) return undefined
  const at = reader.at(layout.S_APPROVALS, index, layout.APPROVAL_SIZE)
  const by = reader.u32(at + layout.APPROVAL_BY)
  const within = reader.i64(at + layout.APPROVAL_WITHIN)
  return {
    ...(by !== layout.NONE && { by: reader.string(by) }),
    ...(within >= 0n && { withinMs: toNumber(within) }),
  }
}

/** A whole number that JavaScript holds exactly. @throws {RangeError} when it does not */
export function toNumber(value: bigint): number {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : fail(`${value} is beyond 2^53`)
}

const NEVER = 255
const SCOPES: readonly LimitScope[] = ['agent', 'resource', 'owner', 'tenant', 'all']
const WINDOWS: readonly LimitWindow[] = ['minute', 'hour', 'day', 'month']

function windowOf(number: number): LimitWindow {
  return WINDOWS[number] ?? fail(`there is no window ${number}`)
}

function fail(message: string): never {
  throw new RangeError(message)
}
