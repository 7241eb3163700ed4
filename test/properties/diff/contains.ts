/** Whether a request is in a box, decided fact by fact: slow, obvious, and without the operations of the algebra. */
import {
  ABSENT,
  argumentPath,
  type BigRange,
  type Box,
  type FactSet,
  IS_APPROVED,
  IS_FALSE,
  IS_TRUE,
  type KeySet,
  MISSING,
  NO_SUCH,
  NOT_APPROVED,
  OTHER,
  UNREADABLE,
  type Universe,
} from '../../../compiler/algebra/index.ts'
import { parseAddress, parseStamp } from '../../../compiler/model/index.ts'

export interface PlainRequest {
  readonly agent: string
  readonly via?: readonly string[]
  readonly action: string
  readonly resource: string
  readonly args?: unknown
  readonly ip?: unknown
  readonly now?: unknown
  readonly trust?: unknown
  readonly cost?: unknown
  readonly approvedBy?: unknown
  readonly approvedAt?: unknown
}

export function boxContains(box: Box, request: PlainRequest, universe: Universe): boolean {
  return [...box].every(([dimension, set]) => isIn(dimension, set, request, universe))
}

function isIn(dimension: string, set: FactSet, request: PlainRequest, universe: Universe): boolean {
  switch (dimension) {
    case 'action':
      return set.kind === 'names' && set.names.has(request.action) !== set.isExcluding
    case 'resource':
      return set.kind === 'text' && universe.languages.accepts(set.language, request.resource)
    case 'ip':
      return inRanges(set, typeof request.ip === 'string' ? addressOf(request.ip) : undefined, MISSING)
    case 'trust':
    case 'cost':
      return inRanges(set, doubled(request[dimension]), MISSING)
    case 'now': {
      const now = instantOf(request.now)
      if (set.kind !== 'sum') return false
      if (now === undefined) return (set.specials & MISSING) !== 0
      return (set.parts.get('instant') ?? []).some(
        (cell) => within(cell.get('instant.ms'), now) && within(cell.get('instant.minute'), minuteOfWeek(now)),
      )
    }
    case 'args':
      return set.kind === 'keys' && inKeys(set, request.args)
    case 'approval-age':
      return inAge(set, request)
  }
  const path = argumentPath(dimension)
  if (path !== undefined) return set.kind === 'sum' && inArgument(set, valueAt(request.args, path), universe)
  if (dimension === 'approved' || dimension.startsWith('approved:')) {
    const labels = approversOf(request.approvedBy)
    const isGiven = dimension === 'approved' ? labels.length > 0 : labels.includes(dimension.slice('approved:'.length))
    return set.kind === 'ranges' && (set.specials & (isGiven ? IS_APPROVED : NOT_APPROVED)) !== 0
  }
  throw new TypeError(`a declared agent has no ${dimension}`)
}

function approversOf(value: unknown): readonly unknown[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]
}

function inAge(set: FactSet, { now, approvedAt }: PlainRequest): boolean {
  if (set.kind !== 'ranges') return false
  if (approvedAt === undefined || approvedAt === null) return (set.specials & MISSING) !== 0
  const [present, given] = [instantOf(now), instantOf(approvedAt)]
  if (present === undefined || given === undefined) return (set.specials & UNREADABLE) !== 0
  return within(set, present - given)
}

function inRanges(set: FactSet, value: bigint | undefined, special: number): boolean {
  if (set.kind !== 'ranges') return false
  return value === undefined ? (set.specials & special) !== 0 : within(set, value)
}

function within(set: FactSet | undefined, value: bigint): boolean {
  if (set === undefined) return true
  return set.kind === 'ranges' && set.ranges.some(({ low, high }: BigRange) => low <= value && value <= high)
}

function addressOf(text: string): bigint | undefined {
  const parsed = parseAddress(text)
  return parsed.ok ? parsed.value : undefined
}

function instantOf(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined
  if (typeof value !== 'string') return undefined
  const parsed = parseStamp(value)
  return parsed.ok ? BigInt(parsed.value) : undefined
}

function minuteOfWeek(ms: bigint): bigint {
  const minutes = (ms - (((ms % 60_000n) + 60_000n) % 60_000n)) / 60_000n
  return (((minutes + 3n * 1440n) % 10_080n) + 10_080n) % 10_080n
}

/** Twice the number in units of 10^-9; odd when it lies between two of them. */
function doubled(value: unknown): bigint | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  const [mantissa = '', exponent = '0'] = String(Math.abs(value)).split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const shift = Number(exponent) - fraction.length + 9
  const digits = BigInt(whole + fraction)
  const [units, rest] =
    shift >= 0 ? [digits * 10n ** BigInt(shift), 0n] : [digits / 10n ** BigInt(-shift), digits % 10n ** BigInt(-shift)]
  const size = 2n * units + (rest === 0n ? 0n : 1n)
  return value < 0 ? -size : size
}

function inKeys({ isAbsentIn, cells }: KeySet, args: unknown): boolean {
  if (args === undefined || args === null) return isAbsentIn
  const names = Object.keys(args)
  return cells.some(
    ({ allowed, beyond }) =>
      (allowed === undefined || names.every((name) => allowed.has(name))) &&
      beyond.every((inside) => names.some((name) => !inside.has(name))),
  )
}

const NOTHING = Symbol('nothing')

function valueAt(args: unknown, path: readonly string[]): unknown {
  let value = args ?? NOTHING
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
      return NOTHING
    value = Object.entries(value).find(([key]) => key === name)?.[1] ?? null
  }
  return value
}

function inArgument(set: Extract<FactSet, { readonly kind: 'sum' }>, value: unknown, universe: Universe): boolean {
  const has = (special: number): boolean => (set.specials & special) !== 0
  if (value === NOTHING) return has(ABSENT)
  if (typeof value === 'boolean') return has(value ? IS_TRUE : IS_FALSE)
  if (typeof value === 'number') {
    const number = doubled(value)
    if (number === undefined) return has(OTHER)
    const time = instantOf(value)
    return (set.parts.get('number') ?? []).some(
      (cell) =>
        within(cell.get('number.value'), number) && isSome(cell.get('number.minute'), time && minuteOfWeek(time)),
    )
  }
  if (
    typeof value !== 'string' ||
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value) ||
    value.includes('\ufffd')
  )
    return has(OTHER)
  const time = parseStamp(value)
  return (set.parts.get('string') ?? []).some((cell) => {
    const text = cell.get('string.text')
    return (
      (text === undefined || (text.kind === 'text' && universe.languages.accepts(text.language, value))) &&
      within(cell.get('string.length'), BigInt(Array.from(value).length)) &&
      isSome(cell.get('string.address'), addressOf(value)) &&
      isSome(cell.get('string.minute'), time.ok ? minuteOfWeek(BigInt(time.value)) : undefined)
    )
  })
}

function isSome(set: FactSet | undefined, value: bigint | undefined): boolean {
  return set === undefined || inRanges(set, value, NO_SUCH)
}
