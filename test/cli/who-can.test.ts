import { expect, test } from 'vitest'
import { folderOf, kavach } from './command.ts'

const POLICY = `policy team

set office = cidr [10.0.0.0/8]

autonomous agent lead {
  allow read, write on doc:**
    when ip in office
    rate 5 per hour
  may delegate depth 1
}
delegated agent helper {
}
service agent idle {
}
delegate lead -> helper {
  allow read on doc:open
    when ip in office
}
forbid * on doc:secret
`

const ask = (...args: readonly string[]) =>
  kavach(folderOf({ 'team.kavach': POLICY }), ['who-can', 'team.kavach', ...args])

test('everybody who can is listed with conditions, limits, exceptions and an example', async () => {
  expect(await ask('read', 'doc:*')).toEqual({
    code: 0,
    err: '2 agents can, 1 proved unable\n',
    out: `lead
  read on doc:* when ip in 10.0.0.0/8
      granted at team.kavach:6
      limited to rate 5 per hour
      except forbid * on doc:secret (team.kavach:19)
      such as lead  read  doc:a  from 10.0.0.1

helper via lead
  read on doc:open when ip in 10.0.0.0/8
      granted at team.kavach:6, team.kavach:16
      limited to rate 5 per hour
      such as helper via lead  read  doc:open  from 10.0.0.1
`,
  })
})

test('nobody is an answer', async () => {
  expect(await ask('read', 'doc:secret')).toEqual({
    code: 0,
    err: '0 agents can, 3 proved unable\n',
    out: 'nobody can\n',
  })
})

test('a condition and facts narrow the question', async () => {
  const who = async (...args: readonly string[]) => (await ask('*', '**', ...args)).out.match(/^\S.*$/gm)
  expect(await who('--when', 'ip in office')).toEqual(['lead', 'helper via lead'])
  expect(await who('--when', 'not ip in office')).toEqual(['nobody can'])
  expect(await who('--ip', '192.0.2.1')).toEqual(['nobody can'])
  expect(
    await who(
      '--ip',
      '10.0.0.9',
      '--args',
      '{"x":1}',
      '--trust',
      '5',
      '--cost',
      '0.5',
      '--now',
      '2026-04-01T10:00:00Z',
    ),
  ).toEqual(['lead', 'helper via lead'])
})

test('json and markdown say the same', async () => {
  const { code, out } = await ask('read', 'doc:open', '--format', 'json')
  expect({ code, answer: JSON.parse(out) }).toMatchObject({
    code: 0,
    answer: {
      can: [
        {
          agent: 'lead',
          chains: [{ via: [], regions: [{ grants: ['team.kavach:6'], example: { decision: 'allow' } }] }],
        },
        { agent: 'helper', chains: [{ via: ['lead'] }] },
      ],
      cannot: ['idle'],
      unknown: [],
    },
  })
  const table = await ask('read', 'doc:open', '--format', 'markdown')
  expect(table.out.split('\n').slice(0, 3)).toEqual([
    '| who | what | granted at | limits | except | such as |',
    '|---|---|---|---|---|---|',
    '| lead | read on doc:open when ip in 10.0.0.0/8 | team.kavach:6 | rate 5 per hour |  | `lead  read  doc:open  from 10.0.0.1` |',
  ])
})

test('an image is asked like its text', async () => {
  const cwd = folderOf({ 'team.kavach': POLICY })
  expect((await kavach(cwd, ['compile', 'team.kavach'])).code).toBe(0)
  const text = await kavach(cwd, ['who-can', 'team.kavach', 'read', 'doc:*'])
  expect(await kavach(cwd, ['who-can', 'team.img', 'read', 'doc:*'])).toEqual(text)
})

test.each([
  ['an unknown set', ['read', '**', '--when', 'ip in offce'], 'unknown set `offce`'],
  ['a pattern that is none', ['read', 'a::b'], ''],
  ['an address that is none', ['read', '**', '--ip', '300.1.1.1'], '`300.1.1.1` is not an address'],
  ['arguments that are no JSON', ['read', '**', '--args', '{x'], '--args is not JSON'],
  ['arguments that are no object', ['read', '**', '--args', '3'], 'args is no object'],
  ['a trust that is no number', ['read', '**', '--trust', 'x'], 'It wants a number'],
])('%s is wrong usage', async (_, args, message) => {
  const { code, out, err } = await ask(...args)
  expect({ code, out }).toEqual({ code: 64, out: '' })
  expect(err).toContain(message)
})
