import { describe, expect, test } from 'vitest'
import { folderOf, kavach } from './command.ts'
import { repositoryOf } from './machine.ts'

const OLD = `policy shop generation 1

role reader {
  allow read on mcp:shop:**
}

autonomous agent buyer {
  roles reader
  allow write on mcp:shop:orders
    needs approval by "boss"
  limit rate 10 per minute
  expires at 2026-06-01T00:00:00Z
}

forbid * on mcp:shop:secrets:**
assert never * can delete on **
`
const NEW = OLD.replace('generation 1', 'generation 2')
const WIDER = NEW.replace('on mcp:shop:**', 'on mcp:shop:**, crm:contacts')

async function diffOf(old: string, new_: string, ...args: readonly string[]) {
  const folder = folderOf({ 'old/p.kavach': old, 'new/p.kavach': new_ })
  return kavach(folder, ['diff', 'old', 'new', ...args])
}

async function digestsOf(old: string, new_: string): Promise<readonly string[]> {
  const { out } = await diffOf(old, new_, '--format', 'json')
  const { newAccess }: { newAccess: readonly { digest: string }[] } = JSON.parse(out)
  return newAccess.map(({ digest }) => digest)
}

test('a policy against itself has nothing to say', async () => {
  expect(await diffOf(OLD, OLD)).toEqual({ code: 0, out: 'no new access\n', err: '' })
})

test('new access is printed with its rule, a request and its digest, and exits with 2', async () => {
  const { code, out, err } = await diffOf(OLD, WIDER)
  expect({ code, err }).toEqual({ code: 2, err: '' })
  expect(out).toBe(
    `1 region of new access

New access
  new access: buyer
    read on crm:contacts when time before 2026-06-01T00:00:00Z
    = why: allow read on mcp:shop:**, crm:contacts (new/p.kavach:4)
    = witness: buyer  read  crm:contacts  at 2026-01-05T00:00:00Z
    = before: no-grant
    = digest: ${(await digestsOf(OLD, WIDER))[0]}
`.replace('2026-01-05T00:00:00Z', /witness: .* at (\S+)/.exec(out)?.[1] ?? ''),
  )
})

test('a removed guardrail is named with the line where it was', async () => {
  const { code, out } = await diffOf(OLD, NEW.replace('forbid * on mcp:shop:secrets:**\n', ''))
  expect(code).toBe(2)
  expect(out).toContain('read on mcp:shop:secrets:**')
  expect(out).toContain('why: forbid * on mcp:shop:secrets:** (old/p.kavach:15) is not in the new policy any more')
  expect(out).toContain('before: forbidden')
})

test('an approval that is dropped, a later expiry and a looser limit are told apart', async () => {
  const { code, out } = await diffOf(
    OLD,
    NEW.replace('\n    needs approval by "boss"', '')
      .replace('10 per minute', '20 per minute')
      .replace('2026-06', '2026-07'),
  )
  expect(code).toBe(2)
  expect(out).toMatch(/^2 regions of new access, 1 approval dropped\n/)
  expect(out).toContain('approval dropped: buyer\n    write on mcp:shop:orders when time before 2026-07-01T00:00:00Z\n')
  expect(out).toContain('agent buyer: expires later, at 2026-07-01T00:00:00Z, before at 2026-06-01T00:00:00Z')
  expect(out).toContain('looser: agent buyer, all calls: rate 20 per minute, was rate 10 per minute')
})

test('lost access alone is fine', async () => {
  const { code, out } = await diffOf(WIDER.replace('generation 2', 'generation 1'), NEW)
  expect(code).toBe(0)
  expect(out).toContain('no new access, 1 region of lost access')
  expect(out).toContain('lost access: buyer\n    read on crm:contacts')
})

test('a change without a new generation is a finding', async () => {
  const { code, out } = await diffOf(NEW, OLD.replace('10 per minute', '5 per minute'))
  expect(code).toBe(1)
  expect(out).toContain('its generation went from 2 to 1')
})

test('assertions that go are listed', async () => {
  const { code, out } = await diffOf(OLD, NEW.replace('assert never * can delete on **\n', ''))
  expect([code, out]).toEqual([0, 'no new access\n\nAssertions\n  removed: assert never * can delete on **\n'])
})

describe('a waiver', () => {
  test('lets exactly its region pass, which is printed all the same', async () => {
    const [digest = ''] = await digestsOf(OLD, WIDER)
    const { code, out } = await diffOf(OLD, WIDER, '--allow', digest)
    expect(code).toBe(0)
    expect(out).toContain(`digest: ${digest}, waived`)
    expect(out).toContain('no new access beside what is waived, 1 waived')
  })

  test('does not hold when the region grew', async () => {
    const [digest = ''] = await digestsOf(OLD, WIDER)
    const { code, err } = await diffOf(OLD, WIDER.replace('crm:contacts', 'crm:*'), '--allow', digest)
    expect(code).toBe(2)
    expect(err).toContain(`no region of new access has the digest ${digest}`)
  })

  test('holds when something else changes and lines move', async () => {
    const [digest] = await digestsOf(OLD, WIDER)
    const moved = `// a comment\n${WIDER}service agent other { allow read on elsewhere }\n`
    expect(await digestsOf(OLD, moved)).toContain(digest)
  })

  test('that is no digest is refused', async () => {
    expect(await diffOf(OLD, NEW, '--allow', 'x')).toEqual({
      code: 64,
      out: '',
      err: 'kavach: `x` is no digest of a region\n  = help: `kavach diff` prints them: 16 hex digits\n',
    })
  })
})

