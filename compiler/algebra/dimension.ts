/**
 * The dimensions of a request, and of the values in it: what each is called, and everything that it may be.
 *
 * | dimension | set of |
 * |---|---|
 * | `action` | names |
 * | `resource` | texts |
 * | `ip` | addresses, or missing |
 * | `now` | instants: `instant.ms` × `instant.minute`, or missing |
 * | `trust`, `cost` | numbers, or missing |
 * | `args` | calls by the names of their arguments |
 * | `arg:PATH` | values of one argument; PATH is the JSON of its names |
 * | `approved`, `approved:LABEL` | whether anybody, or LABEL, approved |
 * | `approval-age` | milliseconds between approval and call, or missing, or unreadable |
 * | `type`, `owner` | of an agent that does not exist yet; `type:root`, `owner:root` of one above it |
 *
 * A number is kept twice as large as it is, in units of 10^-9: even integers are the numbers that a policy can name, odd
 * ones the open gaps between them, so that `not x <= 5` is the range that begins at the gap after 5.
 */
import type { Box } from './box.ts'
import { type FactSet, isEmptySet } from './fact-set.ts'
import { numberWithin } from './json-number.ts'
import { ANY_KEYS } from './key-set.ts'
import {
  ABSENT,
  IS_APPROVED,
  IS_FALSE,
  IS_TRUE,
  MAX_ADDRESS,
  MAX_COST_DOUBLED,
  MAX_DOUBLED,
  MAX_LENGTH,
  MAX_MS,
  MIN_MS,
  MINUTES_OF_WEEK,
  MISSING,
  NO_SUCH,
  NOT_APPROVED,
  OTHER,
  UNREADABLE,
} from './specials.ts'
import type { Universe } from './universe.ts'

/** The dimension of an argument. */
export function argumentDimension(path: readonly string[]): string {
  return `arg:${JSON.stringify(path)}`
}

/** The names of an argument's path; `undefined` for other dimensions. */
export function argumentPath(dimension: string): readonly string[] | undefined {
  if (!dimension.startsWith('arg:')) return undefined
  const path: unknown = JSON.parse(dimension.slice(4))
  return Array.isArray(path) ? path.map(String) : undefined
}

/** The dimension of an approval by `label`, or by anybody. */
export function approvalDimension(label: string | undefined): string {
  return label === undefined ? 'approved' : `approved:${label}`
}

interface Dimension {
  /** Where it stands among the others when boxes are compared. */
  readonly order: number
  /** Whether a value here can rule out values of other dimensions. */
  readonly isCoupled: boolean
}

/** How a dimension is treated. */
export function dimensionOf(name: string): Dimension {
  return DIMENSIONS.get(name) ?? (name.startsWith('arg:') ? ARGUMENT : APPROVAL)
}

const ARGUMENT: Dimension = { order: 8, isCoupled: true }
const APPROVAL: Dimension = { order: 5, isCoupled: true }
const DIMENSIONS: ReadonlyMap<string, Dimension> = new Map([
  ['action', { order: 0, isCoupled: false }],
  ['type', { order: 1, isCoupled: false }],
  ['type:root', { order: 1, isCoupled: false }],
  ['trust', { order: 2, isCoupled: false }],
  ['cost', { order: 2, isCoupled: false }],
  ['ip', { order: 3, isCoupled: false }],
  ['resource', { order: 4, isCoupled: false }],
  ['approved', APPROVAL],
  ['approval-age', { order: 6, isCoupled: true }],
  ['now', { order: 6, isCoupled: true }],
  ['owner', { order: 7, isCoupled: false }],
  ['owner:root', { order: 7, isCoupled: false }],
  ['args', ARGUMENT],
  ['instant.ms', { order: 0, isCoupled: true }],
  ['instant.minute', { order: 1, isCoupled: true }],
  ['number.value', { order: 0, isCoupled: true }],
  ['number.minute', { order: 1, isCoupled: true }],
  ['string.length', { order: 0, isCoupled: true }],
  ['string.address', { order: 1, isCoupled: true }],
  ['string.minute', { order: 2, isCoupled: true }],
  ['string.text', { order: 3, isCoupled: true }],
])

