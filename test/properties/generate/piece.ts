/**
 * Policy text as a tree whose parts can be left out one by one: `open`, the children with `separator` between them, `close`.
 */
export interface Piece {
  readonly open: string
  readonly children: readonly Piece[]
  readonly separator: string
  readonly close: string
  /** It never goes while the piece around it stays. */
  readonly isFixed: boolean
}

/** A piece without parts. */
export function leaf(text: string): Piece {
  return { open: text, children: [], separator: '', close: '', isFixed: false }
}

/** A piece that stays. */
export function fixed(text: string): Piece {
  return { ...leaf(text), isFixed: true }
}

export function group(open: string, children: readonly Piece[], close = '', separator = ''): Piece {
  return { open, children, separator, close, isFixed: false }
}

/** A list that is never empty. */
export function list(items: readonly string[]): Piece {
  return { ...group('', items.map(leaf), '', ', '), isFixed: true }
}

export function render(piece: Piece): string {
  return `${piece.open}${piece.children.map(render).join(piece.separator)}${piece.close}`
}

/** The tree without one of its parts, for each part, larger parts first. */
export function* withoutOne(piece: Piece): Generator<Piece> {
  for (const [index, child] of piece.children.entries()) {
    const isLast = piece.separator !== '' && piece.children.length === 1
    if (!child.isFixed && !isLast) yield { ...piece, children: piece.children.toSpliced(index, 1) }
  }
  for (const [index, child] of piece.children.entries()) {
    for (const smaller of withoutOne(child)) yield { ...piece, children: piece.children.with(index, smaller) }
  }
}
