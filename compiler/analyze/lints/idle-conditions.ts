/** Atoms that change nothing: whatever the rest of the condition and the scope admit meets them anyway. */

import type { AtomNode, ConditionNode, PolicyFile } from '../../../grammar/index.ts'
import {
  type Box,
  EVERY_REQUEST,
  includesBox,
  restrictToPossible,
  restrictToTrue,
  type Universe,
} from '../../algebra/index.ts'
import type { AtomModel } from '../../model/index.ts'
import type { Lint, LintContext } from './lint.ts'

/** KV4305, at the atom. */
export const lintIdleConditions: Lint = (context) => {
  const { model, map, files } = context.analyzed
  for (const { own } of context.holders) {
    for (const grant of own) {
      const located = context.nodeOf(grant)
      if (located?.node.when === undefined || grant.when === undefined) continue
      lintCondition(context, located.file, located.node.when, grant.when, restrictToTrue)
    }
  }
  const guards = new Map<
    number,
    { readonly file: PolicyFile; readonly when?: ConditionNode; readonly unless?: ConditionNode }
  >()
  for (const file of files) {
    const byStart = new Map(
      map.rules.filter(({ path }) => path === file.path).map((rule) => [rule.span.start, rule.id]),
    )
    for (const node of file.declarations) {
      const id = byStart.get(node.start)
      if (id === undefined) continue
      if (node.kind === 'forbid') {
        guards.set(id, { file, ...(node.when && { when: node.when }), ...(node.unless && { unless: node.unless }) })
      } else if (node.kind === 'require' && node.requirement.kind === 'condition') {
        guards.set(id, { file, when: node.requirement })
      }
    }
  }
  for (const { id, when, unless } of model.forbids) {
    const located = guards.get(id)
    if (located === undefined) continue
    if (located.when && when) lintCondition(context, located.file, located.when, when, restrictToPossible)
    if (located.unless && unless) lintCondition(context, located.file, located.unless, unless, restrictToTrue)
  }
  for (const { id, when } of model.requires) {
    const located = guards.get(id)
    if (located?.when && when) lintCondition(context, located.file, located.when, when, restrictToTrue)
  }
}

type Restrict = typeof restrictToTrue

/** A condition of one atom is never idle: somebody wrote it to say that the fact must be there. */
function lintCondition(
  context: LintContext,
  file: PolicyFile,
  node: ConditionNode,
  atoms: readonly AtomModel[],
  restrictTo: Restrict,
): void {
  if (atoms.length < 2) return
  const idle = context.ask(({ universe }) => findIdle(atoms, restrictTo, universe))
  const atom: AtomNode | undefined = idle === undefined ? undefined : node.atoms[idle]
  if (atom === undefined) return
  context.report({
    code: 'KV4305',
    severity: 'warning',
    message: 'this condition changes nothing',
    path: file.path,
    span: { start: atom.start, end: atom.end },
    label: 'the others say it already',
    help: 'remove it, or tighten it',
  })
}

/** The last atom that the others imply; nothing when they contradict each other, which is another finding. */
function findIdle(atoms: readonly AtomModel[], restrictTo: Restrict, universe: Universe): number | undefined {
  const box = (some: readonly AtomModel[]): Box | undefined => restrictTo(EVERY_REQUEST, some, ANYBODY, universe)
  const all = box(atoms)
  if (all === undefined) return undefined
  for (let index = atoms.length - 1; index >= 0; index--) {
    const others = box(atoms.filter((_, other) => other !== index))
    if (others !== undefined && includesBox(all, others, universe)) return index
  }
  return undefined
}

const ANYBODY = { kind: 'any', place: 'acting' } as const
