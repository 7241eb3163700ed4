/**
 * Conjunctions that no request makes true: `args.n <= 5 and args.n >= 10`, an address in two networks apart, a length below 0.
 *
 * What is known of each attribute is narrowed atom by atom, `not` included, for an attribute that is absent or of another
 * type makes both the atom and its negation unknown. Regexes are not compared. What is found is certain, what is not found
 * proves nothing.
 */
import type { AtomNode, LiteralNode, PathNode, PolicyFile } from '../../../grammar/index.ts'
import { type BigRange, intersectRanges, mergeRanges, subtractRanges } from '../../algebra/index.ts'
import { weekRanges } from '../../model/index.ts'
import type { ResolvedPolicy } from '../resolve.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'
import { walk } from './walk.ts'

/** KV4010, once per conjunction, at the atom that leaves nothing. */
export const checkImpossible: Rule = (context) => {
  walk(context.policy.files, {
    condition: (condition, { file }) => {
      if (isPlain(condition.atoms)) return
      const facts = new Map<string, Fact>()
      for (const atom of condition.atoms) {
        const fact = narrow(context.policy, facts, atom)
        if (fact === undefined) continue
        reportEmpty(context, file, atom, fact.first)
        return
      }
      reportOnly(context, file, condition.atoms)
    },
  })
}

/** Conditions as most are written, which cannot be impossible: affirmed facts, each asked once. */
function isPlain(atoms: readonly AtomNode[]): boolean {
  for (let i = 0; i < atoms.length; i++) {
    const atom = atoms[i]
    if (atom === undefined || atom.negated || atom.kind === 'args-only') return false
    const { path } = atom
    if (path.root === 'len' || path.root === 'cost') return false
    for (let j = 0; j < i; j++) {
      const earlier = atoms[j]
      if (earlier !== undefined && earlier.kind !== 'args-only' && isSamePath(earlier.path, path)) return false
    }
  }
  return true
}

function isSamePath(a: PathNode, b: PathNode): boolean {
  return (
    a.root === b.root && a.names.length === b.names.length && a.names.every((name, i) => name.text === b.names[i]?.text)
  )
}

interface Fact {
  /** The atom that was asked first. */
  readonly first: AtomNode
  /** Types that the argument may have; one for other attributes. */
  types: readonly ValueType[]
  /** What numbers, strings and booleans may be; `undefined` while it is anything. */
  values: ReadonlySet<string | bigint | boolean> | undefined
  readonly excluded: Set<string | bigint | boolean>
  /** Bounds of a number times two, so that an odd bound is an open one. */
  low: bigint | undefined
  high: bigint | undefined
  addresses: readonly BigRange[]
  minutes: readonly BigRange[]
}

type ValueType = 'string' | 'number' | 'boolean'

/** Takes `atom` into account; returns the fact when nothing is left of it. */
function narrow(policy: ResolvedPolicy, facts: Map<string, Fact>, atom: AtomNode): Fact | undefined {
  if (atom.kind === 'args-only') return undefined
  const key = [atom.path.root, ...atom.path.names.map((name) => name.text)].join('\0')
  const fact = facts.get(key) ?? firstFact(atom)
  facts.set(key, fact)
  const types = typesOf(policy, atom)
  fact.types = fact.types.filter((type) => types.includes(type))
  if (atom.kind === 'compare') narrowValue(fact, atom)
  else if (atom.kind === 'in') narrowIn(policy, fact, atom)
  return isEmpty(fact) ? fact : undefined
}

const ALL_ADDRESSES: readonly BigRange[] = [{ low: 0n, high: (1n << 128n) - 1n }]
const WEEK: readonly BigRange[] = [{ low: 0n, high: 10_079n }]

function firstFact(first: Exclude<AtomNode, { kind: 'args-only' }>): Fact {
  const { root } = first.path
  const isNeverNegative = root === 'len' || root === 'cost'
  return {
    first,
    types: ['string', 'number', 'boolean'],
    values: undefined,
    excluded: new Set(),
    low: isNeverNegative ? 0n : undefined,
    high: undefined,
    addresses: ALL_ADDRESSES,
    minutes: WEEK,
  }
}

/** Types of the value for which the atom is not unknown. */
function typesOf(policy: ResolvedPolicy, atom: Exclude<AtomNode, { kind: 'args-only' }>): readonly ValueType[] {
  if (atom.kind === 'matches') return ['string']
  if (atom.kind === 'compare') return [typeOf(atom.value)]
  const values = atom.values.kind === 'set-reference' ? setOf(policy, atom.values.name.text) : atom.values
  switch (values?.kind) {
    case 'cidrs':
      return ['string']
    case 'hours':
      return ['string', 'number']
    case 'list':
      return values.items.map(typeOf)
    default:
      return ['string', 'number', 'boolean']
  }
}

