/**
 * Boxes in words: what a reviewer reads. Each constrained fact is one short text; what cannot be said exactly is marked, and
 * says so itself.
 */
import {
  argumentPath,
  type Box,
  type FactSet,
  IS_APPROVED,
  type KeySet,
  MAX_MS,
  MISSING,
  type RangeSet,
  TooHard,
  TYPE_BITS,
  UNREADABLE,
  type Universe,
} from '../algebra/index.ts'
import { formatString, type PatternLiteral } from '../model/index.ts'
import { exactly, join, listed, type Phrase } from './describe-phrase.ts'
import { describeResource } from './describe-resource.ts'
import { formatPath, nameText } from './describe-rule.ts'
import {
  describeAddresses,
  describeArgument,
  describeMeasure,
  describeNow,
  describeTexts,
  formatDuration,
} from './describe-value.ts'

/** One fact of a request as a reviewer reads it. */
export interface Fact {
  /** `action`, `resource`, `ip`, `time`, `trust`, `cost`, `approval`, `args`, `args.PATH`, `agent.type`, `agent.owner`. */
  readonly name: string
  readonly text: string
  /** `false` when the text is a hint: an example of a language for which no pattern was found. */
  readonly isExact: boolean
}

export interface DescribeOptions {
  /** Patterns of the policies, of which resources are most likely made. */
  readonly patterns?: Iterable<PatternLiteral>
}

/** The facts of a box: action and resource always, then whatever else is constrained. */
export function describeBox(box: Box, universe: Universe, { patterns = [] }: DescribeOptions = {}): readonly Fact[] {
  const facts: Fact[] = [
    { name: 'action', ...describeActions(box.get('action')) },
    { name: 'resource', ...resourceOf(box.get('resource'), universe, patterns) },
  ]
  const add = (name: string, phrase: Phrase): void => {
    facts.push({ name, ...phrase })
  }
  for (const place of ['', ':root'] as const) {
    const whose = place === '' ? 'agent' : 'delegator'
    const type = box.get(`type${place}`)
    if (type !== undefined) add(`${whose}.type`, describeTypes(type))
    const owner = box.get(`owner${place}`)
    if (owner?.kind === 'text') {
      const words = owner.language.isEmpty ? [] : [describeTexts(owner.language, universe)]
      add(`${whose}.owner`, join([...words, ...((owner.specials & MISSING) !== 0 ? [exactly('none')] : [])], ' or '))
    }
  }
  const ip = box.get('ip')
  if (ip !== undefined) add('ip', describeAddresses(ip, universe, 'ip', 'unknown'))
  const now = box.get('now')
  if (now !== undefined) add('time', describeNow(now))
  for (const root of ['trust', 'cost'] as const) {
    const set = box.get(root)
    if (set !== undefined) add(root, describeMeasure(set, root))
  }
  const keys = box.get('args')
  if (keys?.kind === 'keys') add('args', describeKeys(keys))
  for (const [dimension, set] of [...box].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const path = argumentPath(dimension)
    if (path === undefined || set.kind !== 'sum') continue
    add(
      formatPath('args', path),
      named(() => describeArgument(set, universe)),
    )
  }
  const approval = describeApproval(box)
  if (approval !== undefined) add('approval', approval)
  return facts
}

/** Words for a set, or that it takes too much work to find them: nobody's answer hangs on words. */
function named(describe: () => Phrase): Phrase {
  try {
    return describe()
  } catch (error) {
    if (!(error instanceof TooHard)) throw error
    return { text: 'of a form that takes too much work to name', isExact: false }
  }
}

/** All facts on one line: `write on mcp:wiki:** when ip in 10.0.0.0/8`. */
export function factsText(facts: readonly Fact[]): string {
  const text = (name: string): string => facts.find((fact) => fact.name === name)?.text ?? ''
  const others = facts.filter(({ name }) => name !== 'action' && name !== 'resource')
  const when = others.length === 0 ? '' : ` when ${others.map((fact) => `${fact.name} ${fact.text}`).join(' and ')}`
  return `${text('action')} on ${text('resource')}${when}`
}

function describeActions(set: FactSet | undefined): Phrase {
  if (set?.kind !== 'names') return exactly('any action')
  const names = listed([...set.names].sort().map(nameText))
  if (!set.isExcluding) return names
  return set.names.size === 0 ? exactly('any action') : { ...names, text: `any action except ${names.text}` }
}

function resourceOf(set: FactSet | undefined, universe: Universe, patterns: Iterable<PatternLiteral>): Phrase {
  return set?.kind === 'text' ? describeResource(set.language, universe, patterns) : exactly('any resource')
}

function describeTypes(set: FactSet): Phrase {
  const bits = set.kind === 'ranges' ? set.specials : 7
  const names = Object.entries(TYPE_BITS).flatMap(([name, bit]) => ((bits & bit) !== 0 ? [name] : []))
  return exactly(names.join(' or '))
}

function describeKeys({ isAbsentIn, cells }: KeySet): Phrase {
  const words = cells.map(({ allowed, beyond }) => {
    const only = allowed === undefined ? 'any names' : `only [${[...allowed].map(nameText).join(', ')}]`
    const others = beyond.map((names) => `a name beside [${[...names].map(nameText).join(', ')}]`)
    return [only, ...others].join(' with ')
  })
  return exactly([...words, ...(isAbsentIn ? ['absent'] : [])].join(' or '))
}

function describeApproval(box: Box): Phrase | undefined {
  const given: string[] = []
  const missing: string[] = []
  for (const [dimension, set] of box) {
    if (set.kind !== 'ranges' || (dimension !== 'approved' && !dimension.startsWith('approved:'))) continue
    const by = dimension === 'approved' ? '' : ` by ${formatString(dimension.slice('approved:'.length))}`
    if (set.specials === IS_APPROVED) given.push(`given${by}`)
    else if ((set.specials & IS_APPROVED) === 0) missing.push(by === '' ? 'not given' : `not given${by}`)
  }
  // Whoever is named has approved, so that somebody has.
  const words = given.length > 1 ? given.filter((text) => text !== 'given') : given
  const age = box.get('approval-age')
  const aged = age?.kind === 'ranges' ? [describeAge(age)] : []
  const all = [...words, ...missing, ...aged]
  return all.length === 0 ? undefined : exactly(all.join(', '))
}

/** `within 1h` is what policy text means by it: a call whose host states no time of approval is among them. */
function describeAge({ specials, ranges }: RangeSet): string {
  const isVouched = (specials & MISSING) !== 0
  const words = ranges.map(({ low, high }) => {
    if (low <= -MAX_MS && high >= MAX_MS) return 'at a stated time'
    if (low <= -MAX_MS) return `within ${formatDuration(Number(high) + 1)}${isVouched ? '' : ', at a stated time'}`
    if (high >= MAX_MS) return `${formatDuration(Number(low))} ago or earlier`
    return `between ${formatDuration(Number(low))} and ${formatDuration(Number(high) + 1)} ago`
  })
  const isWithin = ranges[0] !== undefined && ranges[0].low <= -MAX_MS && ranges[0].high < MAX_MS
  if (isVouched && !isWithin) words.push('at no stated time')
  if ((specials & UNREADABLE) !== 0) words.push('at a time that cannot be read')
  return words.join(' or ')
}
