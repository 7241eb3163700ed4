/**
 * The tree over the log: a leaf is SHA-256(0x00 || data), a node SHA-256(0x01 || left || right), and the left subtree of a node
 * is the largest perfect one that leaves something to the right.
 *
 * A proof is a list of roots of ranges of leaves. Which ranges is a matter of numbers only, so whoever makes a proof reads the
 * leaves once, in order, and needs to keep a few hashes.
 *
 * @see RFC 9162 section 2.1, which is that of RFC 6962
 */

export type Sha256 = (bytes: Uint8Array) => Uint8Array

export const HASH_BYTES = 32
export const LEAF_PREFIX = 0
export const NODE_PREFIX = 1

/** Leaves `from` to `to - 1`. */
export interface LeafRange {
  readonly from: number
  readonly to: number
}

export interface Inclusion {
  readonly leaf: Uint8Array
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

export interface Consistency {
  readonly size1: number
  readonly size2: number
  readonly root1: Uint8Array
  readonly root2: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** Ranges whose roots prove that a leaf is in a tree, in the order of the proof. @see RFC 9162 section 2.1.3.1 */
export function inclusionRanges(index: number, size: number): readonly LeafRange[] {
  const ranges: LeafRange[] = []
  let from = 0
  let to = size
  while (to - from > 1) {
    const middle = from + leftSize(to - from)
    if (index < middle) {
      ranges.unshift({ from: middle, to })
      to = middle
    } else {
      ranges.unshift({ from, to: middle })
      from = middle
    }
  }
  return ranges
}

/** Ranges whose roots prove that a tree begins with the leaves of a smaller one. @see RFC 9162 section 2.1.4.1 */
export function consistencyRanges(size1: number, size2: number): readonly LeafRange[] {
  const ranges: LeafRange[] = []
  let from = 0
  let to = size2
  if (size1 === 0) return ranges
  while (size1 < to) {
    const middle = from + leftSize(to - from)
    if (size1 <= middle) {
      ranges.unshift({ from: middle, to })
      to = middle
    } else {
      ranges.unshift({ from, to: middle })
      from = middle
    }
  }
  // What is left is a subtree of both; when it is the whole of the smaller tree, the verifier has its root.
  if (from > 0) ranges.unshift({ from, to })
  return ranges
}

/** @see RFC 9162 section 2.1.3.2 */
export function verifyInclusion({ leaf, index, size, root, proof }: Inclusion, sha256: Sha256): boolean {
  if (!areSizes(index, size) || index >= size || !areHashes([leaf, root, ...proof])) return false
  let at = index
  let last = size - 1
  let node = leaf
  for (const sibling of proof) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      node = nodeHash(sibling, node, sha256)
      while (at % 2 === 0 && at !== 0) {
        at = half(at)
        last = half(last)
      }
    } else {
      node = nodeHash(node, sibling, sha256)
    }
    at = half(at)
    last = half(last)
  }
  return last === 0 && isEqual(node, root)
}

/** @see RFC 9162 section 2.1.4.2 */
export function verifyConsistency({ size1, size2, root1, root2, proof }: Consistency, sha256: Sha256): boolean {
  if (!areSizes(size1, size2) || size1 > size2 || !areHashes([root1, root2, ...proof])) return false
  if (size1 === size2) return proof.length === 0 && isEqual(root1, root2)
  // Every tree extends the empty one, whose root is the hash of nothing.
  if (size1 === 0) return proof.length === 0 && isEqual(root1, sha256(new Uint8Array(0)))
  let at = size1 - 1
  let last = size2 - 1
  while (at % 2 === 1) {
    at = half(at)
    last = half(last)
  }
  // A perfect smaller tree is a node of the larger one, and its root is left out of the proof.
  const path = at === 0 ? [root1, ...proof] : proof
  const [first] = path
  if (first === undefined) return false
  let old = first
  let node = first
  for (const sibling of path.slice(1)) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      old = nodeHash(sibling, old, sha256)
      node = nodeHash(sibling, node, sha256)
      while (at % 2 === 0 && at !== 0) {
        at = half(at)
        last = half(last)
      }
    } else {
      node = nodeHash(node, sibling, sha256)
    }
    at = half(at)
    last = half(last)
  }
  return last === 0 && isEqual(old, root1) && isEqual(node, root2)
}

export function nodeHash(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array {
  const bytes = new Uint8Array(1 + 2 * HASH_BYTES)
  bytes[0] = NODE_PREFIX
  bytes.set(left, 1)
  bytes.set(right, 1 + HASH_BYTES)
  return sha256(bytes)
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

/** The largest power of two below `size`. */
function leftSize(size: number): number {
  let left = 1
  while (left * 2 < size) left *= 2
  return left
}

function half(value: number): number {
  return Math.floor(value / 2)
}

function areSizes(...values: readonly number[]): boolean {
  return values.every((value) => Number.isSafeInteger(value) && value >= 0)
}

function areHashes(values: readonly Uint8Array[]): boolean {
  return values.every(({ length }) => length === HASH_BYTES)
}
