/**
 * Budgets of `kavach bench`: what a policy may take, a line each.
 *
 *     METRIC [where FIELD = VALUE [and FIELD = VALUE]...] <= LIMIT
 *
 * A limit is an amount with its unit (`5us`, `64kB`), or a multiple of a floor that the same run measures (`2x map`). `#`
 * begins a comment.
 */
import { AutomatonTooLarge, acceptsText, compilePattern, type Dfa } from '../compiler/algebra/index.ts'
import { nearest, type PatternLiteral, parsePattern } from '../compiler/model/index.ts'

export const DECIDE_METRICS = ['decide.p50', 'decide.p99', 'decide.p999', 'decide.mean'] as const
const OTHER_METRICS = ['load', 'verify', 'module', 'image', 'memory'] as const
export const METRICS = [...DECIDE_METRICS, ...OTHER_METRICS] as const
export const FLOOR_NAMES = ['map', 'empty'] as const

export type DecideMetric = (typeof DECIDE_METRICS)[number]
export type Metric = (typeof METRICS)[number]
export type FloorName = (typeof FLOOR_NAMES)[number]

/** Times are in nanoseconds, sizes in bytes. */
export type Unit = 'ns' | 'bytes'

export type Limit =
  | { readonly kind: 'amount'; readonly amount: number }
  | { readonly kind: 'ratio'; readonly factor: number; readonly floor: FloorName }

/** What a selection looks at: the request, and the verdict that the policy has for it. */
export interface Asked {
  readonly agent: string
  readonly action: string
  readonly resource: string
  readonly verdict: string
}

const FIELDS = ['agent', 'action', 'resource', 'verdict'] as const satisfies readonly (keyof Asked)[]
/** As a decision says them, the most that may be done first. */
export const VERDICTS = ['allow', 'throttle', 'approval', 'limited', 'deny'] as const

/** A part of the requests. */
export interface Selection {
  /** The same text for the same conditions. */
  readonly text: string
  readonly conditions: readonly Condition[]
}

export interface Condition {
  readonly field: keyof Asked
  readonly value: string
  /** From 1, where the value stands in its line. */
  readonly column: number
  readonly holds: (value: string) => boolean
}

export interface BudgetLine {
  /** From 1. */
  readonly line: number
  /** Without comment and outer blanks. */
  readonly text: string
  readonly metric: Metric
  readonly where: Selection | undefined
  readonly limit: Limit
}

/** `column` counts from 1, in UTF-16 units. */
export interface BudgetFault {
  readonly line: number
  readonly column: number
  readonly message: string
  readonly help: string
}

export interface ParsedBudget {
  readonly lines: readonly BudgetLine[]
  /** The first of every line that has one. */
  readonly faults: readonly BudgetFault[]
}

/** Reads a whole budget file. A file without any budget has a fault too: it would pass whatever is measured. */
export function parseBudget(text: string): ParsedBudget {
  const lines: BudgetLine[] = []
  const faults: BudgetFault[] = []
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1
    const code = withoutComment(raw)
    if (code.trim() === '') continue
    const parsed = parseLine(code, line)
    if ('message' in parsed) faults.push({ line, ...parsed })
    else {
      const earlier = lines.find((other) => subjectOf(other) === subjectOf(parsed))
      if (earlier === undefined) lines.push(parsed)
      else {
        faults.push({
          line,
          column: code.search(/\S/) + 1,
          message: `\`${subjectOf(parsed)}\` has a limit already, on line ${earlier.line}`,
          help: 'keep one of the two lines',
        })
      }
    }
  }
  if (lines.length === 0 && faults.length === 0) {
    faults.push({ line: 1, column: 1, message: 'there is no budget in it', help: `write a line such as ${EXAMPLE}` })
  }
  return { lines, faults }
}

/** A comment begins with `#` behind a blank, outside of quotes. */
function withoutComment(raw: string): string {
  let isQuoted = false
  for (let at = 0; at < raw.length; at++) {
    const char = raw[at]
    if (isQuoted && char === '\\') at++
    else if (char === '"') isQuoted = !isQuoted
    else if (char === '#' && !isQuoted && /^\s?$/.test(raw[at - 1] ?? '')) return raw.slice(0, at)
  }
  return raw
}

/** Nanoseconds or bytes. */
export function unitOf(metric: Metric): Unit {
  return metric === 'module' || metric === 'image' || metric === 'memory' ? 'bytes' : 'ns'
}

/** Whether the metric is one of decisions, which selections and ratios are for. */
export function isDecideMetric(metric: Metric): metric is DecideMetric {
  return DECIDE_METRICS.some((name) => name === metric)
}

/** What a limit is about: a metric, of some requests or of all. Ratios and amounts may both be given. */
export function subjectOf({ metric, where, limit }: Pick<BudgetLine, 'metric' | 'where' | 'limit'>): string {
  const by = limit.kind === 'ratio' ? ` in ${limit.floor}` : ''
  return `${measureOf({ metric, where })}${by}`
}

