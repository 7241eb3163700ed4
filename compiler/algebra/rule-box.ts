/** Rules as boxes: what a grant grants, what a `forbid` forbids, what a `require` refuses. */
import type { ApprovalModel, AtomModel, PrincipalType, ScopeModel } from '../model/index.ts'
import { type AtomSets, atomSets, typeBits } from './atom-set.ts'
import { type Box, EVERY_REQUEST, restrict, subtractBox } from './box.ts'
import { approvalDimension, everythingAt } from './dimension.ts'
import { type FactSet, intersectSets, isEmptySet, subtractSets } from './fact-set.ts'
import type { Language } from './language.ts'
import { IS_APPROVED, MAX_MS, MISSING } from './specials.ts'
import type { Universe } from './universe.ts'

/**
 * Whose `agent.type` and `agent.owner` a rule asks about. One that does not exist yet may be anything: its type and owner
 * are dimensions then, `type` and `owner` of the one that acts, `type:root` and `owner:root` of one that delegated to it.
 */
export type Subject =
  | { readonly kind: 'known'; readonly type: PrincipalType; readonly owner: string | undefined }
  | { readonly kind: 'any'; readonly place: 'acting' | 'root' }

/** The requests of a scope. */
export function scopeBox(scope: ScopeModel, universe: Universe): Box | undefined {
  if (universe.scopes.has(scope)) return universe.scopes.get(scope)
  const box = toScopeBox(scope, universe)
  universe.scopes.set(scope, box)
  return box
}

/** Whether a resource is one of the scope's, whatever its actions. */
export function acceptsResource(scope: ScopeModel, resource: string, universe: Universe): boolean {
  const set = scopeBox(scope, universe)?.get('resource')
  return set?.kind === 'text' && universe.languages.accepts(set.language, resource)
}

function toScopeBox(scope: ScopeModel, universe: Universe): Box | undefined {
  const resource: FactSet = { kind: 'text', specials: 0, language: scopeLanguage(scope, universe) }
  if (universe.languages.isEmptyResource(resource.language)) return undefined
  const box = new Map<string, FactSet>([['resource', resource]])
  if (scope.actions !== undefined) {
    box.set('action', { kind: 'names', isExcluding: false, names: new Set(scope.actions) })
  } else if (scope.exceptActions !== undefined) {
    box.set('action', { kind: 'names', isExcluding: true, names: new Set(scope.exceptActions) })
  }
  return box
}

function scopeLanguage({ patterns, automata }: ScopeModel, { languages }: Universe): Language {
  const parts = [
    ...patterns.map((pattern) => languages.ofPattern(pattern)),
    ...(automata ?? []).map((dfa) => languages.ofDfa(dfa)),
  ]
  return parts.reduce((union, part) => languages.union(union, part), languages.nothing)
}

/** A grant without its limits: scope, condition and approval. `undefined` when it grants nothing to `subject`. */
export function grantBox(
  grant: ScopeModel & { readonly when?: readonly AtomModel[]; readonly approval?: ApprovalModel },
  subject: Subject,
  universe: Universe,
): Box | undefined {
  const { when = [], approval } = grant
  if (when.length === 0 && approval === undefined) return scopeBox(grant, universe)
  const isShared = !when.some(asksAboutSubject)
  if (isShared && universe.rules.has(grant)) return universe.rules.get(grant)
  const scope = scopeBox(grant, universe)
  const held = scope && restrictToTrue(scope, when, subject, universe)
  const box = held && approval !== undefined ? withApproval(held, approval, universe) : held
  if (isShared) universe.rules.set(grant, box)
  return box
}

/** Whether the atom's answer depends on the principal that is asked about. */
export function asksAboutSubject(atom: AtomModel): boolean {
  return atom.kind === 'agent-type' || atom.kind === 'agent-owner' || atom.kind === 'agent-owner-matches'
}

/** The part of `box` where every atom is true. */
export function restrictToTrue(
  box: Box,
  atoms: readonly AtomModel[],
  subject: Subject,
  universe: Universe,
): Box | undefined {
  return restrictBy(box, atoms, subject, universe, ({ whenTrue }) => whenTrue)
}

