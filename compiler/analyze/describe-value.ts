/** Numbers, addresses, texts and arguments in words, in the notation of conditions where there is one. */
import {
  ABSENT,
  type BigRange,
  type Box,
  createBudget,
  everythingAt,
  type FactSet,
  IS_FALSE,
  IS_TRUE,
  type Language,
  MAX_COST_DOUBLED,
  MAX_DOUBLED,
  MAX_MS,
  MIN_MS,
  MINUTES_OF_WEEK,
  MISSING,
  NO_SUCH,
  OTHER,
  type SumSet,
  subtractSets,
  TooHard,
  type Universe,
} from '../algebra/index.ts'
import { formatAddress, formatCidr, formatDecimal, formatString } from '../model/index.ts'
import { finiteTexts } from './describe-finite.ts'
import { describeHours } from './describe-hours.ts'
import { better, exactly, join, listed, type Phrase } from './describe-phrase.ts'

/** A value of one argument: `"a" or "b"`, `<= 5`, `text with len <= 120`. */
export function describeArgument(set: SumSet, universe: Universe): Phrase {
  const everything = everythingAt('arg:["x"]', universe)
  const direct = alternativesOf(set, universe)
  if (everything.kind !== 'sum') return direct
  const rest = subtractSets(everything, set, universe)
  if (rest.kind !== 'sum') return direct
  if (rest.specials === 0 && rest.parts.size === 0) return exactly('anything')
  const inverse = alternativesOf(rest, universe)
  return better(direct, { ...inverse, text: `anything but ${inverse.text}` })
}

function alternativesOf({ specials, parts }: SumSet, universe: Universe): Phrase {
  const phrases = [
    ...(parts.get('string') ?? []).map((cell) => describeText(cell, universe)),
    ...(parts.get('number') ?? []).map((cell) => describeNumber(cell)),
  ]
  const both = IS_TRUE | IS_FALSE
  if ((specials & both) === both) phrases.push(exactly('true or false'))
  else if ((specials & both) !== 0) phrases.push(exactly((specials & IS_TRUE) !== 0 ? 'true' : 'false'))
  if ((specials & OTHER) !== 0) phrases.push(exactly('null, a list or an object'))
  if ((specials & ABSENT) !== 0) phrases.push(exactly('absent'))
  return join(phrases, ' or ')
}

function describeText(cell: Box, universe: Universe): Phrase {
  const parts: Phrase[] = []
  const text = cell.get('string.text')
  const phrase = text?.kind === 'text' ? describeTexts(text.language, universe) : exactly('any text')
  if (cell.size === 0 || text !== undefined) parts.push(phrase)
  const lengths = cell.get('string.length')
  if (lengths?.kind === 'ranges') {
    const bounds = { low: 0n, high: 1n << 31n }
    const doubled = lengths.ranges.map(({ low, high }) => ({ low: doubledLength(low), high: doubledLength(high) }))
    const all = { low: 0n, high: doubledLength(bounds.high) }
    parts.push(exactly(`text with len ${comparisons(doubled, all).join(' or ')}`))
  }
  const address = cell.get('string.address')
  if (address !== undefined) parts.push(describeAddresses(address, universe, 'string.address', 'no address'))
  const minute = cell.get('string.minute')
  if (minute !== undefined) parts.push(describeMinutes(minute, 'text that is no time'))
  return join(parts, ' and ')
}

function doubledLength(length: bigint): bigint {
  return length * 2_000_000_000n
}

function describeNumber(cell: Box): Phrase {
  const parts: Phrase[] = []
  const value = cell.get('number.value')
  if (value?.kind === 'ranges') {
    parts.push(exactly(`a number ${comparisons(value.ranges, { low: -MAX_DOUBLED, high: MAX_DOUBLED }).join(' or ')}`))
  }
  const minute = cell.get('number.minute')
  if (minute !== undefined) parts.push(describeMinutes(minute, 'a number that is no time'))
  return parts.length === 0 ? exactly('any number') : join(parts, ' and ')
}

/** `trust` or `cost`: `>= 60`, `<= 0.5 or unknown`. */
export function describeMeasure(set: FactSet, root: 'trust' | 'cost'): Phrase {
  if (set.kind !== 'ranges') return exactly('any')
  const bounds = root === 'cost' ? { low: 0n, high: MAX_COST_DOUBLED } : { low: -MAX_DOUBLED, high: MAX_DOUBLED }
  const words = [...comparisons(set.ranges, bounds), ...((set.specials & MISSING) !== 0 ? ['unknown'] : [])]
  return exactly(words.join(' or '))
}

/** Each range of doubled numbers as a comparison; odd ends are open. */
function comparisons(ranges: readonly BigRange[], bounds: BigRange): readonly string[] {
  return ranges.map(({ low, high }) => {
    if (low <= bounds.low && high >= bounds.high) return 'of any size'
    if (low === high && low % 2n === 0n) return `= ${formatDecimal(low / 2n)}`
    const from = low % 2n === 0n ? `>= ${formatDecimal(low / 2n)}` : `> ${formatDecimal((low - 1n) / 2n)}`
    const to = high % 2n === 0n ? `<= ${formatDecimal(high / 2n)}` : `< ${formatDecimal((high + 1n) / 2n)}`
    if (low <= bounds.low) return to
    return high >= bounds.high ? from : `${from} and ${to}`
  })
}

