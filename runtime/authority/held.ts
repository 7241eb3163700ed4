/**
 * What is held, as permissions: each hop of a chain cuts what the one above it gave.
 *
 * This is for people and for rows. Decisions are the engine's, which judges every hop by itself: whatever the words of a
 * permission cannot say, it holds all the same.
 */
import { createUniverse, type Language, type Universe } from '../../compiler/algebra/index.ts'
import { patternOfLanguage } from '../../compiler/emit/index.ts'
import {
  createPermissionReader,
  formatPattern,
  type GrantModel,
  jsonPlace,
  type ScopeModel,
} from '../../compiler/model/index.ts'
import {
  type Constraints,
  constraintsOf,
  meetTerms,
  NO_TERMS,
  type Terms,
  termsOf,
  termsOfGrant,
} from './constraints.ts'

/** A permission as it is given, and as rows keep it. */
export interface Permission {
  readonly resource: string
  /** `['*']`: all. */
  readonly actions: readonly string[]
  readonly constraints?: Constraints
}

/** A permission as it is held, with what its words cannot say. */
export interface HeldPermission extends Permission {
  /** Beside `['*']`: all actions but these. */
  readonly exceptActions?: readonly string[]
  /** Facts that the policy asks for as well: `trust`, `args.path`. */
  readonly conditions?: readonly string[]
}

/** A part of what somebody holds. */
export interface Held {
  readonly actions: readonly string[] | undefined
  readonly except: readonly string[]
  readonly resources: Language
  /** The text of the resources, where there is one. */
  readonly text: string | undefined
  readonly terms: Terms
}

/** Turns what is held into one form, and that into permissions. */
export interface Holdings {
  /** Permissions of an agent or of a delegation to it, under the constraints of that agent. */
  readonly ofPermissions: (
    permissions: readonly Permission[],
    constraints: AgentConstraintsJson | undefined,
  ) => readonly Held[]
  /** Grants of the policy. */
  readonly ofGrants: (grants: readonly GrantModel[]) => readonly Held[]
  /** What both give. */
  readonly meet: (a: readonly Held[], b: readonly Held[]) => readonly Held[]
  /** Without what another one holds too; equal resources and constraints become one permission. */
  readonly toPermissions: (held: readonly Held[]) => readonly HeldPermission[]
}

export type AgentConstraintsJson = Constraints & { readonly requireApprovalFor?: readonly string[] }

