/**
 * ULIDs: 48 bits of time and 80 random bits in 26 characters, whose order as texts is that in which they were made.
 *
 * The 60 random bits behind the time are drawn once for each millisecond; the last 20 begin at random and count up, so that
 * the ids of one host ascend within a millisecond too. Should they overflow, or the clock go back, the time of the last id
 * stands, or goes on by one.
 *
 * @see https://github.com/ulid/spec
 */
import type { Host } from './host.ts'

/** A ULID, after all those that were made with the same `source`. `now` is milliseconds since 1970. */
export function ulid(source: Pick<Host, 'random'>, now: number): string {
  let last = lastOf.get(source)
  if (last === undefined) {
    last = { time: -1, head: '', count: 0 }
    lastOf.set(source, last)
  }
  if (now > last.time) begin(last, now, source)
  else if (++last.count === COUNTS) begin(last, last.time + 1, source)
  return last.head + pair(last.count >> 10) + pair(last.count)
}

interface Last {
  time: number
  /** The 22 characters of the time and of the random bits that all ids of this millisecond share. */
  head: string
  count: number
}

const lastOf = new WeakMap<Pick<Host, 'random'>, Last>()
const COUNTS = 2 ** 20

function begin(last: Last, time: number, { random }: Pick<Host, 'random'>): void {
  const bytes = random(16)
  const bits = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  last.time = time
  last.head = pair(time / 2 ** 40) + pair(time / 2 ** 30) + pair(time / 2 ** 20) + pair(time / 2 ** 10) + pair(time)
  for (let at = 0; at < 12; at += 2) last.head += pair(bits(at))
  last.count = (bits(12) << 4) | (bits(14) & 0xf)
}

/** Crockford's alphabet: neither I, L, O nor U. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const PAIRS = Array.from(DIGITS, (high) => Array.from(DIGITS, (low) => high + low)).flat()

/** The lowest ten bits of a number below 2^48, as two digits. */
function pair(value: number): string {
  // Beyond 32 bits `&` would take the number modulo 2^32, which leaves its lowest bits as they are.
  return PAIRS[value & 1023] ?? ''
}
