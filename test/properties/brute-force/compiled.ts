/** Rules of the small universe as the algebra takes them; conditions come through the front end. */
import type { Witness } from '../../../compiler/algebra/index.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import {
  type AtomModel,
  type ForbidModel,
  type GrantModel,
  type PatternLiteral,
  parsePattern,
} from '../../../compiler/model/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import { type Atom, DECLARED_SETS, type Facts, textOfAtom } from './facts.ts'
import type { Forbid, Grant, Scope } from './rule.ts'

export function toGrantModel(grant: Grant): GrantModel {
  const { approval } = grant
  return {
    id: 0,
    ...toScopeModel(grant),
    when: grant.when.map(toAtomModel),
    ...(approval !== undefined && { approval: approval.by === undefined ? {} : { by: approval.by } }),
  }
}

export function toForbidModel(forbid: Forbid): ForbidModel {
  return {
    id: 0,
    ...toScopeModel(forbid),
    ...(forbid.when !== undefined && { when: forbid.when.map(toAtomModel) }),
    ...(forbid.unless !== undefined && { unless: forbid.unless.map(toAtomModel) }),
  }
}

function toScopeModel({ actions, patterns }: Scope): Pick<GrantModel, 'actions' | 'patterns'> {
  return { actions, patterns: patterns.map(toPattern) }
}

const LITERALS = new Map<string, PatternLiteral>()

function toPattern(text: string): PatternLiteral {
  const known = LITERALS.get(text)
  if (known !== undefined) return known
  const parsed = parsePattern(text)
  if (!parsed.ok) throw new TypeError(`${text}: ${parsed.fault.message}`)
  LITERALS.set(text, parsed.value)
  return parsed.value
}

const ATOMS = new Map<string, AtomModel>()

function toAtomModel(atom: Atom): AtomModel {
  const text = textOfAtom(atom)
  const known = ATOMS.get(text)
  if (known !== undefined) return known
  const policy = `policy p\n${DECLARED_SETS}service agent a { allow read on x when ${text} }`
  const { model } = checkPolicy([parsePolicy('a.kavach', policy).file])
  const made = model?.agents[0]?.grants[0]?.when?.[0]
  if (made === undefined) throw new TypeError(`no condition: ${text}`)
  ATOMS.set(text, made)
  return made
}

/** A request of the algebra, among the facts that the oracle knows. */
export function toFacts({ action, ip, now, approvedBy }: Witness): Facts {
  const approver = approvedBy === undefined ? undefined : approvedBy.includes('boss') ? 'boss' : 'other'
  return { action, ip, now, approver }
}
