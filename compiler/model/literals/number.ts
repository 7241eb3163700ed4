/** Integers, decimals and money: digits with `_` between them, no idle zero, at most 18 before and 9 after the point. */
import { fault, parsed } from './fault.ts'
import type { DecimalLiteral, Parsed } from './values.ts'

const MAX_WHOLE_DIGITS = 18
const MAX_FRACTION_DIGITS = 9
const UNITS_PER_ONE = 1_000_000_000n
/** Largest amount of money, USD. */
const MAX_USD = 9_000_000_000n

/** A whole number such as `2_000`, never negative. */
export function parseInteger(text: string): Parsed<bigint> {
  const end = scanDigits(text, 0, 'integer')
  if (typeof end !== 'number') return end
  if (end !== text.length) return malformed(text, 'integer')
  return wholeFault(text, 0, end) ?? parsed(toBigInt(text, 0, end))
}

/** A decimal such as `0.50` or `-3`, exactly, as units of 10^-9. */
export function parseDecimal(text: string): Parsed<DecimalLiteral> {
  const start = text.charCodeAt(0) === 0x2d ? 1 : 0
  const end = scanDigits(text, start, 'number')
  if (typeof end !== 'number') return end
  const whole = wholeFault(text, start, end)
  if (whole !== undefined) return whole
  let units = toBigInt(text, start, end) * UNITS_PER_ONE
  if (end !== text.length) {
    if (text.charCodeAt(end) !== 0x2e) return malformed(text, 'number')
    const last = scanDigits(text, end + 1, 'number')
    if (typeof last !== 'number') return last
    if (last !== text.length) return malformed(text, 'number')
    const digits = stripUnderscores(text.slice(end + 1))
    if (digits.length > MAX_FRACTION_DIGITS) {
      return fault({
        code: 'KV0242',
        start: end + 1,
        end: text.length,
        message: `\`${shorten(text)}\` has more than ${MAX_FRACTION_DIGITS} digits after the point`,
      })
    }
    units += BigInt(digits.padEnd(MAX_FRACTION_DIGITS, '0'))
  }
  return parsed({ units: start === 1 ? -units : units })
}

/** An amount of USD as nano-USD, from 0 to 9,000,000,000 USD. */
export function parseMoney(text: string): Parsed<bigint> {
  const amount = parseDecimal(text)
  if (!amount.ok) return amount
  const { units } = amount.value
  if (units < 0n) {
    return fault({ code: 'KV0243', start: 0, end: text.length, message: 'an amount of money is never negative' })
  }
  if (units > MAX_USD * UNITS_PER_ONE) {
    return fault({
      code: 'KV0243',
      start: 0,
      end: text.length,
      message: `\`${text}\` is more than ${MAX_USD} USD, the largest amount`,
    })
  }
  return parsed(units)
}

/** The shortest decimal text of `units` of 10^-9, which `parseDecimal` reads back. */
export function formatDecimal(units: bigint): string {
  const sign = units < 0n ? '-' : ''
  const size = units < 0n ? -units : units
  const fraction = (size % UNITS_PER_ONE).toString().padStart(MAX_FRACTION_DIGITS, '0').replace(/0+$/, '')
  return `${sign}${size / UNITS_PER_ONE}${fraction === '' ? '' : `.${fraction}`}`
}

type Noun = 'integer' | 'number'

/** Offset behind a run of digits with single `_` between them, which must not be empty. */
function scanDigits(text: string, start: number, noun: Noun): number | ReturnType<typeof fault> {
  let i = start
  for (; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x30 && unit <= 0x39) continue
    if (unit !== 0x5f) break
    const next = text.charCodeAt(i + 1)
    if (i === start || !(next >= 0x30 && next <= 0x39)) {
      return fault({ code: 'KV0241', start: i, end: i + 1, message: '`_` may only stand between two digits' })
    }
  }
  return i === start ? malformed(text, noun) : i
}

function wholeFault(text: string, start: number, end: number): ReturnType<typeof fault> | undefined {
  if (text.charCodeAt(start) === 0x30 && end - start > 1) {
    return fault({
      code: 'KV0241',
      start,
      end,
      message: `\`${shorten(text)}\` starts with an idle zero`,
      help: `write \`${shorten(stripUnderscores(text.slice(start, end)).replace(/^0+(?=.)/, '') + text.slice(end))}\``,
    })
  }
  if (end - start <= MAX_WHOLE_DIGITS) return undefined
  if (stripUnderscores(text.slice(start, end)).length <= MAX_WHOLE_DIGITS) return undefined
  return fault({
    code: 'KV0242',
    start,
    end,
    message: `\`${shorten(text)}\` has more than ${MAX_WHOLE_DIGITS} digits before the point`,
  })
}

function malformed(text: string, noun: Noun): ReturnType<typeof fault> {
  return fault({
    code: 'KV0241',
    start: 0,
    end: text.length,
    message: `\`${shorten(text)}\` is not ${noun === 'integer' ? 'a whole number' : 'a number'}`,
    help: noun === 'integer' ? 'write digits, such as `60` or `2_000`' : 'write digits, such as `2`, `0.50` or `1_000`',
  })
}

function toBigInt(text: string, start: number, end: number): bigint {
  if (end - start > 15) return BigInt(stripUnderscores(text.slice(start, end)))
  let value = 0
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i)
    if (unit !== 0x5f) value = value * 10 + (unit - 0x30)
  }
  return BigInt(value)
}

function stripUnderscores(text: string): string {
  return text.replaceAll('_', '')
}

function shorten(text: string): string {
  return text.length <= 48 ? text : `${text.slice(0, 45)}...`
}