const EVERY_BOX: readonly Box[] = [new Map()]
const EVERY_ARGUMENT: FactSet = {
  kind: 'sum',
  specials: ABSENT | OTHER | IS_TRUE | IS_FALSE,
  parts: new Map([
    ['string', EVERY_BOX],
    ['number', EVERY_BOX],
  ]),
}
const EVERY_ANSWER: FactSet = { kind: 'ranges', specials: NOT_APPROVED | IS_APPROVED, ranges: [] }
const EVERY_MINUTE = [{ low: 0n, high: MINUTES_OF_WEEK - 1n }]
const EVERYTHING: ReadonlyMap<string, FactSet> = new Map<string, FactSet>([
  ['action', { kind: 'names', isExcluding: true, names: new Set() }],
  ['type', { kind: 'ranges', specials: 7, ranges: [] }],
  ['type:root', { kind: 'ranges', specials: 7, ranges: [] }],
  ['trust', { kind: 'ranges', specials: MISSING, ranges: [{ low: -MAX_DOUBLED, high: MAX_DOUBLED }] }],
  ['cost', { kind: 'ranges', specials: MISSING, ranges: [{ low: 0n, high: MAX_COST_DOUBLED }] }],
  ['ip', { kind: 'ranges', specials: MISSING, ranges: [{ low: 0n, high: MAX_ADDRESS }] }],
  ['approval-age', { kind: 'ranges', specials: MISSING | UNREADABLE, ranges: [{ low: -MAX_MS, high: MAX_MS }] }],
  ['now', { kind: 'sum', specials: MISSING, parts: new Map([['instant', EVERY_BOX]]) }],
  ['args', ANY_KEYS],
  ['instant.ms', { kind: 'ranges', specials: 0, ranges: [{ low: MIN_MS, high: MAX_MS }] }],
  ['instant.minute', { kind: 'ranges', specials: 0, ranges: EVERY_MINUTE }],
  ['number.value', { kind: 'ranges', specials: 0, ranges: [{ low: -MAX_DOUBLED, high: MAX_DOUBLED }] }],
  ['number.minute', { kind: 'ranges', specials: NO_SUCH, ranges: EVERY_MINUTE }],
  ['string.length', { kind: 'ranges', specials: 0, ranges: [{ low: 0n, high: MAX_LENGTH }] }],
  ['string.address', { kind: 'ranges', specials: NO_SUCH, ranges: [{ low: 0n, high: MAX_ADDRESS }] }],
  ['string.minute', { kind: 'ranges', specials: NO_SUCH, ranges: EVERY_MINUTE }],
])

/** Everything that a dimension may be. */
export function everythingAt(dimension: string, { languages }: Universe): FactSet {
  const known = EVERYTHING.get(dimension)
  if (known !== undefined) return known
  switch (dimension) {
    case 'resource':
      return { kind: 'text', specials: 0, language: languages.anyResource }
    case 'owner':
    case 'owner:root':
      return { kind: 'text', specials: MISSING, language: languages.anyText }
    case 'string.text':
      return { kind: 'text', specials: 0, language: languages.anyText }
  }
  return dimension.startsWith('arg:') ? EVERY_ARGUMENT : EVERY_ANSWER
}

/** Whether no request has a fact in `set`: resources have limits, and numbers are those of JSON. */
export function isEmptyAt(dimension: string, set: FactSet, { languages }: Universe): boolean {
  if ((dimension === 'trust' || dimension === 'cost') && set.kind === 'ranges') {
    return set.specials === 0 && set.ranges.every((range) => numberWithin(range) === undefined)
  }
  if (dimension === 'resource' && set.kind === 'text') return languages.isEmptyResource(set.language)
  return isEmptySet(set)
}
