/** Members of sets that are no plain values, and the bounds of those that are. */

/** The special of a fact that is not there or cannot be read. */
export const MISSING = 1
/** Specials of an argument. `OTHER` is null, a list or an object. */
export const ABSENT = 1
export const OTHER = 2
export const IS_TRUE = 4
export const IS_FALSE = 8
/** Specials of `approved`. */
export const NOT_APPROVED = 1
export const IS_APPROVED = 2
/** Special of `approval-age` beside MISSING: the time of approval, or the present, cannot be read. */
export const UNREADABLE = 2
/** Special of `string.address`, `string.minute` and `number.minute`: the value is no address, no time. */
export const NO_SUCH = 1

/** The last of the 128-bit addresses. */
export const MAX_ADDRESS = (1n << 128n) - 1n
export const MINUTES_OF_WEEK = 10_080n
/** Milliseconds that a request can name: as a text from the year 0 on, as a number from 1970 on. */
export const MIN_MS = BigInt(Date.parse('0000-01-01T00:00:00Z'))
export const MAX_MS = (1n << 53n) - 1n
/** A number doubled in units of 10^-9, larger than any that JSON can name. */
export const MAX_DOUBLED = 10n ** 320n
const UNIT = 2_000_000_000n
/** `cost` is at most 9e9 USD, whoever spends it. */
export const MAX_COST_DOUBLED = 9_000_000_000n * UNIT
/** Code points of a text that a request can carry. */
export const MAX_LENGTH = 1n << 31n

/** Specials of `type`, one for each type of principal. */
export const TYPE_BITS = { autonomous: 1, delegated: 2, service: 4 } as const
