/**
 * The right edge of a growing tree: the roots of its perfect subtrees, largest first.
 *
 *     7 leaves            root of 4 | root of 2 | leaf
 *
 * They are all that is needed to add a leaf, and to know the root. Adding one costs one hash on average.
 *
 * @see RFC 9162 section 2.1
 */
import { takeBytes } from '../byte-pool.ts'
import { HASH_BYTES, NODE_PREFIX, type Sha256 } from './merkle.ts'

/** Room for the roots that a batch may add. */
const MORE_ROOTS = 16

/** What is hashed for a node. It is filled and read at once, so all trees can share it. */
const PAIR = new Uint8Array(1 + 2 * HASH_BYTES)
PAIR[0] = NODE_PREFIX

/** A class because it is opened and fed. */
export class Frontier {
  private readonly sha256: Sha256
  private roots: Uint8Array
  private count: number
  private leaves: number

  /**
   * @param bytes the roots, one behind the other, as `toBytes` gives them
   * @throws {RangeError} when there are not as many roots as a tree of this size has
   */
  constructor(sha256: Sha256, size: number, bytes: Uint8Array) {
    this.sha256 = sha256
    this.leaves = size
    this.count = rootsOf(size)
    if (bytes.length !== this.count * HASH_BYTES) throw new RangeError('the frontier is not that of the tree')
    this.roots = new Uint8Array((this.count + MORE_ROOTS) * HASH_BYTES)
    this.roots.set(bytes)
  }

  get size(): number {
    return this.leaves
  }

  /** Whether it is that of a tree of this size with these roots. */
  isAt({ size, frontier }: { readonly size: number; readonly frontier: Uint8Array }): boolean {
    if (size !== this.leaves || frontier.length !== this.count * HASH_BYTES) return false
    for (let i = 0; i < frontier.length; i++) if (frontier[i] !== this.roots[i]) return false
    return true
  }

  append(leaf: Uint8Array): void {
    let node = leaf
    for (let rest = this.leaves; rest % 2 === 1; rest = (rest - 1) / 2) node = this.join(--this.count, node)
    if ((this.count + 1) * HASH_BYTES > this.roots.length) this.grow()
    this.roots.set(node, this.count++ * HASH_BYTES)
    this.leaves++
  }

  /** The root of the whole tree; that of an empty one is the hash of nothing. */
  root(): Uint8Array {
    if (this.count === 0) return this.sha256(new Uint8Array(0))
    let node: Uint8Array = this.roots.slice((this.count - 1) * HASH_BYTES, this.count * HASH_BYTES)
    for (let at = this.count - 2; at >= 0; at--) node = this.join(at, node)
    return node
  }

  toBytes(): Uint8Array {
    const bytes = takeBytes(this.count * HASH_BYTES)
    bytes.set(this.roots.subarray(0, bytes.length))
    return bytes
  }

  private join(left: number, right: Uint8Array): Uint8Array {
    PAIR.set(this.roots.subarray(left * HASH_BYTES, (left + 1) * HASH_BYTES), 1)
    PAIR.set(right, 1 + HASH_BYTES)
    return this.sha256(PAIR)
  }

  private grow(): void {
    const { roots } = this
    this.roots = new Uint8Array(roots.length + MORE_ROOTS * HASH_BYTES)
    this.roots.set(roots)
  }
}

/** A tree of `size` leaves has a perfect subtree for each bit of its size. */
function rootsOf(size: number): number {
  let count = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}
