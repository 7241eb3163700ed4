import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { importPermissionsCommand } from '../../cli/import-permissions.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kavach-permissions-'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => {
  process.exitCode = 0
})

/** Writes `json` to a file and runs `kavach import permissions FILE ARGS`. */
async function run(json: unknown, ...args: string[]): Promise<{ code: number; out: string; err: string[] }> {
  const file = join(folder, 'permissions.json')
  await writeFile(file, typeof json === 'string' ? json : JSON.stringify(json))
  return runFile(file, ...args)
}

async function runFile(...args: string[]): Promise<{ code: number; out: string; err: string[] }> {
  const out: string[] = []
  const err: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0)
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0)
  try {
    await importPermissionsCommand().exitOverride().parseAsync(args, { from: 'user' })
  } finally {
    vi.restoreAllMocks()
  }
  const lines = err.join('').split('\n').slice(0, -1)
  return { code: Number(process.exitCode ?? 0), out: out.join(''), err: lines }
}

describe('what has a translation', () => {
  test('an agent with its constraints becomes an agent with its clauses', async () => {
    const agent = {
      ownerId: 'user-7',
      name: 'release-bot',
      type: 'autonomous',
      expiresAt: '2027-01-01T00:00:00Z',
      mayDelegate: 1,
      permissions: [
        { resource: 'mcp:github:issues', actions: ['read', 'comment'] },
        {
          resource: 'mcp:deploy:{staging,production}',
          actions: ['execute'],
          constraints: {
            requireApproval: true,
            maxCallsPerMinute: 1,
            maxCallsPerHour: 5,
            maxCallsPerDay: 20,
            allowedHoursUTC: '22:00-06:00',
            timeWindow: { start: '00:00', end: '24:00' },
            ipAllowlist: ['10.0.0.0/8', '2001:db8::1'],
            argPatterns: { path: '^/api/.*$', 'odd name': '[a-z]+' },
          },
        },
      ],
    }
    expect(await run(agent)).toEqual({
      code: 0,
      out: `policy imported

autonomous agent release-bot {
  owner "user-7"
  expires at 2027-01-01T00:00:00Z
  allow read, comment on mcp:github:issues
  allow execute on mcp:deploy:{staging,production}
    when time in hours daily 22:00-06:00 and time in hours daily 00:00-24:00 and ip in cidr [10.0.0.0/8, 2001:db8::1] and args.path matches /^\\/api\\/.*$/ and args."odd name" matches /[a-z]+/
    needs approval
    rate 1 per minute, 5 per hour, 20 per day
  may delegate depth 1
}
`,
      err: [
        '$.permissions[1].constraints.argPatterns.odd name: a regex of a policy matches the whole argument, as if it stood between ^ and $',
      ],
    })
  })

  test('bare permissions belong to an agent with the name of the policy', async () => {
    const permissions = [{ resource: 'tool:**', actions: ['*'] }]
    const out = 'policy my-bot\n\nautonomous agent my-bot {\n  allow * on tool:**\n}\n'
    expect(await run(permissions, '--name', 'my-bot')).toEqual({ code: 0, out, err: [] })
  })

  test('constraints of the agent hold for each grant, its limits for the agent', async () => {
    const agent = {
      name: 'assistant',
      permissions: [
        { resource: 'mcp:a', actions: ['read'] },
        { resource: 'mcp:b', actions: ['read', 'odd action'], constraints: { requireApproval: false } },
      ],
      constraints: {
        maxCallsPerDay: 5000,
        budgetUsdPerDay: 2.5,
        allowedHoursUTC: '09:00-18:00',
        requireApproval: true,
      },
    }
    expect(await run(agent)).toEqual({
      code: 0,
      out: `policy imported

autonomous agent assistant {
  allow read on mcp:a
    when time in hours daily 09:00-18:00
    needs approval
  allow read, "odd action" on mcp:b
    when time in hours daily 09:00-18:00
    needs approval
  limit rate 5000 per day
  limit budget 2.5 USD per day throttle at 80% to 6 per minute
}
`,
      err: [],
    })
  })

  test('the budget of the only grant is the budget of the agent', async () => {
    const constraints = { budgetUsdPerMonth: 40, throttlePerMinute: 2 }
    const { code, out } = await run([{ resource: 'a', actions: ['x'], constraints }])
    expect(code).toBe(0)
    expect(out).toContain('  limit budget 40 USD per month throttle at 80% to 2 per minute\n')
  })

  test('requireApprovalFor names an action on a resource and on all below it', async () => {
    const constraints = { requireApprovalFor: ['payments:write', 'delete'] }
    const { code, out } = await run({ name: 'clerk', permissions: [], constraints })
    expect(code).toBe(0)
    expect(out).toBe(`policy imported

require approval for write on payments, payments:**

require approval for delete on **

autonomous agent clerk {
}
`)
  })

  test('several agents become one policy', async () => {
    const agents = [
      { name: 'a', permissions: [{ resource: 'x', actions: ['read'] }] },
      { name: 'b', type: 'delegated', permissions: [], constraints: { maxCallsPerMinute: 0 } },
    ]
    const out = `policy imported

autonomous agent a {
  allow read on x
}

delegated agent b {
  limit rate 0 per minute
}
`
    expect(await run({ agents })).toEqual({ code: 0, out, err: [] })
  })
})

