/**
 * The compact range of a Merkle tree: the roots of its perfect subtrees, largest first. It is all that is needed to add leaves.
 *
 * A leaf is SHA-256(0x00 || data), a node SHA-256(0x01 || left || right).
 *
 * @see RFC 9162 section 2.1
 */

export type Sha256 = (bytes: Uint8Array) => Uint8Array

export const HASH_BYTES = 32

/** Adds leaves one by one; the nodes it holds are its own. */
export class Frontier {
  private readonly sha256: Sha256
  private readonly nodes: Uint8Array[]
  private count: number
  private readonly pair = new Uint8Array(1 + 2 * HASH_BYTES)

  /** @throws {RangeError} when there are not as many nodes as a tree of this size has */
  constructor(sha256: Sha256, size: number, nodes: Uint8Array) {
    if (nodes.length !== HASH_BYTES * bitCount(size)) throw new RangeError('the frontier is not that of the tree')
    this.sha256 = sha256
    this.count = size
    this.nodes = []
    for (let at = 0; at < nodes.length; at += HASH_BYTES) this.nodes.push(nodes.slice(at, at + HASH_BYTES))
    this.pair[0] = 1
  }

  get size(): number {
    return this.count
  }

  add(leafHash: Uint8Array): void {
    let node = leafHash
    for (let below = this.count; below % 2 === 1; below = Math.floor(below / 2)) {
      // As many nodes as the size has ones, so there is one to the left.
      node = this.join(this.nodes.pop() as Uint8Array, node)
    }
    this.nodes.push(node)
    this.count++
  }

  /** The root of the whole tree. */
  root(): Uint8Array {
    const last = this.nodes.at(-1)
    if (last === undefined) return this.sha256(new Uint8Array(0))
    return this.nodes.slice(0, -1).reduceRight((right, left) => this.join(left, right), last)
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(HASH_BYTES * this.nodes.length)
    this.nodes.forEach((node, at) => bytes.set(node, HASH_BYTES * at))
    return bytes
  }

  private join(left: Uint8Array, right: Uint8Array): Uint8Array {
    this.pair.set(left, 1)
    this.pair.set(right, 1 + HASH_BYTES)
    return this.sha256(this.pair)
  }
}

function bitCount(size: number): number {
  let count = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}
