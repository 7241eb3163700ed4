/** Conditions in three values. Language reference, section 3. */
import type {
  AtomNode,
  CidrList,
  CompareAtom,
  HoursList,
  InAtom,
  LiteralNode,
  MatchesAtom,
  PathNode,
  RegexNode,
  SetReference,
} from '../../grammar/index.ts'
import { parseAddress } from './address.ts'
import { compareToUnits, type Decimal } from './decimal.ts'
import { isWithinHours, parseInstant } from './instant.ts'
import type { Principal, SetValue } from './policy.ts'
import { matchesRegex } from './regex.ts'
import type { ArgValue, Request } from './request.ts'

export type Truth = 'true' | 'false' | 'unknown'

/** Where a condition is asked: `helps` is the value of it that helps access, for the flag `possible`. */
export interface Asked {
  readonly request: Request
  readonly principal: Principal
  readonly sets: ReadonlyMap<string, SetValue>
  readonly possible: boolean
  readonly helps: 'true' | 'false'
  readonly observe: ((atom: AtomNode) => void) | undefined
}

export type ConditionKind = 'agent' | 'ip' | 'time' | 'args' | 'args-only' | 'trust' | 'cost'

export function judgeConjunction(atoms: readonly AtomNode[], asked: Asked): Truth {
  const values = atoms.map((atom) => judgeAtom(atom, asked))
  if (values.includes('false')) return 'false'
  return values.includes('unknown') ? 'unknown' : 'true'
}

export function judgeAtom(atom: AtomNode, asked: Asked): Truth {
  asked.observe?.(atom)
  if (asked.possible && asksAbsentArgument(atom, asked.request)) return asked.helps
  const value = judgePlain(atom, asked)
  if (!atom.negated || value === 'unknown') return value
  return value === 'true' ? 'false' : 'true'
}

export function kindOfAtom(atom: AtomNode): ConditionKind {
  if (atom.kind === 'args-only') return 'args-only'
  switch (atom.path.root) {
    case 'agent.type':
    case 'agent.owner':
      return 'agent'
    case 'args':
    case 'len':
      return 'args'
    default:
      return atom.path.root
  }
}

function asksAbsentArgument(atom: AtomNode, request: Request): boolean {
  if (atom.kind === 'args-only') return request.args === undefined
  const { root } = atom.path
  return (root === 'args' || root === 'len') && findArgument(atom.path, request) === 'absent'
}

function judgePlain(atom: AtomNode, asked: Asked): Truth {
  switch (atom.kind) {
    case 'args-only': {
      const { args } = asked.request
      if (args === undefined) return 'unknown'
      const allowed = atom.names.map((name) => name.text)
      return truth([...args.members.keys()].every((name) => allowed.includes(name)))
    }
    case 'in':
      return judgeIn(atom, asked)
    case 'matches':
      return judgeMatches(atom, asked)
    case 'compare':
      return judgeCompare(atom, asked)
  }
}

/** What a path names in the request. */
type Fact =
  | { readonly kind: 'address'; readonly address: bigint }
  | { readonly kind: 'instant'; readonly instant: bigint }
  | { readonly kind: 'number'; readonly value: Decimal; readonly raw?: number }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }

function findFact(path: PathNode, { request, principal }: Asked): Fact | undefined {
  switch (path.root) {
    case 'ip':
      return request.ip === undefined ? undefined : { kind: 'address', address: request.ip }
    case 'time':
      return request.now === undefined ? undefined : { kind: 'instant', instant: request.now }
    case 'trust':
      return request.trust && { kind: 'number', value: request.trust }
    case 'cost':
      return request.cost && { kind: 'number', value: request.cost }
    case 'agent.type':
      return { kind: 'string', text: principal.type }
    case 'agent.owner':
      return principal.owner === undefined ? undefined : { kind: 'string', text: principal.owner }
    case 'args': {
      const found = findArgument(path, request)
      return found === 'absent' || found.kind === 'object' || found.kind === 'ill-typed' ? undefined : found
    }
    case 'len': {
      const found = findArgument(path, request)
      if (found === 'absent' || found.kind !== 'string') return undefined
      return { kind: 'number', value: { digits: BigInt(Array.from(found.text).length), exponent: 0 } }
    }
  }
}

