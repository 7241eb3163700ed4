import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parsePolicy, SYNTAX_CODES } from '../../grammar/index.ts'

test('the list holds the codes that the sources use, and no other', () => {
  const files = readdirSync('grammar', { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && name !== 'codes.ts',
  )
  const used = files.flatMap((name) => readFileSync(`grammar/${name}`, 'utf8').match(/'KV\d{4}'/g) ?? [])
  expect([...new Set(used)].map((code) => code.slice(1, -1)).sort()).toEqual(Object.keys(SYNTAX_CODES))
})

test('each code has a text that gives it, and nothing else', () => {
  const inTest = (json: string): string => `test "t" as a { allow r on x with ${json} }`
  const texts: Readonly<Record<string, string>> = {
    KV0101: 'forbid * in x',
    KV0102: 'banana',
    KV0103: 'catalog c from "x',
    KV0104: 'set s = regex /x',
    KV0105: 'forbid * on x when cost == 1',
    KV0106: 'role r { banana }',
    KV0107: inTest('"\\q"'),
    KV0108: 'role r {',
    KV0109: '}',
    KV0110: 'forbid\n'.repeat(101),
    KV0111: 'policy a policy b',
    KV0112: 'role größe { }',
    KV0113: inTest('[1,]'),
    KV0114: inTest('['.repeat(65)),
    KV0115: inTest('{ a: 1, a: 2 }'),
    KV0116: '// \u0007',
    KV0117: '// \u202e',
    KV0118: 'limit budget 1 USD per day throttle at 101% to 1 per day for * on **',
    KV0119: 'catalog c from "раypal"',
    KV0120: '\ufeffpolicy p',
    KV0121: '// e\u0301',
    KV0122: '// \ud800',
    KV0123: `forbid * on ${'x'.repeat(70_000)}`,
  }
  expect(Object.keys(texts)).toEqual(Object.keys(SYNTAX_CODES))
  for (const [code, text] of Object.entries(texts)) {
    const codes = new Set(parsePolicy('p', text).diagnostics.map((diagnostic) => diagnostic.code))
    expect([...codes].filter((found) => code !== 'KV0110' || found !== 'KV0101')).toEqual([code])
  }
})
