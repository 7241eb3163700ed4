/** Random literals with values at both sides of their edges. As everywhere here, the values are hints. */
import type { Sample } from './atoms.ts'
import type { Random } from './random.ts'

const MAPPED = 0xffff_0000_0000n
const LAST_ADDRESS = (1n << 128n) - 1n

/** A network of any width, with its first and last address and the neighbours of those. */
export function generateCidr(random: Random): Sample {
  const isV4 = random.chance(0.5)
  const width = isV4 ? 32 : 128
  const prefix = random.chance(0.2) ? random.pick([0, 1, width - 1, width]) : random.between(0, width)
  const host = BigInt(width - prefix)
  let bits = 0n
  for (let left = width / 32; left > 0; left--) bits = (bits << 32n) | BigInt(random.next())
  const low = ((bits >> host) << host) + (isV4 ? MAPPED : 0n)
  const high = low + (1n << host) - 1n
  const outside = [low - 1n, high + 1n].filter((address) => address >= 0n && address <= LAST_ADDRESS)
  return {
    text: `${isV4 ? formatV4(low) : formatV6(low)}/${prefix}`,
    good: [low, high].map((address) => formatAddress(random, address)),
    bad: outside.map((address) => formatAddress(random, address)),
  }
}

function formatAddress(random: Random, address: bigint): string {
  if (address >> 32n !== 0xffffn) return formatV6(address)
  return random.chance(0.7) ? formatV4(address) : `::ffff:${formatV4(address)}`
}

function formatV4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.')
}

function formatV6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => (address >> BigInt(112 - 16 * index)) & 0xffffn)
  return groups
    .map((group) => group.toString(16))
    .join(':')
    .replace(/(?:^|:)0(?::0)+(?::|$)/, '::')
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const DAY_MS = 86_400_000
const MONDAY = Date.UTC(2026, 2, 30)

/** Hours of some days, over midnight too, with the first and last moment of one of them and those beside. */
export function generateHours(random: Random): Sample {
  const first = random.below(7)
  const last = random.below(7)
  const days = random.chance(0.2) ? 'daily' : first === last ? DAYS[first] : `${DAYS[first]}-${DAYS[last]}`
  const from = random.below(1440)
  let to = random.chance(0.15) ? 1440 : random.below(1440)
  if (to === from) to = (from + 1) % 1440
  const start = MONDAY + first * DAY_MS + from * 60_000
  const end = MONDAY + first * DAY_MS + (to > from ? to : to + 1440) * 60_000
  const moment = (ms: number) => (random.chance(0.5) ? ms : new Date(ms).toISOString())
  return {
    text: `${days} ${formatClock(from)}-${formatClock(to)}`,
    good: [start, end - 1].map(moment),
    bad: [start - 1, end].map(moment),
  }
}

function formatClock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

const LETTERS = ['a', 'b', 'c', 'A', 'é', '😀', '0', '\\/', ' ', '-', '\\n', '\\{']
const CLASSES = [
  '[ab]',
  '[^a]',
  '[a-c0-9]',
  '[^\\s]',
  '[é😀]',
  '[\\w\\-]',
  '.',
  '\\d',
  '\\w',
  '\\s',
  '\\D',
  '\\W',
  '\\S',
]
const TEXT_LETTERS = ['a', 'b', 'c', 'A', 'é', '😀', '0', '/', ' ', '-', '\n', '{', 'ü', '~']

/** A regex and texts of the letters that it is made of. */
export function generateRegex(random: Random): Sample {
  const source = generateChoice(random, 1)
  const flags = random.pick(['', '', '', 'i', 's', 'is'])
  const texts = Array.from({ length: 24 }, () =>
    Array.from({ length: random.below(5) }, () => random.pick(TEXT_LETTERS)).join(''),
  )
  const twin = new RegExp(`^(?:${source})$`, `${flags}u`)
  return {
    text: `/${source}/${flags}`,
    good: texts.filter((text) => twin.test(text)),
    bad: texts.filter((text) => !twin.test(text)),
  }
}

function generateChoice(random: Random, depth: number): string {
  const options = Array.from({ length: random.chance(0.7) ? 1 : 2 }, () =>
    Array.from({ length: random.between(1, 3) }, () => generateRepeat(random, depth)).join(''),
  )
  return options.join('|')
}

function generateRepeat(random: Random, depth: number): string {
  if (depth === 0 || !random.chance(0.3)) {
    const item = random.pick(random.chance(0.6) ? LETTERS : CLASSES)
    return item + (random.chance(0.6) ? '' : random.pick(['*', '+', '?', '{2}', '{0,2}', '{1,}', '{1,3}']))
  }
  const open = random.chance(0.5) ? '(' : '(?:'
  // Counted groups would multiply into automata that the language refuses.
  return `${open}${generateChoice(random, depth - 1)})${random.pick(['', '', '*', '+', '?'])}`
}

/** A number of up to 15 digits before and 9 after the point. */
export function generateDecimal(random: Random): string {
  const digits = (most: number) =>
    Array.from({ length: random.between(1, most) }, () => String(random.below(10))).join('')
  const whole = digits(random.chance(0.7) ? 3 : 15).replace(/^0+(?=.)/, '')
  const fraction = random.chance(0.5) ? '' : `.${digits(random.chance(0.6) ? 2 : 9)}`
  return `${random.chance(0.25) ? '-' : ''}${whole}${fraction}`
}
