import { expect, it } from 'vitest'
import { inTextOrder } from '../../../compiler/front/index.ts'
import { parse } from './findings.ts'

it('findings go by file, place and code', () => {
  const files = parse({ 'b.kavach': 'policy p\n', 'a.kavach': 'set s = cidr [::1]\n' })
  const at = (path: string, start: number, code: string) => ({
    code,
    severity: 'error' as const,
    message: code,
    path,
    span: { start, end: start },
  })
  const found = [at('a.kavach', 0, 'KV2'), at('b.kavach', 9, 'KV3'), at('b.kavach', 1, 'KV2'), at('b.kavach', 1, 'KV1')]
  expect(inTextOrder(files, found).map(({ path, span, code }) => `${path} ${span.start} ${code}`)).toEqual([
    'b.kavach 1 KV1',
    'b.kavach 1 KV2',
    'b.kavach 9 KV3',
    'a.kavach 0 KV2',
  ])
})
