/** What an agent can do, as permissions: its own, and those of every chain that ends in it, each cut by all above it. */
import type { PolicyModel } from '../../compiler/model/index.ts'
import { heldGrants } from '../../compiler/model/index.ts'
import type { Row } from '../tables.ts'
import type { Closure } from './closure.ts'
import type { AgentConstraintsJson, Held, Holdings, Permission } from './held.ts'
import { incomingPaths, type Path, type PathBounds } from './paths.ts'

/** Ways of holding something: the agent's own, then one for each chain. Nothing of it is cut by guardrails. */
export function heldBy(
  id: string,
  closure: Closure,
  model: PolicyModel,
  holdings: Holdings,
  { now, ...bounds }: PathBounds & { readonly now: number },
): readonly Held[] {
  const { left = 0 } = bounds
  if (!closure.isLive(id)) return []
  const factors = createFactors(closure, model, holdings)
  const paths = incomingPaths(id, closure.incoming, now, bounds)
  return [
    ...(left === 0 || factors.mayDelegate(id) >= left ? factors.own(id) : []),
    ...paths.flatMap((path) => heldThrough(id, path, left, factors, holdings)),
  ]
}

function heldThrough(id: string, { chain }: Path, left: number, factors: Factors, holdings: Holdings): readonly Held[] {
  const names = [...chain, id]
  const hops = chain.length
  const [root = id] = names
  if (factors.mayDelegate(root) < hops + left) return []
  let held = factors.own(root)
  for (let hop = 1; hop <= hops && held.length > 0; hop++) {
    const from = names[hop - 1] ?? ''
    const behind = hops - hop + left
    if (hop > 1 && factors.cap(from) < behind + 1) return []
    held = holdings.meet(held, factors.hop(from, names[hop] ?? '', behind))
  }
  return held
}

interface Factors {
  readonly own: (id: string) => readonly Held[]
  readonly hop: (from: string, to: string, behind: number) => readonly Held[]
  /** Hops that may leave a root, and an agent in the middle of a chain. */
  readonly mayDelegate: (id: string) => number
  readonly cap: (id: string) => number
}

function createFactors({ agents, incoming }: Closure, model: PolicyModel, holdings: Holdings): Factors {
  const { boundary } = model
  const bounded = (held: readonly Held[]) => holdings.meet(held, holdings.ofGrants(boundary?.grants ?? []))
  const declared = (id: string) => model.agents.find(({ name }) => name === id)
  const own = (id: string): readonly Held[] => {
    const agent = declared(id)
    if (agent !== undefined) return holdings.ofGrants(heldGrants(model, agent))
    const row = agents.get(id)
    return row === undefined ? [] : bounded(holdings.ofPermissions(readPermissions(row), readAgentConstraints(row)))
  }
  const most = boundary?.mayDelegate ?? 0
  return {
    own,
    hop(from, to, behind) {
      const row = agents.get(to)
      const said = model.delegations
        .filter((one) => one.from === from && one.to === to && one.revoked !== true && (one.depth ?? 0) >= behind)
        .flatMap(({ grants }) => holdings.ofGrants(grants))
      const policy = declared(to) === undefined ? bounded(said) : said
      const made = incoming(to)
        .filter((one) => one.from === from && one.origin === 'runtime' && one.depth >= behind && most >= behind)
        .flatMap((one) => holdings.ofPermissions(readPermissions(one), row && readAgentConstraints(row)))
      return [...policy, ...bounded(made)]
    },
    mayDelegate: (id) => (declared(id) === undefined ? most : (declared(id)?.mayDelegate ?? 0)),
    cap: (id) => (declared(id) === undefined ? most : (declared(id)?.mayDelegate ?? Number.POSITIVE_INFINITY)),
  }
}

/** Permissions of a row, which were looked at before they were written. */
export function readPermissions({ permissions }: Pick<Row<'agents'>, 'permissions'>): readonly Permission[] {
  return JSON.parse(permissions) as readonly Permission[]
}

export function readAgentConstraints({
  constraints,
}: Pick<Row<'agents'>, 'constraints'>): AgentConstraintsJson | undefined {
  // It was looked at before it was written.
  return constraints === null ? undefined : (JSON.parse(constraints) as AgentConstraintsJson)
}
