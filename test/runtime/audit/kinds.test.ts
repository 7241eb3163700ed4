/** kinds.ts lists every kind of row that the host writes, and no other. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AUDIT_KINDS } from '../../../runtime/audit/index.ts'

const ROOT = 'runtime'
const sources = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && path !== join('audit', 'kinds.ts'))
  .map((path) => readFileSync(join(ROOT, path), 'utf8'))
  .join('\n')

test('every kind of the list is written somewhere', () => {
  expect(Object.keys(AUDIT_KINDS).filter((kind) => !sources.includes(`'${kind}'`))).toEqual([])
})

test('every kind that is written is on the list', () => {
  const written = [...sources.matchAll(/entryOf\(\{\s*kind: '([a-z.-]+)'/g)].map(([, kind = '']) => kind)
  expect(written.length).toBeGreaterThan(10)
  expect(written.filter((kind) => !Object.hasOwn(AUDIT_KINDS, kind))).toEqual([])
})