describe('a last `*`', () => {
  const permissions = [
    { resource: 'mcp:github:*', actions: ['read'] },
    { resource: 'mcp:{a,b}:pr-*', actions: ['read'] },
  ]
  const differences = [
    '$.permissions[0].resource: `mcp:github:*`',
    '  one:  `mcp:github:*` grants mcp:github:a, not mcp:github:a:b',
    '  rest: `mcp:github:**` grants mcp:github:a, and also mcp:github:a:b, mcp:github:a:b:c and everything below',
    '$.permissions[1].resource: `mcp:{a,b}:pr-*`',
    '  one:  `mcp:{a,b}:pr-*` grants mcp:a:pr-a, not mcp:a:pr-a:b',
    '  rest: `mcp:{a,b}:pr-*, mcp:{a,b}:pr-*:**` grants mcp:a:pr-a, and also mcp:a:pr-a:b, mcp:a:pr-a:b:c and everything below',
  ]

  test('--star=one keeps it one segment', async () => {
    const { code, out, err } = await run(permissions, '--star=one')
    expect({ code, err }).toEqual({ code: 0, err: differences })
    expect(out).toContain('  allow read on mcp:github:*\n  allow read on mcp:{a,b}:pr-*\n')
  })

  test('--star=rest takes everything below too', async () => {
    const { code, out, err } = await run(permissions, '--star=rest')
    expect({ code, err }).toEqual({ code: 0, err: differences })
    expect(out).toContain('  allow read on mcp:github:**\n  allow read on mcp:{a,b}:pr-*, mcp:{a,b}:pr-*:**\n')
  })

  test('without --star the two readings are shown and nothing is written', async () => {
    const message = 'kavach: resources end in `*`, which systems read in two ways: say --star=one or --star=rest'
    expect(await run(permissions)).toEqual({ code: 64, out: '', err: [...differences, message] })
  })

  test('a lone `*` is everything with --star=rest and refused with --star=one', async () => {
    const lone = [{ resource: '*', actions: ['read'] }]
    expect((await run(lone, '--star=rest')).out).toContain('  allow read on **\n')
    const refused = await run(lone, '--star=one')
    expect({ code: refused.code, last: refused.err.at(-1) }).toEqual({
      code: 1,
      last: 'kavach: $.permissions[0].resource: a lone `*` reads as everything or as one segment; write `**`, or take --star=rest',
    })
  })
})

