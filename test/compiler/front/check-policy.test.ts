import { describe, expect, it } from 'vitest'
import { checkPolicy } from '../../../compiler/front/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import { parse } from './findings.ts'

describe('checkPolicy', () => {
  it('gives a model to a policy with warnings only', () => {
    const { model, diagnostics } = checkPolicy(parse('policy p\nset s = cidr [::1]\n'))
    expect([model?.name, diagnostics.map(({ code, severity }) => [code, severity])]).toEqual([
      'p',
      [['KV4001', 'warning']],
    ])
  })

  it('gives none to a policy with errors', () => {
    const { model, map } = checkPolicy(parse('policy p\nservice agent a { roles r allow read on a }\n'))
    expect([model, map.rules.length]).toEqual([undefined, 1])
  })

  it('leaves the model out on request', () => {
    const { model, map } = checkPolicy(parse('policy p\nservice agent a { allow read on a }\n'), { lower: false })
    expect([model, map.rules.length]).toEqual([undefined, 1])
  })

  it('makes errors of lints, and of nothing else, when it is strict', () => {
    const files = parse('policy p\nset s = cidr [::1]\nassert never * can read on a\n')
    const { model, diagnostics } = checkPolicy(files, { strict: true })
    expect([model, diagnostics.map(({ code, severity }) => [code, severity])]).toEqual([
      undefined,
      [['KV4001', 'error']],
    ])
  })

  it('sorts by file, then offset', () => {
    const { diagnostics } = checkPolicy(
      parse({
        'a.kavach': 'set z = cidr [::1]\nset y = cidr [::1]\nservice agent a { roles r }\n',
        'b.kavach': 'policy p\nset x = cidr [::1]\n',
      }),
    )
    expect(diagnostics.map(({ code, path, span }) => `${path} ${span.start} ${code}`)).toEqual([
      'a.kavach 4 KV4001',
      'a.kavach 23 KV4001',
      'a.kavach 62 KV1007',
      'b.kavach 13 KV4001',
    ])
  })

  it('says nothing that a statement the parser dropped may be the reason of', () => {
    const parsed = parsePolicy(
      'a.kavach',
      `policy p
set office = cidr [999.0.0.1]
role reader { allow read in a }
service agent bot { allow write on ** when }
boundary runtime { allow }
autonomous agent planner { roles reader allow read on a when ip in office may delegate depth 1 }
delegate planner -> bot { allow read on a }
set unused = cidr [::1]
test "t" as bot { deny read on a }
test "u" as runtime { deny read on a }
`,
    )
    const { model, diagnostics } = checkPolicy([parsed.file])
    expect([model, parsed.diagnostics.length > 0, diagnostics]).toEqual([undefined, true, []])
  })

  it('returns the catalogs that could be read', () => {
    const files = parse('policy p\ncatalog a from "a.json"\ncatalog b from "b.json"\n')
    const loadCatalog = (path: string) => (path === 'a.json' ? '{"tools": [{"name": "t"}]}' : undefined)
    const { catalogs, diagnostics } = checkPolicy(files, { loadCatalog })
    expect([[...catalogs.keys()], diagnostics.map(({ code }) => code)]).toEqual([['a'], ['KV3001']])
  })

  it('takes no files for a policy without header', () => {
    expect(checkPolicy([]).diagnostics.map(({ code, path }) => [code, path])).toEqual([['KV1001', '']])
  })
})