/** Addresses as networks: `in 10.0.0.0/8`, `not in 10.0.0.0/8`. `none` names the special. */
export function describeAddresses(set: FactSet, universe: Universe, dimension: string, none: string): Phrase {
  if (set.kind !== 'ranges') return exactly('any address')
  const all = everythingAt(dimension, universe)
  const rest = subtractSets(all, set, universe)
  const direct = networksOf(set.ranges)
  const inverse = rest.kind === 'ranges' ? networksOf(rest.ranges) : []
  const isAll = inverse.length === 0
  const inside = { ...listed(direct), text: `in ${listed(direct).text}` }
  const outside = { ...listed(inverse), text: `not in ${listed(inverse).text}` }
  const words = isAll ? [exactly('any address')] : set.ranges.length === 0 ? [] : [better(inside, outside)]
  return join([...words, ...(set.specials !== 0 ? [exactly(none)] : [])], ' or ')
}

/** Networks whose union is exactly `ranges`; a range that needs many is written with its ends. */
export function networksOf(ranges: readonly BigRange[], most = 4): readonly string[] {
  return ranges.flatMap((range) => {
    const networks = cidrsOf(range)
    return networks.length <= most ? networks : [`${formatAddress(range.low)}-${formatAddress(range.high)}`]
  })
}

/** A range cut into aligned blocks, largest first from the low end. */
function cidrsOf({ low, high }: BigRange): readonly string[] {
  const networks: string[] = []
  for (let at = low; at <= high; ) {
    let size = 1n
    while (at % (size * 2n) === 0n && at + size * 2n - 1n <= high && size < 1n << 128n) size *= 2n
    networks.push(formatCidr({ low: at, high: at + size - 1n }))
    at += size
  }
  return networks
}

function describeMinutes(set: FactSet, none: string): Phrase {
  if (set.kind !== 'ranges') return exactly('any time')
  const hours = describeHours(set.ranges.map(({ low, high }) => ({ from: Number(low), to: Number(high) + 1 })))
  const words = hours.length === 0 ? [] : [{ ...listed(hours), text: `a time in ${listed(hours).text}` }]
  return join([...words, ...((set.specials & NO_SUCH) !== 0 ? [exactly(none)] : [])], ' or ')
}

/** `now`: hours of the week, instants before and after, or that it may be unknown. */
export function describeNow(set: FactSet): Phrase {
  if (set.kind !== 'sum') return exactly('any time')
  const cells = set.parts.get('instant') ?? []
  const phrases = cells.map((cell) => {
    const minutes = cell.get('instant.minute')
    const spans = cell.get('instant.ms')
    const words: Phrase[] = []
    if (minutes?.kind === 'ranges') {
      const hours = describeHours(minutes.ranges.map(({ low, high }) => ({ from: Number(low), to: Number(high) + 1 })))
      const isAll =
        minutes.ranges.length === 1 && minutes.ranges[0]?.high === MINUTES_OF_WEEK - 1n && minutes.ranges[0].low === 0n
      if (!isAll) words.push({ ...listed(hours), text: `in hours ${listed(hours).text}` })
    }
    if (spans?.kind === 'ranges') words.push({ ...listed(spans.ranges.map(spanText)) })
    return words.length === 0 ? exactly('known') : join(words, ', ')
  })
  return join([...phrases, ...((set.specials & MISSING) !== 0 ? [exactly('unknown')] : [])], ' or ')
}

function spanText({ low, high }: BigRange): string {
  if (low <= MIN_MS && high >= MAX_MS) return 'at any time'
  if (low <= MIN_MS) return `before ${formatStamp(Number(high) + 1)}`
  if (high >= MAX_MS) return `from ${formatStamp(Number(low))} on`
  return `from ${formatStamp(Number(low))} until ${formatStamp(Number(high) + 1)}`
}

const LAST_STAMP = 253_402_300_800_000

/** RFC 3339, without idle milliseconds; what no date can say stays a number. */
export function formatStamp(ms: number): string {
  if (ms < 0 || ms >= LAST_STAMP) return `${ms} ms since 1970`
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const

/** A duration as policy text: `15m`. Milliseconds that policy text cannot say stay a number. */
export function formatDuration(ms: number): string {
  for (const [unit, size] of UNITS) if (ms >= size && ms % size === 0) return `${ms / size}${unit}`
  return ms === 0 ? '0s' : `${ms} ms`
}

const MAX_TEXTS = 16
const DESCRIBE_STEPS = 2_000_000

/** Texts of a language: finitely many of them, all but finitely many, or a hint. */
export function describeTexts(language: Language, universe: Universe): Phrase {
  const languages = universe.languages.withBudget(createBudget(DESCRIBE_STEPS))
  try {
    if (language === languages.anyText) return exactly('any text')
    const texts = finiteTexts(language.dfa, MAX_TEXTS)
    if (texts !== undefined) return exactly(texts.map(formatString).join(' or '))
    const others = finiteTexts(languages.subtract(languages.anyText, language).dfa, MAX_TEXTS)
    if (others !== undefined) return exactly(`text other than ${others.map(formatString).join(', ')}`)
    const such = languages.samples(language, 2).map(formatString)
    return { text: `text of a certain form, such as ${such.join(' or ')}`, isExact: false }
  } catch (error) {
    if (!(error instanceof TooHard)) throw error
    return { text: 'text of a form that takes too much work to name', isExact: false }
  }
}
