/** The stores that the promises are held against. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createMemoryStore } from '../../storage/index.ts'
import type { Opener } from '../../storage/promises.ts'

export const STORES: readonly (readonly [name: string, open: Opener])[] = [['memory', async () => createMemoryStore()]]

/** A folder that is gone when the test ends. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kavach-store-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}
