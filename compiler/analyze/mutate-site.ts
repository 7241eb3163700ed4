/** The rules and members of a policy where they stand, each with its part of the model. */
import type {
  AgentDeclaration,
  BoundaryDeclaration,
  DelegationDeclaration,
  GrantNode,
  PolicyFile,
  SetDeclaration,
  Span,
} from '../../grammar/index.ts'
import type { SourceMap } from '../front/index.ts'
import type { PolicyModel } from '../model/index.ts'

/** A checked policy, as text and as model. */
export interface WrittenPolicy {
  /** In the order of their paths. */
  readonly files: readonly PolicyFile[]
  readonly map: SourceMap
  readonly model: PolicyModel
}

/** Where something stands. */
export interface Place {
  readonly path: string
  readonly span: Span
  /** From 1. */
  readonly line: number
}

type Declaration = PolicyFile['declarations'][number]

/** A rule, an agent, a delegation or the boundary. */
export type Site = { readonly file: PolicyFile } & (
  | { readonly kind: 'grant'; readonly node: GrantNode; readonly id: number }
  | {
      [K in 'forbid' | 'require' | 'limit-all']: {
        readonly kind: K
        readonly node: Extract<Declaration, { readonly kind: K }>
        readonly id: number
      }
    }['forbid' | 'require' | 'limit-all']
  | { readonly kind: 'agent'; readonly node: AgentDeclaration }
  /** `index` in the model. */
  | { readonly kind: 'delegation'; readonly node: DelegationDeclaration; readonly index: number }
  | { readonly kind: 'boundary'; readonly node: BoundaryDeclaration }
)

/** All sites in source order; a holder comes before its grants. */
export function sitesOf({ files, map }: Pick<WrittenPolicy, 'files' | 'map'>): readonly Site[] {
  const sites: Site[] = []
  const ids = new Map(map.rules.map(({ path, span, id }) => [`${path}:${span.start}`, id]))
  let delegations = 0
  for (const file of files) {
    const idOf = ({ start }: Span): number => {
      const id = ids.get(`${file.path}:${start}`)
      if (id === undefined) throw new RangeError('this rule is not part of the source map')
      return id
    }
    const addGrants = (nodes: readonly { readonly kind: string }[]) => {
      for (const node of nodes) if (isGrant(node)) sites.push({ kind: 'grant', file, node, id: idOf(node) })
    }
    for (const node of file.declarations) {
      switch (node.kind) {
        case 'role':
          addGrants(node.grants)
          break
        case 'agent':
          sites.push({ kind: 'agent', file, node })
          addGrants(node.members)
          break
        case 'delegation':
          sites.push({ kind: 'delegation', file, node, index: delegations++ })
          addGrants(node.members)
          break
        case 'boundary':
          sites.push({ kind: 'boundary', file, node })
          addGrants(node.members)
          break
        case 'forbid':
          sites.push({ kind: 'forbid', file, node, id: idOf(node) })
          break
        case 'require':
          sites.push({ kind: 'require', file, node, id: idOf(node) })
          break
        case 'limit-all':
          sites.push({ kind: 'limit-all', file, node, id: idOf(node) })
          break
        default:
      }
    }
  }
  return sites
}

function isGrant(node: { readonly kind: string }): node is GrantNode {
  return node.kind === 'grant'
}

export function placeOf(file: PolicyFile, { start, end }: Span): Place {
  return { path: file.path, span: { start, end }, line: lineOf(file, start) }
}

const LINE_STARTS = new WeakMap<PolicyFile, readonly number[]>()

/** From 1. */
function lineOf(file: PolicyFile, offset: number): number {
  const known = LINE_STARTS.get(file) ?? lineStarts(file.text)
  LINE_STARTS.set(file, known)
  let [low, high] = [0, known.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((known[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return low + 1
}

function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** Named sets of a policy. */
export function setsOf(files: readonly PolicyFile[]): ReadonlyMap<string, SetDeclaration> {
  const sets = new Map<string, SetDeclaration>()
  for (const { declarations } of files) {
    for (const node of declarations) if (node.kind === 'set') sets.set(node.name.text, node)
  }
  return sets
}
