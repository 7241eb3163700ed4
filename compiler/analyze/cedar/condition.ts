/**
 * Conditions in Cedar.
 *
 * Ours have three values, and a Cedar policy whose condition fails with an error is skipped, which is fine for a `permit` and
 * wrong for a `forbid`. So an atom is two texts: whether its fact is known, by `has` alone, and its value where it is. The
 * mapping gives a fact only when it is of the type that is asked for, so nothing that is known can fail.
 */
import { acceptsText } from '../../algebra/index.ts'
import type { AtomModel, WeekRange } from '../../model/index.ts'
import { toGlob } from './glob.ts'
import { allOf, anyOf, not } from './logic.ts'
import { inNetworks } from './networks.ts'
import { compareNumber, compareWhole, isOneOf } from './number.ts'
import { attribute, has, quote, quotePattern } from './quote.ts'

/** What a policy asks about that Cedar cannot say. */
export interface Foreign {
  readonly construct: string
  readonly why: string
}

/** Facts about the policy that conditions are made with. */
export interface Surroundings {
  /** Owners of all agents. */
  readonly owners: readonly string[]
}

/** Texts that are true when the conjunction is, or why there are none. */
export function toTrue(atoms: readonly AtomModel[], surroundings: Surroundings): readonly string[] | Foreign {
  const texts: string[] = []
  for (const atom of atoms) {
    const found = toText(atom, surroundings)
    if (isForeign(found)) return found
    texts.push(...found.known, signed(atom, found.value))
  }
  return texts
}

/** Texts that are true when the conjunction is true or unknown; what Cedar cannot say is left out, which is wider. */
export function toNotFalse(
  atoms: readonly AtomModel[],
  surroundings: Surroundings,
): { readonly texts: readonly string[]; readonly foreign: readonly Foreign[] } {
  const texts: string[] = []
  const foreign: Foreign[] = []
  for (const atom of atoms) {
    const found = toText(atom, surroundings)
    if (isForeign(found)) foreign.push(found)
    else texts.push(`(if ${allOf(found.known)} then ${signed(atom, found.value)} else true)`)
  }
  return { texts, foreign }
}

export function isForeign(found: object): found is Foreign {
  return 'why' in found
}

interface AtomText {
  /** Joined by `&&`: never an error. */
  readonly known: readonly string[]
  /** Of the atom without its `not`, where it is known. */
  readonly value: string
}

function signed({ negated }: AtomModel, value: string): string {
  return negated ? not(value) : value
}

function toText(atom: AtomModel, { owners }: Surroundings): AtomText | Foreign {
  switch (atom.kind) {
    case 'ip-in':
      return { known: [has('context', 'ip')], value: inNetworks('context.ip', atom.ranges) }
    case 'time-in':
      return { known: [has('context', 'minuteOfWeek')], value: inHours('context.minuteOfWeek', atom.ranges) }
    case 'number': {
      const { root, operator, units } = atom
      return numeric(root, [has('context', root)], compareNumber(`context.${root}`, operator, units))
    }
    case 'agent-type':
      return { known: [has('principal', 'type')], value: isText('principal.type', atom.types) }
    case 'agent-owner':
      return { known: [has('principal', 'owner')], value: isText('principal.owner', atom.owners) }
    case 'agent-owner-matches': {
      // The owners are known here, so that the regex can be asked here.
      const matching = owners.filter((owner) => acceptsText(atom.dfa, owner))
      return { known: [has('principal', 'owner')], value: isText('principal.owner', matching) }
    }
    case 'args-only': {
      const names = `[${atom.names.map(quote).join(', ')}]`
      const value = atom.names.length === 0 ? 'context.argNames.isEmpty()' : `${names}.containsAll(context.argNames)`
      return { known: [has('context', 'argNames')], value }
    }
    case 'len': {
      const { known, subject } = argument(atom.path, 'length')
      return { known, value: compareWhole(subject, atom.operator, atom.units) }
    }
    case 'arg-ip-in': {
      const { known, subject } = argument(atom.path, 'ip')
      return { known, value: inNetworks(subject, atom.ranges) }
    }
    case 'arg-time-in': {
      const { known, subject } = argument(atom.path, 'minuteOfWeek')
      return { known, value: inHours(subject, atom.ranges) }
    }
    case 'arg-strings': {
      const { known, subject } = argument(atom.path, 'text')
      return { known, value: isText(subject, atom.values) }
    }
    case 'arg-matches': {
      const { known, subject } = argument(atom.path, 'text')
      const glob = toGlob(atom.dfa)
      if (glob === undefined) {
        const construct = `args.${nameOfPath(atom.path)} matches`
        return { construct, why: 'Cedar has no regexes, and this one is neither a short list nor a `like` pattern' }
      }
      if (glob.kind === 'texts') return { known, value: isText(subject, glob.texts) }
      const matches = `${subject} like ${quotePattern(glob.parts)}`
      const isOneLine = not(`${subject} like ${quotePattern(['', '\n', ''])}`)
      return { known, value: glob.isLine ? `(${matches} && ${isOneLine})` : matches }
    }
    case 'arg-number': {
      const { known, subject } = argument(atom.path, 'number')
      return numeric(`args.${nameOfPath(atom.path)}`, known, compareNumber(subject, atom.operator, atom.units))
    }
    case 'arg-numbers': {
      const { known, subject } = argument(atom.path, 'number')
      return numeric(`args.${nameOfPath(atom.path)}`, known, isOneOf(subject, atom.values))
    }
    case 'arg-boolean': {
      const { known, subject } = argument(atom.path, 'truth')
      return { known, value: anyOf(atom.values.map((value) => `${subject} == ${value}`)) }
    }
  }
}

/** The key of an argument in `context.args`: its path as in policy text. */
export function nameOfPath(path: readonly string[]): string {
  return path.map((name) => (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) ? name : JSON.stringify(name))).join('.')
}

/** The argument as a value of one type. */
function argument(
  path: readonly string[],
  view: string,
): { readonly known: readonly string[]; readonly subject: string } {
  const record = attribute('context.args', nameOfPath(path))
  return {
    known: [has('context.args', nameOfPath(path)), has(record, view)],
    subject: attribute(record, view),
  }
}

function numeric(construct: string, known: readonly string[], value: string | undefined): AtomText | Foreign {
  if (value !== undefined) return { known, value }
  return { construct, why: 'the number, or its 10^9-fold where it has a fraction, is beyond 2^53 - 2' }
}

function isText(subject: string, values: readonly string[]): string {
  if (values.length < 2) return anyOf(values.map((value) => `${subject} == ${quote(value)}`))
  return `[${values.map(quote).join(', ')}].contains(${subject})`
}

function inHours(subject: string, ranges: readonly WeekRange[]): string {
  return anyOf(ranges.map(({ from, to }) => `${from} <= ${subject} && ${subject} < ${to}`))
}