test('an agent that nobody declares is refused', async () => {
  const { code, err } = await diffOf(OLD, NEW, '--agent', 'nobody')
  expect(code).toBe(64)
  expect(err).toContain('neither policy declares an agent `nobody`')
})

test('the access of one agent can be compared alone', async () => {
  const more = `${WIDER}service agent other { allow read on elsewhere }\n`
  const { out } = await diffOf(OLD, more, '--agent', 'other')
  expect(out).toContain('new access: other')
  expect(out).not.toContain('crm:contacts')
})

describe('formats', () => {
  test('markdown is a comment that a workflow finds again, and whose text is no markup', async () => {
    const { code, out } = await diffOf(OLD, WIDER.replace('crm:contacts', '"a|b <b>@you</b>"'), '--format', 'markdown')
    expect(code).toBe(2)
    expect(out).toMatch(/^<!-- kavach diff -->\n### 🔴 Policy: 1 region of new access\n/)
    expect(out).toContain('| | who | may | allowed by |')
    expect(out).toMatch(/--allow [0-9a-f]{16}\n/)
    expect(out).not.toMatch(/a\|b|<b>|@you/)
  })

  test('markdown stays a comment when very much is new', async () => {
    const grants = Array.from({ length: 300 }, (_, index) => `  allow read on crm:${'x'.repeat(90)}${index}\n`).join('')
    const { out } = await diffOf(OLD, `${NEW}service agent other {\n${grants}}\n`, '--format', 'markdown')
    expect(out).toContain('300 regions of new access')
    expect(out).toContain('and 275 more')
    expect(out.length).toBeLessThan(65_536)
  })

  test('github gives annotations at the lines of the new policy', async () => {
    const { out } = await diffOf(OLD, WIDER, '--format', 'github')
    expect(out).toMatch(/^::error file=new\/p\.kavach,line=4,/)
    expect(out).toContain('new access: buyer: read on crm:contacts')
  })

  test('sarif and json are documents', async () => {
    const sarif = JSON.parse((await diffOf(OLD, WIDER, '--format', 'sarif')).out)
    expect(sarif.runs[0].results[0]).toMatchObject({ ruleId: 'new-access', level: 'error' })
    const json = JSON.parse((await diffOf(OLD, WIDER, '--format', 'json')).out)
    expect(json).toMatchObject({
      version: 1,
      newAccess: [
        {
          kind: 'access',
          waived: false,
          witness: { request: { agent: 'buyer', action: 'read', resource: 'crm:contacts' } },
        },
      ],
      unknown: [],
      generation: { old: 1, new: 2, isStale: false },
    })
  })
})

test('tools that drift under a wildcard are listed with the grant that covers them', async () => {
  const tools = (names: readonly string[], destructive = false) =>
    JSON.stringify({
      tools: names.map((name) => ({
        name,
        annotations: { destructiveHint: destructive },
        'x-kavach': { action: 'read', resource: `mcp:shop:${name}` },
      })),
    })
  const text = (policy: string) => policy.replace('\n\n', '\n\ncatalog shop from "shop.tools.json"\n')
  const folder = folderOf({
    'old/p.kavach': text(OLD),
    'old/shop.tools.json': tools(['orders']),
    'new/p.kavach': text(OLD),
    'new/shop.tools.json': tools(['orders', 'wipe'], true),
  })
  const { code, out } = await kavach(folder, ['diff', 'old', 'new'])
  expect(code).toBe(0)
  expect(out).toContain('added: shop:wipe, which may destroy; covered by new/p.kavach:5')
})

test('modules, images and revisions are compared as folders are', async () => {
  const { folder, commit } = repositoryOf({ 'policy/p.kavach': OLD })
  await kavach(folder, ['compile', 'policy', '-o', 'build'])
  commit({ 'policy/p.kavach': WIDER })
  const expected = await kavach(folder, ['diff', 'HEAD~1', 'policy'])
  expect(expected.code).toBe(2)
  expect(expected.out).toContain('policy/p.kavach:4')
  for (const old of ['build/shop.wasm', 'build/shop.img', 'HEAD~1:policy']) {
    const { code, out } = await kavach(folder, ['diff', old, 'policy'])
    expect([old, code, out.slice(0, out.indexOf('= why'))]).toEqual([
      old,
      2,
      expected.out.slice(0, expected.out.indexOf('= why')),
    ])
  }
})
