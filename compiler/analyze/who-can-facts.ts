/** Facts that are known of a question, as a box: the one value in each of their dimensions. */
import { argumentDimension, type Box, type FactSet, type Universe } from '../algebra/index.ts'
import type { AtomModel, PolicyModel } from '../model/index.ts'
import { createPoint } from './explain-point.ts'
import type { RequestFacts } from './explain-request.ts'

export interface KnownFacts {
  readonly facts: RequestFacts
  /** Which of them are known; the others may be anything. */
  readonly known: readonly ('ip' | 'now' | 'trust' | 'cost' | 'args')[]
}

/** The requests with those facts, as far as the rules of `model` can tell requests apart. */
export function knownBox({ facts, known }: KnownFacts, model: PolicyModel, universe: Universe): Box {
  const point = createPoint(facts, universe)
  const box = new Map<string, FactSet>()
  const put = (dimension: string): void => {
    box.set(dimension, point.at(dimension))
  }
  for (const name of known) {
    put(name)
    if (name !== 'args') continue
    for (const argument of Object.keys(facts.args ?? {})) put(argumentDimension([argument]))
    for (const path of argumentPaths(model)) put(argumentDimension(path))
  }
  return box
}

/** Every argument that a rule asks about. */
function argumentPaths(model: PolicyModel): readonly (readonly string[])[] {
  const holders = [...model.roles, ...model.agents, ...model.delegations, ...(model.boundary ? [model.boundary] : [])]
  const atoms: readonly AtomModel[] = [
    ...holders.flatMap(({ grants }) => grants.flatMap(({ when = [] }) => when)),
    ...model.forbids.flatMap(({ when = [], unless = [] }) => [...when, ...unless]),
    ...model.requires.flatMap(({ when = [] }) => when),
  ]
  return atoms.flatMap((atom) => ('path' in atom ? [atom.path] : []))
}