function findArgument(path: PathNode, request: Request): ArgValue | 'absent' {
  let value: ArgValue | undefined = request.args
  if (value === undefined) return 'absent'
  for (const name of path.names) {
    // A path through a string, a list or a null is ill-typed, not absent.
    if (value.kind !== 'object') return { kind: 'ill-typed' }
    value = value.members.get(name.text)
    if (value === undefined) return 'absent'
  }
  return value
}

function judgeIn(atom: InAtom, asked: Asked): Truth {
  const fact = findFact(atom.path, asked)
  const values = atom.values.kind === 'set-reference' ? findSet(atom.values, asked) : atom.values
  if (fact === undefined || values === undefined) return 'unknown'
  switch (values.kind) {
    case 'cidrs':
      return judgeCidrs(values, fact)
    case 'hours':
      return judgeHours(values, fact)
    case 'list': {
      const answers = values.items.map((item) => judgeEqual(item, fact))
      // A list has literals of one type, so that either all of its answers are unknown or none is.
      return answers.includes('true') ? 'true' : answers.includes('unknown') ? 'unknown' : 'false'
    }
    case 'regex':
      return 'unknown'
  }
}

function judgeCidrs(cidrs: CidrList, fact: Fact): Truth {
  const address = fact.kind === 'address' ? fact.address : fact.kind === 'string' ? parseAddress(fact.text) : undefined
  if (address === undefined) return 'unknown'
  return truth(cidrs.items.some(({ value }) => value.low <= address && address <= value.high))
}

function judgeHours(hours: HoursList, fact: Fact): Truth {
  const instant = toInstant(fact)
  if (instant === undefined) return 'unknown'
  return truth(
    isWithinHours(
      instant,
      hours.items.map((item) => item.value),
    ),
  )
}

function toInstant(fact: Fact): bigint | undefined {
  if (fact.kind === 'instant') return fact.instant
  if (fact.kind === 'string') return parseInstant(fact.text)
  return fact.kind === 'number' ? parseInstant(fact.raw) : undefined
}

function judgeMatches(atom: MatchesAtom, asked: Asked): Truth {
  const fact = findFact(atom.path, asked)
  const pattern: RegexNode | SetValue | undefined =
    atom.pattern.kind === 'regex' ? atom.pattern : findSet(atom.pattern, asked)
  if (fact?.kind !== 'string' || pattern?.kind !== 'regex') return 'unknown'
  return truth(matchesRegex(pattern.value.root, fact.text))
}

function judgeCompare(atom: CompareAtom, asked: Asked): Truth {
  const fact = findFact(atom.path, asked)
  if (fact === undefined) return 'unknown'
  if (atom.operator === '=') return judgeEqual(atom.value, fact)
  if (fact.kind !== 'number' || atom.value.kind !== 'decimal') return 'unknown'
  const order = compareToUnits(fact.value, atom.value.value.units)
  return truth(atom.operator === '<=' ? order <= 0 : order >= 0)
}

function judgeEqual(literal: LiteralNode, fact: Fact): Truth {
  switch (literal.kind) {
    case 'decimal':
      return fact.kind === 'number' ? truth(compareToUnits(fact.value, literal.value.units) === 0) : 'unknown'
    case 'boolean':
      return fact.kind === 'boolean' ? truth(fact.value === literal.value) : 'unknown'
    case 'string':
    case 'word':
      return fact.kind === 'string' ? truth(fact.text === literal.value) : 'unknown'
  }
}

function findSet(reference: SetReference, asked: Asked): SetValue | undefined {
  return asked.sets.get(reference.name.text)
}

function truth(claim: boolean): Truth {
  return claim ? 'true' : 'false'
}
