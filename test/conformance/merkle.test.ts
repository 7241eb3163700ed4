/** The published vectors of Merkle trees and of canonical JSON, run by their own runner. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

// The vectors lie in the folder itself, or in its `conformance`.
const FROM = process.env.KAVACH_CONFORMANCE ?? ''
const RUNNER = ['conformance/merkle/run.mjs', 'merkle/run.mjs'].map((path) => join(FROM, path)).find(existsSync) ?? ''

test('every vector of trees, proofs and canonical JSON passes', () => {
  const { status, stdout } = spawnSync(process.execPath, [RUNNER, 'test/conformance/merkle-adapter.mjs'], {
    encoding: 'utf8',
  })
  expect({ status, stdout }).toEqual({ status: 0, stdout: '1059 passed, 0 failed\n' })
})
