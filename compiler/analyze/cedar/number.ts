/**
 * Numbers as Cedar compares them.
 *
 * Cedar has whole numbers of 64 bits and decimals of four digits; ours are decimals of any size with nine digits in a policy.
 * A number of a request is therefore four whole numbers, itself and its 10^9-fold rounded down and up: `x <= 5` is
 * `x.ceiling <= 5`, exactly, whatever `x` is. They are kept within what JSON readers keep exact.
 */
import { anyOf } from './logic.ts'

export interface CedarNumber {
  readonly floor: number
  readonly ceiling: number
  /** In units of 10^-9. */
  readonly nanoFloor: number
  readonly nanoCeiling: number
}

/** What a rounded number ends at: all beyond compare alike. */
export const LARGEST_LONG = BigInt(Number.MAX_SAFE_INTEGER)
const UNITS_PER_ONE = 1_000_000_000n

/** A number of a request; `undefined` for what is not finite. */
export function toCedarNumber(value: number): CedarNumber | undefined {
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential())
  if (parts === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  const digits = BigInt(`${sign}${whole}${fraction}`)
  const power = Number(exponent) - fraction.length
  const [floor, ceiling] = roundBoth(digits, power)
  const [nanoFloor, nanoCeiling] = roundBoth(digits, power + 9)
  return { floor, ceiling, nanoFloor, nanoCeiling }
}

/** `subject OPERATOR units / 10^9`, or `undefined` when the constant is too large for Cedar's whole numbers. */
export function compareNumber(subject: string, operator: '=' | '<=' | '>=', units: bigint): string | undefined {
  if (units % UNITS_PER_ONE === 0n && isSmall(units / UNITS_PER_ONE)) {
    return comparison(`${subject}.floor`, `${subject}.ceiling`, operator, units / UNITS_PER_ONE)
  }
  return isSmall(units) ? comparison(`${subject}.nanoFloor`, `${subject}.nanoCeiling`, operator, units) : undefined
}

/** `subject` is one of the numbers, or `undefined` when one is too large. */
export function isOneOf(subject: string, values: readonly bigint[]): string | undefined {
  const texts = values.map((units) => compareNumber(subject, '=', units))
  const exact = texts.filter((text) => text !== undefined)
  return exact.length === texts.length ? anyOf(exact) : undefined
}

/** `subject OPERATOR units / 10^9` where `subject` is a whole number from 0 on, of at most 2^53 - 2. */
export function compareWhole(subject: string, operator: '=' | '<=' | '>=', units: bigint): string {
  const floor = floorDivide(units, UNITS_PER_ONE)
  const isWhole = units % UNITS_PER_ONE === 0n
  switch (operator) {
    case '<=':
      return `${subject} <= ${clamp(floor)}`
    case '>=':
      return `${subject} >= ${clamp(isWhole ? floor : floor + 1n)}`
    case '=':
      return isWhole ? `${subject} == ${clamp(floor)}` : 'false'
  }
}

function comparison(floor: string, ceiling: string, operator: '=' | '<=' | '>=', constant: bigint): string {
  switch (operator) {
    case '<=':
      return `${ceiling} <= ${constant}`
    case '>=':
      return `${floor} >= ${constant}`
    case '=':
      return `${floor} == ${constant} && ${ceiling} == ${constant}`
  }
}

/** Below the number at which rounded ones end, so that those beyond it stay beyond. */
function isSmall(value: bigint): boolean {
  return value < LARGEST_LONG && value > -LARGEST_LONG
}

/** `digits * 10^power` rounded down and up. */
function roundBoth(digits: bigint, power: number): readonly [floor: number, ceiling: number] {
  if (power >= 0) {
    const whole = clamp(digits * 10n ** BigInt(power))
    return [whole, whole]
  }
  const divisor = 10n ** BigInt(-power)
  const floor = floorDivide(digits, divisor)
  return [clamp(floor), clamp(floor * divisor === digits ? floor : floor + 1n)]
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor
  return quotient * divisor > value ? quotient - 1n : quotient
}

function clamp(value: bigint): number {
  return Number(value > LARGEST_LONG ? LARGEST_LONG : value < -LARGEST_LONG ? -LARGEST_LONG : value)
}