/** The work of all that is asked. @throws {TooHard} by every function of it */
export function createHoldings(universe: Universe = createUniverse()): Holdings {
  const { languages } = universe
  const languageOf = ({ patterns, automata = [] }: Pick<ScopeModel, 'patterns' | 'automata'>): Language => {
    const parts = [
      ...patterns.map((pattern) => languages.ofPattern(pattern)),
      ...automata.map((dfa) => languages.ofDfa(dfa)),
    ]
    return parts.reduce((union, part) => languages.union(union, part), languages.nothing)
  }
  const textOf = ({ dfa }: Language): string | undefined => {
    const pattern = patternOfLanguage(dfa)
    return pattern && formatPattern(pattern)
  }
  /** A grant may stand for several resources, which a permission cannot. */
  const toHeld = (grant: GrantModel, terms: Terms): readonly Held[] => {
    const { actions, exceptActions: except = [], patterns, automata = [] } = grant
    const parts: readonly Pick<ScopeModel, 'patterns' | 'automata'>[] = [
      ...patterns.map((pattern) => ({ patterns: [pattern] })),
      ...automata.map((dfa) => ({ patterns: [], automata: [dfa] })),
    ]
    return parts.map((part) => {
      const [pattern] = part.patterns
      const resources = languageOf(part)
      return { actions, except, resources, text: pattern ? formatPattern(pattern) : textOf(resources), terms }
    })
  }
  const meetTwo = (a: Held, b: Held): readonly Held[] => {
    const actions = meetActions(a, b)
    const resources = languages.intersect(a.resources, b.resources)
    const terms = meetTerms(a.terms, b.terms)
    if (actions === undefined || terms === undefined || languages.isEmptyResource(resources)) return []
    const text = resources === a.resources ? a.text : resources === b.resources ? b.text : textOf(resources)
    return [{ ...actions, resources, text: text ?? a.text ?? b.text, terms }]
  }
  return {
    ofPermissions(permissions, constraints) {
      const { requireApprovalFor: _, ...own } = constraints ?? {}
      // Rates and budgets of a whole agent are no part of any one permission.
      const whole: Terms = { ...termsOf(own), limits: NO_TERMS.limits }
      return permissions.flatMap((permission) => {
        const holder = { kind: 'runtime agent', name: 'x' } as const
        const reader = createPermissionReader()
        const read = constraints && reader.readConstraints(jsonPlace(constraints), holder)
        const terms = meetTerms(termsOf(permission.constraints ?? {}), whole)
        if (terms === undefined) return []
        return reader
          .read(jsonPlace([permission]), holder, read)
          .flatMap((grant) => toHeld(grant, { ...terms, needsApproval: grant.approval !== undefined }))
      })
    },
    ofGrants: (grants) => grants.flatMap((grant) => toHeld(grant, termsOfGrant(grant))),
    meet: (a, b) => a.flatMap((one) => b.flatMap((other) => meetTwo(one, other))),
    toPermissions(held) {
      const kept: Held[] = []
      for (const one of held) {
        const isHeld = (outer: Held) => holds(outer, one) && languages.includesResource(outer.resources, one.resources)
        if (kept.some(isHeld)) continue
        const others = kept.filter(
          (other) => !(holds(one, other) && languages.includesResource(one.resources, other.resources)),
        )
        kept.splice(0, kept.length, ...others, one)
      }
      return merge(kept)
    },
  }
}

type Actions = Pick<Held, 'actions' | 'except'>

function meetActions(a: Actions, b: Actions): Actions | undefined {
  const except = [...new Set([...a.except, ...b.except])]
  if (a.actions === undefined && b.actions === undefined) return { actions: undefined, except }
  const [names = [], other] = a.actions === undefined ? [b.actions, a] : [a.actions, b]
  const met = names.filter((name) => (other.actions?.includes(name) ?? true) && !except.includes(name))
  return met.length === 0 ? undefined : { actions: met, except: [] }
}

/** Whether `outer` has the actions of `inner` under the same terms, or under none. */
function holds(outer: Held, inner: Held): boolean {
  const terms = keyOf(outer.terms)
  if (terms !== keyOf(inner.terms) && terms !== keyOf(NO_TERMS)) return false
  if (inner.actions !== undefined) {
    return inner.actions.every((name) => outer.actions?.includes(name) ?? !outer.except.includes(name))
  }
  return outer.actions === undefined && outer.except.every((name) => inner.except.includes(name))
}

function keyOf(terms: Terms): string {
  return JSON.stringify(constraintsOf(terms))
}

/** One permission for equal resources and constraints, with the actions of all. */
function merge(held: readonly Held[]): readonly HeldPermission[] {
  const groups = new Map<string, Held>()
  for (const one of held) {
    const key = `${one.text} ${one.actions === undefined ? `but ${one.except.join()}` : ''} ${keyOf(one.terms)}`
    const known = groups.get(key)
    const actions = known?.actions && one.actions ? [...new Set([...known.actions, ...one.actions])] : one.actions
    groups.set(key, { ...one, actions })
  }
  return [...groups.values()].map(({ actions, except, text = '**', terms }) => {
    const { constraints, others } = constraintsOf(terms)
    return {
      resource: text,
      actions: actions ?? ['*'],
      ...(constraints && { constraints }),
      ...(except.length > 0 && { exceptActions: except }),
      ...(others.length > 0 && { conditions: others }),
    }
  })
}