/** The part of `box` where no atom is false: what a `forbid ... when` means. */
export function restrictToPossible(
  box: Box,
  atoms: readonly AtomModel[],
  subject: Subject,
  universe: Universe,
): Box | undefined {
  return restrictBy(box, atoms, subject, universe, ({ dimension, whenFalse }) =>
    subtractSets(everythingAt(dimension, universe), whenFalse, universe),
  )
}

function restrictBy(
  box: Box,
  atoms: readonly AtomModel[],
  subject: Subject,
  universe: Universe,
  side: (sets: AtomSets) => FactSet,
): Box | undefined {
  let left: Box | undefined = box
  for (const atom of atoms) {
    const sets = atomSets(atom, universe)
    const set = side(sets)
    const known = factOf(sets.dimension, subject, universe)
    if (known !== undefined) {
      if (isEmptySet(intersectSets(known, set, universe))) return undefined
      continue
    }
    left = restrict(left, dimensionFor(sets.dimension, subject), set, universe)
    if (left === undefined) return undefined
  }
  return left
}

function dimensionFor(dimension: string, subject: Subject): string {
  const isOfSubject = dimension === 'type' || dimension === 'owner'
  return isOfSubject && subject.kind === 'any' && subject.place === 'root' ? `${dimension}:root` : dimension
}

/** The one value that a known principal has in a dimension of its own. */
function factOf(dimension: string, subject: Subject, { languages }: Universe): FactSet | undefined {
  if (subject.kind === 'any') return undefined
  if (dimension === 'type') return { kind: 'ranges', specials: typeBits([subject.type]), ranges: [] }
  if (dimension !== 'owner') return undefined
  return subject.owner === undefined
    ? { kind: 'text', specials: MISSING, language: languages.nothing }
    : { kind: 'text', specials: 0, language: languages.ofTexts([subject.owner]) }
}

/** The part of `box` where the approval has been given and is still good. */
export function withApproval(box: Box, { by, withinMs }: ApprovalModel, universe: Universe): Box | undefined {
  let left = restrict(box, approvalDimension(undefined), APPROVED, universe)
  if (by !== undefined) left = left && restrict(left, approvalDimension(by), APPROVED, universe)
  if (withinMs === undefined || left === undefined) return left
  const age: FactSet = {
    kind: 'ranges',
    specials: MISSING,
    ranges: [{ low: -MAX_MS, high: BigInt(withinMs) - 1n }],
  }
  return restrict(left, 'approval-age', age, universe)
}

const APPROVED: FactSet = { kind: 'ranges', specials: IS_APPROVED, ranges: [] }

/** What a `forbid` denies to `subject`, as disjoint boxes. */
export function forbidBoxes(
  forbid: ScopeModel & { readonly when?: readonly AtomModel[]; readonly unless?: readonly AtomModel[] },
  subject: Subject,
  universe: Universe,
): readonly Box[] {
  const scope = scopeBox(forbid, universe)
  const denied = scope && restrictToPossible(scope, forbid.when ?? [], subject, universe)
  if (denied === undefined) return []
  if (forbid.unless === undefined) return [denied]
  const excused = restrictToTrue(EVERY_REQUEST, forbid.unless, subject, universe)
  return excused === undefined ? [denied] : subtractBox(denied, excused, universe)
}

/** What a `require` denies to `subject`: its scope where the condition is not true, or the approval not given. */
export function requireBoxes(
  rule: ScopeModel & { readonly when?: readonly AtomModel[]; readonly approval?: ApprovalModel },
  subject: Subject,
  universe: Universe,
): readonly Box[] {
  const scope = scopeBox(rule, universe)
  if (scope === undefined) return []
  let met = restrictToTrue(EVERY_REQUEST, rule.when ?? [], subject, universe)
  if (met !== undefined && rule.approval !== undefined) met = withApproval(met, rule.approval, universe)
  return met === undefined ? [scope] : subtractBox(scope, met, universe)
}
