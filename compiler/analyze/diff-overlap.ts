/** Finds, among many grants, those whose scope may share a request with another one, without comparing automata. */
import { scopesMayMeet } from '../algebra/index.ts'
import type { GrantModel, PatternLiteral, ScopeModel } from '../model/index.ts'

/** Grants by the literal segments in front of their patterns: two patterns meet only when one's are a prefix of the other's. */
export interface OverlapIndex<T> {
  /** Items that may overlap with `scope`, in their order. */
  readonly near: (scope: ScopeModel) => readonly T[]
}

export function createOverlapIndex<T>(items: readonly T[], grantOf: (item: T) => GrantModel): OverlapIndex<T> {
  const root = createNode()
  for (const [position, item] of items.entries()) {
    const { patterns, automata = [] } = grantOf(item)
    for (const pattern of patterns) nodeAt(root, literalsOf(pattern)).positions.push(position)
    // An automaton does not show its segments.
    if (automata.length > 0) root.positions.push(position)
  }
  return {
    near: (scope) => {
      const found = new Set<number>((scope.automata ?? []).length > 0 ? items.keys() : [])
      for (const pattern of scope.patterns) collect(root, literalsOf(pattern), found)
      return [...found]
        .sort((a, b) => a - b)
        .flatMap((position) => {
          const item = items[position]
          return item !== undefined && scopesMayMeet(grantOf(item), scope) ? [item] : []
        })
    },
  }
}

function plainText(segment: PatternLiteral['segments'][number] | undefined): string | undefined {
  const [part, ...more] = segment ?? []
  return part?.kind === 'text' && more.length === 0 ? part.text : undefined
}

interface Node {
  readonly positions: number[]
  readonly children: Map<string, Node>
}

function createNode(): Node {
  return { positions: [], children: new Map() }
}

/** The texts of the segments in front of the first one that is not plain text. */
function literalsOf({ segments }: PatternLiteral): readonly string[] {
  const texts: string[] = []
  for (const segment of segments) {
    const text = plainText(segment)
    if (text === undefined) break
    texts.push(text)
  }
  return texts
}

function nodeAt(root: Node, texts: readonly string[]): Node {
  let node = root
  for (const text of texts) {
    let child = node.children.get(text)
    if (child === undefined) {
      child = createNode()
      node.children.set(text, child)
    }
    node = child
  }
  return node
}

function collect(root: Node, texts: readonly string[], found: Set<number>): void {
  let node: Node | undefined = root
  for (const text of texts) {
    for (const position of node.positions) found.add(position)
    node = node.children.get(text)
    if (node === undefined) return
  }
  collectAll(node, found)
}

function collectAll(node: Node, found: Set<number>): void {
  for (const position of node.positions) found.add(position)
  for (const child of node.children.values()) collectAll(child, found)
}
