import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unifiedDiff } from '../../cli/tighten-diff.ts'
import { folderOf } from './command.ts'

test('a changed line stands between three lines of context on each side', () => {
  const before = Array.from({ length: 20 }, (_, n) => `${n}\n`).join('')
  expect(unifiedDiff('a.kavach', before, before.replace('10\n', 'ten\n'))).toBe(`--- a.kavach
+++ a.kavach
@@ -8,7 +8,7 @@
 7
 8
 9
-10
+ten
 11
 12
 13
`)
})

test('equal texts have no diff', () => {
  expect(unifiedDiff('a', 'x\n', 'x\n')).toBe('')
})

test('git applies every diff', () => {
  const folder = folderOf()
  const text = fc
    .tuple(
      fc.array(fc.constantFrom('a\n', 'b\n', 'c\n', '}\n', '\n'), { minLength: 1, maxLength: 14 }),
      fc.constantFrom('', 'end'),
    )
    .map(([lines, last]) => lines.join('') + last)
  fc.assert(
    fc.property(text, text, (before, after) => {
      fc.pre(before !== after)
      writeFileSync(join(folder, 'f'), before)
      const input = unifiedDiff('f', before, after)
      const { status, stderr } = spawnSync('git', ['apply', '-p0', '--whitespace=nowarn', '-'], {
        cwd: folder,
        input,
        encoding: 'utf8',
      })
      expect([status, stderr]).toEqual([0, ''])
      expect(readFileSync(join(folder, 'f'), 'utf8')).toBe(after)
    }),
    { numRuns: 60 },
  )
})
