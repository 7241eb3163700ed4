import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Frontier } from '../../../runtime/audit/frontier.ts'
import {
  consistencyRanges,
  inclusionRanges,
  isEqual,
  type LeafRange,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from '../../../runtime/audit/merkle.ts'
import { RangeRoots } from '../../../runtime/audit/proof.ts'
import { sha256 } from '../site.ts'

const leaves = Array.from({ length: 70 }, (_, i) => sha256(Uint8Array.of(0, i)))

function rootOf(from: number, to: number): Uint8Array {
  const frontier = new Frontier(sha256, 0, new Uint8Array(0))
  for (const leaf of leaves.slice(from, to)) frontier.append(leaf)
  return frontier.root()
}

function rootsOf(ranges: readonly LeafRange[]): readonly Uint8Array[] {
  const roots = new RangeRoots(ranges, sha256)
  for (const leaf of leaves) roots.add(leaf)
  return roots.roots()
}

/** The definition of RFC 9162, section 2.1.1. */
function treeHash(part: readonly Uint8Array[]): Uint8Array {
  const [first] = part
  if (first === undefined) return sha256(new Uint8Array(0))
  if (part.length === 1) return first
  let half = 1
  while (half * 2 < part.length) half *= 2
  return nodeHash(treeHash(part.slice(0, half)), treeHash(part.slice(half)), sha256)
}

const flipped = (hash: Uint8Array) => hash.map((byte, at) => (at === 3 ? byte ^ 8 : byte))

describe('a tree', () => {
  test('has the root that the definition gives it, at every size', () => {
    for (let size = 0; size <= leaves.length; size++) {
      expect(isEqual(rootOf(0, size), treeHash(leaves.slice(0, size)))).toBe(true)
    }
  })

  test('proves each of its leaves, and no other', () => {
    for (const size of [1, 2, 3, 7, 8, 9, 33, 64, 70]) {
      const root = rootOf(0, size)
      for (let index = 0; index < size; index++) {
        const proof = rootsOf(inclusionRanges(index, size))
        const leaf = leaves[index] ?? root
        const holds = (change: Partial<Parameters<typeof verifyInclusion>[0]>) =>
          verifyInclusion({ leaf, index, size, root, proof, ...change }, sha256)
        expect(holds({})).toBe(true)
        expect(holds({ leaf: flipped(leaf) })).toBe(false)
        expect(holds({ root: flipped(root) })).toBe(false)
        expect(holds({ index: size })).toBe(false)
        expect(holds({ index: -1 })).toBe(false)
        expect(holds({ proof: [...proof, leaf] })).toBe(false)
        expect(holds({ proof: proof.slice(1) })).toBe(proof.length === 0)
        for (let at = 0; at < proof.length; at++) {
          expect(holds({ proof: proof.map((hash, i) => (i === at ? flipped(hash) : hash)) })).toBe(false)
        }
      }
    }
  })

  test('proves that it extends each smaller one, and no other', () => {
    const sizes = fc.integer({ min: 0, max: leaves.length })
    fc.assert(
      fc.property(sizes, sizes, (a, b) => {
        const [size1, size2] = a < b ? [a, b] : [b, a]
        const proof = rootsOf(consistencyRanges(size1, size2))
        const asked = { size1, size2, root1: rootOf(0, size1), root2: rootOf(0, size2), proof }
        const holds = (change: Partial<typeof asked>) => verifyConsistency({ ...asked, ...change }, sha256)
        expect(holds({})).toBe(true)
        expect(holds({ root1: flipped(asked.root1) })).toBe(false)
        if (size1 > 0) expect(holds({ root2: flipped(asked.root2) })).toBe(false)
        expect(holds({ proof: [...proof, asked.root1] })).toBe(false)
        if (proof.length > 0) expect(holds({ proof: proof.slice(1) })).toBe(false)
      }),
    )
  })

  test.each([Number.NaN, 1.5, -1, 2 ** 53, Number.POSITIVE_INFINITY])('has no size %d', (size) => {
    const [root = new Uint8Array(32)] = leaves
    expect(verifyInclusion({ leaf: root, index: 0, size, root, proof: [] }, sha256)).toBe(false)
    expect(verifyConsistency({ size1: 1, size2: size, root1: root, root2: root, proof: [] }, sha256)).toBe(false)
  })
})

describe('a frontier', () => {
  test('goes on from its bytes', () => {
    for (let size = 0; size < leaves.length; size++) {
      const frontier = new Frontier(sha256, 0, new Uint8Array(0))
      for (const leaf of leaves.slice(0, size)) frontier.append(leaf)
      const again = new Frontier(sha256, frontier.size, frontier.toBytes())
      again.append(leaves[size] ?? new Uint8Array(32))
      expect(isEqual(again.root(), rootOf(0, size + 1))).toBe(true)
    }
  })

  test('of another size is refused', () => {
    expect(() => new Frontier(sha256, 3, new Uint8Array(32))).toThrow(RangeError)
    expect(() => new Frontier(sha256, 0, new Uint8Array(32))).toThrow(RangeError)
  })
})