function typeOf(literal: LiteralNode): ValueType {
  if (literal.kind === 'decimal') return 'number'
  return literal.kind === 'boolean' ? 'boolean' : 'string'
}

function setOf(policy: ResolvedPolicy, name: string) {
  return policy.sets.get(name)?.node.value
}

function narrowValue(fact: Fact, { operator, value, negated }: Extract<AtomNode, { kind: 'compare' }>): void {
  if (operator === '=') {
    narrowValues(fact, [value], negated)
  } else if (value.kind === 'decimal') {
    const bound = 2n * value.value.units
    const isUpper = (operator === '<=') !== negated
    if (isUpper) fact.high = smaller(fact.high, negated ? bound - 1n : bound)
    else fact.low = larger(fact.low, negated ? bound + 1n : bound)
  }
}

function narrowIn(policy: ResolvedPolicy, fact: Fact, { values, negated }: Extract<AtomNode, { kind: 'in' }>): void {
  const resolved = values.kind === 'set-reference' ? setOf(policy, values.name.text) : values
  switch (resolved?.kind) {
    case 'cidrs': {
      const ranges = mergeRanges(resolved.items.map((item) => item.value))
      fact.addresses = negated ? subtractRanges(fact.addresses, ranges) : intersectRanges(fact.addresses, ranges)
      return
    }
    case 'hours': {
      const ranges = weekRanges(resolved.items.map((item) => item.value)).map(({ from, to }) => {
        return { low: BigInt(from), high: BigInt(to - 1) }
      })
      fact.minutes = negated ? subtractRanges(fact.minutes, ranges) : intersectRanges(fact.minutes, ranges)
      return
    }
    case 'list':
      narrowValues(fact, resolved.items, negated)
      return
    default:
  }
}

function narrowValues(fact: Fact, items: readonly LiteralNode[], negated: boolean): void {
  const values = items.map((item) => (item.kind === 'decimal' ? item.value.units : item.value))
  if (negated) {
    for (const value of values) fact.excluded.add(value)
  } else {
    fact.values = new Set(values.filter((value) => fact.values === undefined || fact.values.has(value)))
  }
}

const NANO = 1_000_000_000n

function isEmpty(fact: Fact): boolean {
  const { low, high, excluded, first } = fact
  if (fact.types.length === 0 || fact.addresses.length === 0 || fact.minutes.length === 0) return true
  if (low !== undefined && high !== undefined && low > high) return true
  if (fact.values === undefined) {
    return fact.types.length === 1 && fact.types[0] === 'boolean' && excluded.has(true) && excluded.has(false)
  }
  for (const value of fact.values) {
    if (excluded.has(value)) continue
    if (typeof value !== 'bigint') return false
    const isInside = (low === undefined || low <= 2n * value) && (high === undefined || 2n * value <= high)
    const isLength = !('path' in first) || first.path.root !== 'len' || value % NANO === 0n
    if (isInside && isLength) return false
  }
  return true
}

/** An argument that another atom asks about cannot be missing from `args only [...]`. */
function reportOnly(context: CheckContext, file: PolicyFile, atoms: readonly AtomNode[]): void {
  for (const only of atoms) {
    if (only.kind !== 'args-only' || only.negated) continue
    const names = new Set(only.names.map((name) => name.text))
    const other = atoms.find((atom) => {
      if (atom.kind === 'args-only' || (atom.path.root !== 'args' && atom.path.root !== 'len')) return false
      const [name] = atom.path.names
      return name !== undefined && !names.has(name.text)
    })
    if (other === undefined) continue
    reportEmpty(context, file, other, only)
    return
  }
}

function smaller(a: bigint | undefined, b: bigint): bigint {
  return a === undefined || b < a ? b : a
}

function larger(a: bigint | undefined, b: bigint): bigint {
  return a === undefined || b > a ? b : a
}

function reportEmpty({ report }: CheckContext, file: PolicyFile, atom: AtomNode, first: AtomNode): void {
  const text = 'path' in atom ? [atom.path.root, ...atom.path.names.map((name) => name.text)].join('.') : 'args'
  report({
    code: 'KV4010',
    severity: 'warning',
    message: 'this condition is never true',
    path: file.path,
    span: spanOf(atom),
    label: first === atom ? `no \`${text}\` is like this` : `leaves no value for \`${text}\``,
    ...(first !== atom && { secondary: [{ path: file.path, span: spanOf(first), label: 'together with this' }] }),
    help: 'all atoms of a condition hold at once; write two rules where either is meant',
  })
}
