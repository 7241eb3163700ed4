/** A compiled policy and keys, made by the real command, for the tests of signatures. */
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll } from 'vitest'
import { folderOf, kavach, temporaryFolder } from './command.ts'

export const POLICY = `policy shop generation 7

autonomous agent clerk {
  allow read on shop:**
  may delegate depth 1
}
delegated agent helper {}
delegate clerk -> helper { allow read on shop:public }
assert never * can delete on **
assert only clerk, helper can read on shop:**
`

/** Of the keys `a.key`, `b.key`, `c.key`. */
const NAMES = ['a', 'b', 'c']

/** Key ids by the name of the key, once the tests run. */
export const KEY_IDS: Record<string, string> = {}

/** Compiles `shop` and makes the keys before the first test; returns what gives each test its own copy of them. */
export function workshop(): () => string {
  const folder = temporaryFolder()
  beforeAll(async () => {
    writeFileSync(join(folder, 'shop.kavach'), POLICY)
    await succeed(folder, ['compile', 'shop.kavach'])
    for (const name of NAMES) {
      const out = await succeed(folder, ['policy', 'keygen', '-o', `${name}.key`])
      KEY_IDS[name] = /^key ([0-9a-f]{16})\n/.exec(out)?.[1] ?? ''
    }
  })
  return () => {
    const copy = folderOf()
    cpSync(folder, copy, { recursive: true })
    return copy
  }
}

/** Runs a command that must succeed; what it printed. */
export async function succeed(folder: string, args: readonly string[], input = ''): Promise<string> {
  const { code, out, err } = await kavach(folder, args, input)
  if (code !== 0) throw new Error(`kavach ${args.join(' ')} ended with ${code}: ${err}`)
  return out
}
