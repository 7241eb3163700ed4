import { expect, test } from 'vitest'
import { percentText } from '../../cli/test-coverage.ts'
import { folderOf, kavach } from './command.ts'

const FILES = {
  'p/p.kavach': `policy p generation 1

autonomous agent a {
  allow read on docs:*
    when trust >= 5
  limit rate 3 per hour
}

forbid write on docs:**
`,
  'p/p.test.kavach': `test "reads" as a trust 5 {
  allow read on docs:x
}
`,
}

test('parts that no test sees deciding stand below their rule, with what is missing', async () => {
  const { code, out } = await kavach(folderOf(FILES), ['test', 'p', '--coverage'])
  expect([code, out.slice(out.indexOf('\ncoverage'))]).toEqual([
    0,
    `
coverage: 4 of 8 sides seen deciding, 50.0 %; 2 more cannot be seen by any test
  p/p.kavach:3  autonomous agent a
    6  \`rate 3 per hour\` was not seen deciding where it is used up
  p/p.kavach:4  allow read on docs:* when trust >= 5
    4  \`read\` was not seen deciding against another action
    4  \`docs:*\` was not seen deciding against another resource
    5  \`trust >= 5\` was not seen deciding where it does not hold
`,
  ])
})

test('json has every side with its fate, and a request for what was not seen', async () => {
  const { out } = await kavach(folderOf(FILES), ['test', 'p', '--coverage', '--format', 'json'])
  const { coverage, passed } = JSON.parse(out)
  expect([passed, coverage.sides, coverage.seen, coverage.void]).toEqual([1, 8, 4, 2])
  expect(coverage.parts.find(({ kind }: { kind: string }) => kind === 'condition')).toEqual({
    kind: 'condition',
    path: 'p/p.kavach',
    line: 5,
    rule: { path: 'p/p.kavach', line: 4, text: 'allow read on docs:* when trust >= 5' },
    text: 'trust >= 5',
    sides: [
      { claim: 'deciding where it holds', fate: 'seen' },
      {
        claim: 'deciding where it does not hold',
        fate: 'unseen',
        witness: {
          kind: 'apart',
          request: { agent: 'a', action: 'read', resource: 'docs:a', trust: 0 },
          verdicts: [
            { decision: 'deny', reason: 'trust-too-low' },
            { decision: 'allow', reason: 'allowed' },
          ],
        },
      },
    ],
  })
})

test('a percentage is never rounded up', () => {
  expect([percentText(99.99), percentText(100), percentText(0.04)]).toEqual(['99.9 %', '100.0 %', '0.0 %'])
})
