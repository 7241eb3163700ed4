/** Exact decimals: what a JSON number says when it is printed, `digits * 10^exponent`. */
export interface Decimal {
  readonly digits: bigint
  readonly exponent: number
}

/** The shortest decimal that round-trips to `value`; nothing for an infinity or NaN. */
export function numberToDecimal(value: number): Decimal | undefined {
  return Number.isFinite(value) ? parseDecimal(String(value)) : undefined
}

/** Reads a decimal string of the request, such as `"1.60"`: no sign, no exponent, no idle zero in front. */
export function parseAmount(text: string): Decimal | undefined {
  return /^(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(text) ? parseDecimal(text) : undefined
}

/** Sign of `decimal - units / 10^9`. */
export function compareToUnits(decimal: Decimal, units: bigint): -1 | 0 | 1 {
  const shift = Math.min(decimal.exponent, -9)
  const left = decimal.digits * 10n ** BigInt(decimal.exponent - shift)
  const right = units * 10n ** BigInt(-9 - shift)
  return left < right ? -1 : left > right ? 1 : 0
}

/** `decimal * 10^places` rounded up: dollars become nano-dollars with 9 places. */
export function roundUp(decimal: Decimal, places: number): bigint {
  const exponent = decimal.exponent + places
  if (exponent >= 0) return decimal.digits * 10n ** BigInt(exponent)
  const divisor = 10n ** BigInt(-exponent)
  const quotient = decimal.digits / divisor
  return quotient * divisor < decimal.digits ? quotient + 1n : quotient
}

function parseDecimal(text: string): Decimal | undefined {
  const parts = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:e([+-][0-9]+))?$/.exec(text)
  if (parts === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  const digits = BigInt(whole + fraction)
  return { digits: sign === '-' ? -digits : digits, exponent: Number(exponent) - fraction.length }
}
