import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SYNTAX_CODES } from '../../grammar/index.ts'

test('the list holds the codes that the sources use, and no other', () => {
  const files = readdirSync('grammar', { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && name !== 'codes.ts',
  )
  const used = files.flatMap((name) => readFileSync(`grammar/${name}`, 'utf8').match(/'KV\d{4}'/g) ?? [])
  expect([...new Set(used)].map((code) => code.slice(1, -1)).sort()).toEqual(Object.keys(SYNTAX_CODES))
})
