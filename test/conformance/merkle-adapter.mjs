// Our tree, as the published vectors want to ask it: `node FOLDER/merkle/run.mjs test/conformance/merkle-adapter.mjs`.
import { canonicalJson, sha256 } from '../../dist/compiler/model/index.js'
import { Frontier } from '../../dist/runtime/audit/frontier.js'
import * as merkle from '../../dist/runtime/audit/merkle.js'
import { RangeRoots } from '../../dist/runtime/audit/proof.js'

export const canonicalize = canonicalJson

export function leafHash(data) {
  return sha256(Uint8Array.of(0, ...data))
}

export function root(leaves) {
  const frontier = new Frontier(sha256, 0, new Uint8Array(0))
  for (const leaf of leaves) frontier.append(leafHash(leaf))
  return frontier.root()
}

export function inclusionProof(leaves, index) {
  return rootsOf(leaves, merkle.inclusionRanges(index, leaves.length))
}

export function consistencyProof(leaves, size) {
  return rootsOf(leaves, merkle.consistencyRanges(size, leaves.length))
}

export function verifyInclusion({ leafHash: leaf, ...rest }) {
  return merkle.verifyInclusion({ leaf, ...rest }, sha256)
}

export function verifyConsistency(consistency) {
  return merkle.verifyConsistency(consistency, sha256)
}

function rootsOf(leaves, ranges) {
  const roots = new RangeRoots(ranges, sha256)
  for (const leaf of leaves) roots.add(leafHash(leaf))
  return roots.roots()
}