/** The name of what is measured. */
export function measureOf({ metric, where }: Pick<BudgetLine, 'metric' | 'where'>): string {
  return where === undefined ? metric : `${metric} where ${where.text}`
}

/** Whether a request belongs to the selection; all belong to none. */
export function isSelected(where: Selection | undefined, asked: Asked): boolean {
  return where === undefined || where.conditions.every(({ field, holds }) => holds(asked[field]))
}

const EXAMPLE = '`decide.p99 <= 5us`'

interface Token {
  readonly text: string
  /** Index in the line. */
  readonly at: number
}

type LineFault = Omit<BudgetFault, 'line'>

class Refused extends Error {
  readonly fault: LineFault

  constructor(fault: LineFault) {
    super(fault.message)
    this.fault = fault
  }
}

function refuse(at: number, message: string, help: string): never {
  throw new Refused({ column: at + 1, message, help })
}

function parseLine(code: string, line: number): BudgetLine | LineFault {
  try {
    const tokens = [...code.matchAll(/"(?:[^"\\]|\\.)*"?|<=|>=|==|[<>=]|[^\s"<>=]+/g)].map(
      ({ 0: text, index: at }): Token => ({ text, at }),
    )
    return readLine({ code, line, tokens })
  } catch (error) {
    if (error instanceof Refused) return error.fault
    throw error
  }
}

function readLine(source: {
  readonly code: string
  readonly line: number
  readonly tokens: readonly Token[]
}): BudgetLine {
  const { code, line, tokens } = source
  const open = tokens.find(({ text }) => text.startsWith('"') && !/^"(?:[^"\\]|\\.)*"$/.test(text))
  if (open !== undefined)
    refuse(open.at, 'the quote is not closed', 'quotes are those of JSON: `"a b"`, and `\\"` within')
  const end: Token = { text: '', at: code.trimEnd().length }
  const first = tokens[0] ?? end
  const metric = METRICS.find((name) => name === first.text) ?? unknownMetric(first)
  const bound = tokens.findIndex(({ text }) => text === '<=')
  const next = tokens[1] ?? end
  if (next.text !== 'where' && next.text !== '<=') {
    const proposal = nearest(next.text, ['where']) === undefined ? '' : 'did you mean `where`? '
    refuse(
      next.at,
      next.text === '' ? `\`${metric}\` has no limit` : `\`${next.text}\` cannot stand here`,
      `${proposal}a metric is followed by \`<=\` and its limit, or by \`where\`: ${EXAMPLE}`,
    )
  }
  if (bound < 0) refuse(end.at, 'there is no limit on this line', `end it with \`<=\` and a limit: ${EXAMPLE}`)
  const where =
    next.text === 'where' ? readSelection(metric, next, tokens.slice(2, bound), tokens[bound] ?? end) : undefined
  const from = (tokens[bound]?.at ?? 0) + '<='.length
  return { line, text: code.trim(), metric, where, limit: readLimit(metric, code, from) }
}

function unknownMetric({ text, at }: Token): never {
  const proposal = nearest(text, METRICS)
  const guess = proposal === undefined ? '' : `did you mean \`${proposal}\`? `
  return refuse(at, `there is no metric \`${text}\``, `${guess}there are ${METRICS.join(', ')}`)
}

function readSelection(metric: Metric, word: Token, tokens: readonly Token[], end: Token): Selection {
  if (!isDecideMetric(metric)) {
    refuse(word.at, `\`${metric}\` is the same for all requests`, `\`where\` goes with ${DECIDE_METRICS.join(', ')}`)
  }
  const conditions: Condition[] = []
  for (let i = 0; ; i += 4) {
    const [field = end, sign = end, value = end, and] = tokens.slice(i)
    conditions.push(readCondition(field, sign, value, end))
    if (and === undefined) break
    if (and.text !== 'and') {
      refuse(
        and.at,
        `\`${and.text}\` cannot stand here`,
        'conditions are joined by `and`; a value with blanks is quoted',
      )
    }
  }
  const text = conditions.map(({ field, value }) => `${field} = ${quoted(value)}`).join(' and ')
  return { text, conditions }
}

function quoted(value: string): string {
  return /^[^\s"<>=#]+$/.test(value) ? value : JSON.stringify(value)
}

function readCondition(field: Token, sign: Token, value: Token, end: Token): Condition {
  const known = FIELDS.find((name) => name === field.text)
  if (known === undefined) {
    const proposal = nearest(field.text, FIELDS)
    const guess = proposal === undefined ? '' : `did you mean \`${proposal}\`? `
    const help = `${guess}there are ${FIELDS.join(', ')}`
    refuse(field.at, field === end ? 'a condition is missing' : `a request has no \`${field.text}\` to select by`, help)
  }
  if (sign.text !== '=') {
    refuse(sign.at, `\`=\` is missing behind \`${known}\``, `write a condition such as \`${known} = VALUE\``)
  }
  if (value === end) refuse(value.at, `a value is missing behind \`${known} =\``, 'a value with blanks is quoted')
  const text = value.text.startsWith('"') ? unquoted(value) : value.text
  return { field: known, value: text, column: value.at + 1, holds: testOf(known, text, value.at) }
}

function unquoted({ text, at }: Token): string {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'string') return value
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return refuse(at, `${text} is no quoted text`, 'quotes are those of JSON: a closing one, and `\\"` within')
}

