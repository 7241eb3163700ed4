/** Policies are swapped while 64 callers ask without a pause: no decision fails, none is wrong, and memory stays as it is. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'

const CHILD = fileURLToPath(new URL('swap-child.mjs', import.meta.url))
/** 10,000 in the long run. */
const SWAPS = Number(process.env.KAVACH_SWAPS ?? 300)

/** What one engine reserves. One more or less may be alive when memory is looked at; each swap makes one. */
const ENGINE_MIB = 67

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kavach-swap-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function swap(swaps: number, ...mode: readonly string[]) {
  const args = ['--expose-gc', CHILD, join(folder, 'kavach.db'), String(swaps), ...mode]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout)
}

test(`${SWAPS} swaps under load: each answer and each row is that of the policy it names`, async () => {
  const { decisions, generations, heapMiB, externalMiB, ...seen } = await swap(SWAPS)
  expect(seen).toEqual({ wrong: 0, failed: 0, backward: 0, rows: decisions, wrongRows: 0, shadows: 0 })
  expect(decisions).toBeGreaterThan(SWAPS * 10)
  expect(generations).toBeGreaterThan(SWAPS / 2)
  expect(heapMiB).toBeLessThan(8)
  expect(externalMiB).toBeLessThan(3 * ENGINE_MIB)
  if (SWAPS > 300) console.log(`${SWAPS} swaps: ${decisions} decisions, the heap grew by ${heapMiB.toFixed(1)} MiB`)
}, 0)

const STAGES = Math.ceil(SWAPS / 4)
test(`${STAGES} shadows, stages and swaps under load: the same, and rows say where the shadow differs`, async () => {
  const { decisions, generations, heapMiB, externalMiB, shadows, ...seen } = await swap(STAGES, 'stage')
  expect(seen).toEqual({ wrong: 0, failed: 0, backward: 0, rows: decisions, wrongRows: 0 })
  expect(shadows).toBeGreaterThan(STAGES)
  expect(generations).toBeGreaterThan(STAGES / 2)
  expect(heapMiB).toBeLessThan(8)
  expect(externalMiB).toBeLessThan(3 * ENGINE_MIB)
}, 0)

test(`another process under load follows ${STAGES} swaps, and never goes back`, async () => {
  // The first one makes the file.
  await swap(0)
  const [swapping, watching] = await Promise.all([swap(STAGES), swap(STAGES, 'watch')])
  expect(swapping).toMatchObject({ wrong: 0, failed: 0, backward: 0, wrongRows: 0 })
  expect(watching).toMatchObject({ wrong: 0, failed: 0, backward: 0, latest: STAGES + 1 })
}, 0)
