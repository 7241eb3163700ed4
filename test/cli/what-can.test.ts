import { expect, test } from 'vitest'
import { folderOf, kavach } from './command.ts'

const POLICY = `policy team

autonomous agent lead {
  allow * on doc:**
    when ip in cidr [10.0.0.0/8]
  may delegate depth 1
}
delegated agent helper {
  expires at 2030-01-01T00:00:00Z
}
delegate lead -> helper {
  allow read on doc:a, doc:b
    when ip in cidr [10.0.0.0/8]
  expires in 1h
}
forbid * on doc:b
boundary runtime {
  allow list on doc:*
}
`

const ask = (...args: readonly string[]) =>
  kavach(folderOf({ 'team.kavach': POLICY }), ['what-can', 'team.kavach', ...args])

test('everything that an agent can do is listed, and what it was given', async () => {
  const { code, out, err } = await ask('helper', '--via', 'lead', '--action', 'read')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(
    /^helper via lead\n {2}read on doc:\{a,b\} when ip in 10\.0\.0\.0\/8 and time before 2030-01-01T00:00:00Z\n {6}granted at team\.kavach:4, team\.kavach:12\n {6}except forbid \* on doc:b \(team\.kavach:16\)\n {6}such as helper via lead {2}read {2}doc:a {2}from 10\.0\.0\.1 at \S+\n/,
  )
  expect(out.split('\n\n')[1]?.trimEnd().split('\n')).toEqual([
    'helper expires at 2030-01-01T00:00:00.000Z',
    'helper may delegate nothing of its own',
    'received from lead: 1 grant, for 3600 s after it is opened',
  ])
})

test('the agent alone, everybody at run time, and other forms', async () => {
  expect((await ask('helper', '--alone')).out).toMatch(/^helper can do nothing\n/)
  expect((await ask('runtime')).out).toMatch(
    /^runtime {2}\(made through the API, within the boundary\)\n {2}list on doc:\*\n/,
  )
  const json = JSON.parse((await ask('lead', '--format', 'json')).out)
  expect(json).toMatchObject({
    agent: 'lead',
    mayDelegate: 1,
    chains: [{ via: [], regions: [{ what: 'any action on doc:** when ip in 10.0.0.0/8' }] }],
    given: [{ to: 'helper', grants: 1, expiresInMs: 3_600_000 }],
    unknown: [],
  })
  expect((await ask('lead', '--format', 'markdown')).out).toMatch(/^\| who \| what \|/)
})

test.each([
  ['an unknown agent', ['leed'], '`team.kavach` declares no agent `leed`', 'did you mean `lead`?'],
  ['a chain that is none', ['lead', '--via', 'helper'], 'no chain leads to `lead` via helper', 'lists its chains'],
  ['two options that exclude each other', ['helper', '--via', 'lead', '--alone'], 'cannot be used with', ''],
])('%s is wrong usage', async (_, args, message, help) => {
  const { code, out, err } = await ask(...args)
  expect({ code, out }).toEqual({ code: 64, out: '' })
  expect(err).toContain(message)
  expect(err).toContain(help)
})

test('runtime without a boundary is wrong usage', async () => {
  const cwd = folderOf({ 'p.kavach': 'policy p\nautonomous agent a {\n}\n' })
  const { code, err } = await kavach(cwd, ['what-can', 'p.kavach', 'runtime'])
  expect({ code, err }).toEqual({
    code: 64,
    err: 'kavach: `p.kavach` has no boundary\n  = help: without `boundary runtime` no agent can be made at run time\n',
  })
})
