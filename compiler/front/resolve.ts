/**
 * Names of a policy and what they stand for, over all of its files.
 *
 * The first declaration of a name counts; `check/unique-names.ts` reports the others. Names that stand in a statement the
 * parser had to drop are *broken*: nobody may be told that they are unknown.
 */
import type {
  AgentDeclaration,
  BoundaryDeclaration,
  CatalogDeclaration,
  Declaration,
  DelegationDeclaration,
  GrantNode,
  Name,
  PolicyFile,
  RoleDeclaration,
  SetDeclaration,
} from '../../grammar/index.ts'

/** A node and the file it stands in. */
export interface Located<T> {
  readonly file: PolicyFile
  readonly node: T
}

/** The declarations of a policy by name. */
export interface ResolvedPolicy {
  /** In source order. */
  readonly files: readonly PolicyFile[]
  readonly agents: ReadonlyMap<string, Located<AgentDeclaration>>
  readonly roles: ReadonlyMap<string, Located<RoleDeclaration>>
  readonly sets: ReadonlyMap<string, Located<SetDeclaration>>
  readonly catalogs: ReadonlyMap<string, Located<CatalogDeclaration>>
  /** In source order. */
  readonly delegations: readonly Located<DelegationDeclaration>[]
  readonly boundary: Located<BoundaryDeclaration> | undefined
  readonly broken: BrokenNames
}

/** What the parser had to drop. */
export interface BrokenNames {
  /** True when any statement was dropped. */
  readonly any: boolean
  /** True when a dropped statement of this kind declared `name`, or one whose name could not be read. */
  has(kind: Declaration['kind'] | 'policy', name?: string): boolean
}

/** Collects the declarations of `files`, which are sorted by the bytes of their paths. */
export function resolvePolicy(files: readonly PolicyFile[]): ResolvedPolicy {
  const agents = new Map<string, Located<AgentDeclaration>>()
  const roles = new Map<string, Located<RoleDeclaration>>()
  const sets = new Map<string, Located<SetDeclaration>>()
  const catalogs = new Map<string, Located<CatalogDeclaration>>()
  const delegations: Located<DelegationDeclaration>[] = []
  let boundary: Located<BoundaryDeclaration> | undefined
  for (const file of files) {
    for (const node of file.declarations) {
      switch (node.kind) {
        case 'agent':
          addFirst(agents, file, node)
          break
        case 'role':
          addFirst(roles, file, node)
          break
        case 'set':
          addFirst(sets, file, node)
          break
        case 'catalog':
          addFirst(catalogs, file, node)
          break
        case 'delegation':
          delegations.push({ file, node })
          break
        case 'boundary':
          boundary ??= { file, node }
          break
        default:
      }
    }
  }
  return { files, agents, roles, sets, catalogs, delegations, boundary, broken: collectBroken(files) }
}

function addFirst<T extends { readonly name: Name }>(map: Map<string, Located<T>>, file: PolicyFile, node: T): void {
  if (!map.has(node.name.text)) map.set(node.name.text, { file, node })
}

function collectBroken(files: readonly PolicyFile[]): BrokenNames {
  const names = new Set<string>()
  const nameless = new Set<string>()
  for (const file of files) {
    for (const { kind, name } of file.broken) {
      if (name === undefined) nameless.add(kind)
      else names.add(`${kind} ${name}`)
    }
  }
  return {
    any: names.size + nameless.size > 0,
    has: (kind, name) => nameless.has(kind) || (name !== undefined && names.has(`${kind} ${name}`)),
  }
}

/** Roles in an order in which every role follows the roles it includes, and the cycles that were found on the way. */
export interface RoleOrder {
  readonly order: readonly Located<RoleDeclaration>[]
  /** Each cycle once; the last role of a cycle includes its first. */
  readonly cycles: readonly (readonly Located<RoleDeclaration>[])[]
}

/** Walks `includes` depth first, without recursion: a chain of roles may be as long as a policy. */
export function orderRoles(policy: ResolvedPolicy): RoleOrder {
  const order: Located<RoleDeclaration>[] = []
  const cycles: Located<RoleDeclaration>[][] = []
  const done = new Set<string>()
  for (const start of policy.roles.values()) {
    if (done.has(start.node.name.text)) continue
    const path: { readonly role: Located<RoleDeclaration>; next: number }[] = [{ role: start, next: 0 }]
    const depthOf = new Map<string, number>([[start.node.name.text, 0]])
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const include = top.role.node.includes[top.next]
      if (include === undefined) {
        path.pop()
        depthOf.delete(top.role.node.name.text)
        done.add(top.role.node.name.text)
        order.push(top.role)
        continue
      }
      top.next += 1
      const role = policy.roles.get(include.text)
      if (role === undefined || done.has(include.text)) continue
      const depth = depthOf.get(include.text)
      if (depth !== undefined) {
        cycles.push(path.slice(depth).map((step) => step.role))
      } else {
        depthOf.set(include.text, path.length)
        path.push({ role, next: 0 })
      }
    }
  }
  return { order, cycles }
}

/** For every role the grants it reaches, each once, in source order of `idOf`. Needs a policy without role cycles. */
export function closeRoles(
  policy: ResolvedPolicy,
  idOf: (grant: GrantNode) => number,
): ReadonlyMap<string, readonly GrantNode[]> {
  const closed = new Map<string, readonly GrantNode[]>()
  for (const { node } of orderRoles(policy).order) {
    if (node.includes.length === 0) {
      closed.set(node.name.text, node.grants)
      continue
    }
    const grants = new Set(node.grants)
    for (const include of node.includes) {
      for (const grant of closed.get(include.text) ?? []) grants.add(grant)
    }
    closed.set(
      node.name.text,
      [...grants].sort((a, b) => idOf(a) - idOf(b)),
    )
  }
  return closed
}
