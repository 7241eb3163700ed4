import { expect, test } from 'vitest'
import { parseSourceMap } from '../../cli/rule-lines.ts'
import { checkPolicy, emitSourceMap } from '../../compiler/front/index.ts'
import { parsePolicy } from '../../grammar/index.ts'

const POLICY = `policy p
role r { allow read on x }
autonomous agent a { roles r allow write on x }
forbid * on y
require approval for read on z
limit rate 1 per day for read on z
boundary runtime { allow read on x }`

function compiled() {
  const { model, map } = checkPolicy([parsePolicy('p.kavach', POLICY).file])
  if (model === undefined) throw new Error('the policy has errors')
  return { model, map }
}

test('the map that was written is read', () => {
  const { model, map } = compiled()
  expect(parseSourceMap(emitSourceMap(map), model)).toEqual(map)
})

test('what is no map, or that of another policy, is none', () => {
  const { model, map } = compiled()
  const text = emitSourceMap(map)
  const others = [
    '',
    '[]',
    '{"version":1}',
    text.replace('"version": 1', '"version": 2'),
    text.replace('"kind":"forbid"', '"kind":"allow"'),
    text.replace('"kind":"role"', '"kind":"rule"'),
    text.replace('"id":2', '"id":3'),
    text.replace('"line":2', '"line":-2'),
    text.replace('"line":2', '"line":"2"'),
    emitSourceMap({ rules: map.rules.slice(0, -1) }),
  ]
  expect(others.map((other) => parseSourceMap(other, model))).toEqual(others.map(() => undefined))
})
