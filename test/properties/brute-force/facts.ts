/**
 * The facts of a small universe beside the resource, and what conditions say of them: one value for each kind that the sets
 * tell apart, the missing fact included. Nothing here uses the compiler: it is read from docs/language.md, sections 2 and 3.
 */

/** Two that policies name, and one for every other. */
export const ACTIONS = ['read', 'write', 'delete'] as const
export const ADDRESSES = [undefined, '10.0.0.1', '10.1.0.1', '192.168.0.1'] as const
/** A Monday in the office, at night, and a Saturday. */
export const TIMES = [
  undefined,
  Date.parse('2026-01-05T10:00:00Z'),
  Date.parse('2026-01-05T20:00:00Z'),
  Date.parse('2026-01-10T10:00:00Z'),
] as const
/** Nobody, somebody, and the one whom policies name. */
export const APPROVERS = [undefined, 'other', 'boss'] as const

export interface Facts {
  readonly action: string
  readonly ip: string | undefined
  /** Milliseconds since 1970. */
  readonly now: number | undefined
  readonly approver: string | undefined
}

export const ALL_FACTS: readonly Facts[] = ACTIONS.flatMap((action) =>
  ADDRESSES.flatMap((ip) => TIMES.flatMap((now) => APPROVERS.map((approver) => ({ action, ip, now, approver })))),
)

/** Those without an approval: what a condition can tell apart. */
export const UNAPPROVED_FACTS: readonly Facts[] = ALL_FACTS.filter(({ approver }) => approver === undefined)

export type PrincipalType = 'autonomous' | 'delegated' | 'service'

export interface Principal {
  readonly name: string
  readonly type: PrincipalType
  readonly owner: string | undefined
}

export interface Atom {
  readonly isNegated: boolean
  readonly about: 'inner' | 'outer' | 'office' | 'daytime' | PrincipalType | 'ann'
}

/** The sets that `textOfAtom` names. */
export const DECLARED_SETS = `set inner = cidr [10.0.0.0/16]
set outer = cidr [10.0.0.0/8]
set office = hours mon-fri 09:00-17:00
set daytime = hours daily 09:00-17:00
`

export function textOfAtom({ isNegated, about }: Atom): string {
  return `${isNegated ? 'not ' : ''}${plainText(about)}`
}

function plainText(about: Atom['about']): string {
  switch (about) {
    case 'inner':
    case 'outer':
      return `ip in ${about}`
    case 'office':
    case 'daytime':
      return `time in ${about}`
    case 'ann':
      return 'agent.owner = "ann"'
    default:
      return `agent.type = ${about}`
  }
}

/** `undefined` is unknown. */
export type Truth = boolean | undefined

export function truthOfAtom({ isNegated, about }: Atom, facts: Facts, principal: Principal): Truth {
  const plain = plainTruth(about, facts, principal)
  return plain === undefined ? undefined : plain !== isNegated
}

/** A conjunction: false if an atom is false, else unknown if one is. */
export function truthOf(atoms: readonly Atom[], facts: Facts, principal: Principal): Truth {
  const truths = atoms.map((atom) => truthOfAtom(atom, facts, principal))
  if (truths.includes(false)) return false
  return truths.includes(undefined) ? undefined : true
}

function plainTruth(about: Atom['about'], { ip, now }: Facts, { type, owner }: Principal): Truth {
  switch (about) {
    case 'inner':
      return ip === undefined ? undefined : ip.startsWith('10.0.')
    case 'outer':
      return ip === undefined ? undefined : ip.startsWith('10.')
    case 'office':
      return now === undefined ? undefined : isDaytime(now) && isWeekday(now)
    case 'daytime':
      return now === undefined ? undefined : isDaytime(now)
    case 'ann':
      return owner === undefined ? undefined : owner === 'ann'
    default:
      return type === about
  }
}

function isDaytime(now: number): boolean {
  const hour = new Date(now).getUTCHours()
  return 9 <= hour && hour < 17
}

function isWeekday(now: number): boolean {
  const day = new Date(now).getUTCDay()
  return 1 <= day && day <= 5
}
