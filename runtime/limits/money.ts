/** Money at the border: USD as callers write it, whole nano-USD inside. */

const NANO = 9

/**
 * Nano-USD, rounded up: what was spent in part was spent. The shortest decimal that stands for the number is what counts,
 * as in the engine; 0.1 USD is 100,000,000.
 *
 * @returns nothing for what is no amount, or is not below 2^53 nano-USD (9,007,199 USD)
 */
export function toNanoUsd(usd: number): number | undefined {
  if (typeof usd !== 'number' || !Number.isFinite(usd) || usd < 0) return undefined
  const [mantissa = '', exponent = ''] = usd.toExponential().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = whole + fraction
  const places = Number(exponent) - fraction.length + NANO
  const length = digits.length + places
  // Ten to the sixteenth is above 2^53.
  if (length > 16) return undefined
  const kept = places >= 0 ? digits + '0'.repeat(places) : digits.slice(0, Math.max(0, length))
  const isCut = places < 0 && Number(digits.slice(Math.max(0, length))) > 0
  const nanoUsd = Number(kept) + (isCut ? 1 : 0)
  return Number.isSafeInteger(nanoUsd) ? nanoUsd : undefined
}