function testOf(field: keyof Asked, text: string, at: number): (value: string) => boolean {
  if (field === 'verdict' && !VERDICTS.some((name) => name === text)) {
    const proposal = nearest(text, VERDICTS)
    const guess = proposal === undefined ? '' : `did you mean \`${proposal}\`? `
    refuse(at, `\`${text}\` is no verdict`, `${guess}there are ${VERDICTS.join(', ')}`)
  }
  if (field !== 'resource' || !/[*{]/.test(text)) return (value) => value === text
  const pattern = parsePattern(text)
  if (!pattern.ok) {
    const { start, message, help } = pattern.fault
    refuse(at + start, message, help ?? 'a resource is selected by a pattern of the language')
  }
  const automaton = compile(pattern.value, at)
  return (value) => acceptsText(automaton, value)
}

function compile(pattern: PatternLiteral, at: number): Dfa {
  try {
    return compilePattern(pattern)
  } catch (error) {
    if (!(error instanceof AutomatonTooLarge)) throw error
    return refuse(at, `the pattern takes too many states`, 'select with a shorter one')
  }
}

/** How many of `ns` or `bytes` a unit is. */
const UNITS: Readonly<Record<Unit, ReadonlyMap<string, number>>> = {
  ns: new Map([
    ['ns', 1],
    ['us', 1e3],
    ['ms', 1e6],
    ['s', 1e9],
  ]),
  bytes: new Map([
    ['B', 1],
    ['kB', 1e3],
    ['MB', 1e6],
    ['KiB', 1024],
    ['MiB', 1024 ** 2],
  ]),
}

function readLimit(metric: Metric, code: string, from: number): Limit {
  const rest = code.slice(from)
  const at = from + rest.length - rest.trimStart().length
  const unit = unitOf(metric)
  const names = [...UNITS[unit].keys()]
  const read = /^(\d+(?:\.\d+)?)(\s*)([A-Za-zµμ]*)(\s*)(.*)$/.exec(rest.trim())
  if (read === null) {
    const what = rest.trim() === '' ? 'the limit is missing' : `\`${rest.trim()}\` is no limit`
    refuse(at, what, `a limit is a number with ${names.join(', ')}${isDecideMetric(metric) ? ', or `2x map`' : ''}`)
  }
  const [, digits = '', gap = '', word = '', blank = '', more = ''] = read
  const wordAt = at + digits.length + gap.length
  const moreAt = wordAt + word.length + blank.length
  if (word === 'x') return { kind: 'ratio', factor: Number(digits), floor: readFloor(metric, more, wordAt, moreAt) }
  const factor = UNITS[unit].get(word.replace(/^[µμ]/, 'u')) ?? unknownUnit(metric, word, wordAt)
  if (more !== '')
    refuse(moreAt, `\`${more}\` cannot stand behind a limit`, 'a line has one limit; `#` begins a comment')
  return { kind: 'amount', amount: Number(digits) * factor }
}

function unknownUnit(metric: Metric, word: string, at: number): never {
  const unit = unitOf(metric)
  const kind = unit === 'ns' ? 'a time' : 'a size'
  const names = [...UNITS[unit].keys()]
  if (word === '') return refuse(at, `the limit of \`${metric}\` has no unit`, `it is ${kind}: ${names.join(', ')}`)
  const proposal = names.find((name) => name.toLowerCase() === word.toLowerCase()) ?? nearest(word, names)
  const guess = proposal === undefined ? '' : `did you mean \`${proposal}\`? `
  return refuse(at, `\`${word}\` is no unit of \`${metric}\``, `${guess}it is ${kind}: ${names.join(', ')}`)
}

function readFloor(metric: Metric, text: string, wordAt: number, at: number): FloorName {
  if (!isDecideMetric(metric)) {
    const names = [...UNITS[unitOf(metric)].keys()]
    refuse(wordAt, `\`${metric}\` has no ratio to a floor`, `give it a limit in ${names.join(', ')}`)
  }
  const floor = FLOOR_NAMES.find((name) => name === text)
  if (floor !== undefined) return floor
  const proposal = nearest(text, FLOOR_NAMES)
  const guess = proposal === undefined ? '' : `did you mean \`${proposal}\`? `
  const message = text === '' ? 'the floor of the ratio is missing' : `there is no floor \`${text}\``
  return refuse(
    at,
    message,
    `${guess}there are \`map\`, a look-up in a map, and \`empty\`, an empty call of the module`,
  )
}