describe('what has no translation is an error', () => {
  const unknown = 'nothing is left out silently, so remove it or translate it by hand'
  test.each([
    [
      'unknown constraint',
      { maxCallsPerWeek: 3 },
      `$.permissions[0].constraints: unknown key \`maxCallsPerWeek\`; ${unknown}`,
    ],
    [
      'negative count',
      { maxCallsPerDay: -1 },
      '$.permissions[0].constraints.maxCallsPerDay: want a whole number, 0 or more, not `-1`',
    ],
    [
      'hours',
      { allowedHoursUTC: '9-18' },
      '$.permissions[0].constraints.allowedHoursUTC: want two different times such as 09:00-18:00, not `\\"9-18\\"`',
    ],
    [
      'empty hours',
      { allowedHoursUTC: '09:00-09:00' },
      '$.permissions[0].constraints.allowedHoursUTC: want two different times such as 09:00-18:00, not `\\"09:00-09:00\\"`',
    ],
    [
      'no address',
      { ipAllowlist: [] },
      '$.permissions[0].constraints.ipAllowlist: want an array with at least one address',
    ],
    [
      'approval',
      { requireApproval: 'yes' },
      '$.permissions[0].constraints.requireApproval: want true or false, not `\\"yes\\"`',
    ],
    [
      'throttle alone',
      { throttlePerMinute: 3 },
      '$.permissions[0].constraints.throttlePerMinute: there is no budget to throttle at',
    ],
    [
      'empty regex',
      { argPatterns: { path: '' } },
      '$.permissions[0].constraints.argPatterns.path: want a regex without control characters, not `\\"\\"`',
    ],
  ])('%s', async (_, constraints, message) => {
    const answer = await run([{ resource: 'a', actions: ['read'], constraints }])
    expect(answer).toEqual({ code: 1, out: '', err: [`kavach: ${message}`] })
  })

  test('a budget of one grant among several', async () => {
    const permissions = [
      { resource: 'a', actions: ['read'], constraints: { budgetUsdPerDay: 1 } },
      { resource: 'b', actions: ['read'] },
    ]
    const message = 'a budget belongs to an agent in policy text, not to one of several grants: split the agent in two'
    expect(await run(permissions)).toEqual({ code: 1, out: '', err: [`kavach: $.permissions[0]: ${message}`] })
  })

  test('names, types and patterns that policy text does not have', async () => {
    const agent = {
      name: '7 dwarfs',
      type: 'human',
      status: 'revoked',
      permissions: [{ resource: 'mcp::x', actions: [] }, { resource: 'a:**:b', actions: ['*', 'read'] }, 5],
    }
    expect((await run(agent)).err).toEqual([
      'kavach: $.name: `7 dwarfs` is no name of an agent; call it `_7-dwarfs-agent`',
      'kavach: $.type: want one of autonomous, delegated, service, not `\\"human\\"`',
      'kavach: $.status: policy text cannot say `\\"revoked\\"`; import active agents only',
      'kavach: $.permissions[0].actions: want an array of action names, or ["*"]',
      'kavach: $.permissions[0].resource: `mcp::x` is no resource pattern: it has an empty segment',
      'kavach: $.permissions[1].actions: `*` is every action already; leave the others out',
      'kavach: $.permissions[1].resource: `a:**:b` is no resource pattern: `**` stands alone, as the last segment',
      'kavach: $.permissions[2]: want an object with resource and actions, not `5`',
    ])
  })

  test('a file that is missing, and one that is not JSON', async () => {
    const missing = await runFile(join(folder, 'nowhere.json'))
    expect({ code: missing.code, out: missing.out }).toEqual({ code: 66, out: '' })
    expect(missing.err[0]).toContain('ENOENT')
    const broken = await run('{ resource')
    expect({ code: broken.code, out: broken.out }).toEqual({ code: 1, out: '' })
    expect(broken.err[0]).toContain('is not JSON')
  })
})
