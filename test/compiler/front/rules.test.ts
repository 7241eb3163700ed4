import { expect, it } from 'vitest'
import { checkPolicy, emitSourceMap } from '../../../compiler/front/index.ts'
import { parse } from './findings.ts'

const SOURCES = {
  'a.kavach': `policy p
role r { allow a on a
  allow b on b }
forbid c on c
autonomous agent x { limit rate 1 per day allow d on d may delegate depth 1 }
delegated agent y {}
delegate x -> y { allow e on e }
assert never x can z on z
`,
  'b.kavach':
    '\n\n// é 😀\n  boundary runtime { allow f on f }\nrequire approval for g on g\nlimit rate 1 per day for h on h\n',
}

it('numbers every rule in source order and tells where it stands', () => {
  const { map } = checkPolicy(parse(SOURCES))
  const files = parse(SOURCES)
  expect(
    map.rules.map(({ id, kind, path, line, column, holder, span }) => {
      const text = files.find((file) => file.path === path)?.text.slice(span.start, span.end)
      return [id, kind, `${path}:${line}:${column}`, `${holder.kind} ${holder.name}`, text]
    }),
  ).toEqual([
    [0, 'allow', 'a.kavach:2:10', 'role r', 'allow a on a'],
    [1, 'allow', 'a.kavach:3:3', 'role r', 'allow b on b'],
    [2, 'forbid', 'a.kavach:4:1', 'policy ', 'forbid c on c'],
    [3, 'allow', 'a.kavach:5:43', 'agent x', 'allow d on d'],
    [4, 'allow', 'a.kavach:7:19', 'delegation x -> y', 'allow e on e'],
    [5, 'allow', 'b.kavach:4:22', 'boundary runtime', 'allow f on f'],
    [6, 'require', 'b.kavach:5:1', 'policy ', 'require approval for g on g'],
    [7, 'limit', 'b.kavach:6:1', 'policy ', 'limit rate 1 per day for h on h'],
  ])
})

it('writes the map as JSON, a rule a line', () => {
  const { map } = checkPolicy(parse('policy p\nservice agent x {\n  allow a on a\n}\n'))
  expect(emitSourceMap(map)).toBe(`{
  "version": 1,
  "rules": [
    {"id":0,"kind":"allow","path":"a.kavach","line":3,"column":3,"start":29,"end":41,"holder":{"kind":"agent","name":"x"}}
  ]
}
`)
})

it('a policy without rules has an empty map', () => {
  expect(JSON.parse(emitSourceMap(checkPolicy(parse('policy p\n')).map))).toEqual({ version: 1, rules: [] })
})
