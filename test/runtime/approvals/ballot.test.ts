import { expect, test } from 'vitest'
import { type Need, needsMet } from '../../../runtime/approvals/ballot.ts'

const ANYONE: Need = {}
const SECURITY: Need = { by: 'role:security' }
const FINANCE: Need = { by: 'role:finance' }

const vote = (id: string, ...roles: readonly string[]) => ({ id, roles, at: 0 })

test.each<[string, readonly Need[], readonly ReturnType<typeof vote>[], number]>([
  ['nobody meets nothing', [ANYONE], [], 0],
  ['anyone meets what anyone may', [ANYONE], [vote('ann')], 1],
  ['a role meets what names it', [SECURITY], [vote('ann', 'role:security')], 1],
  ['an id meets what names it', [{ by: 'ann' }], [vote('ann')], 1],
  ['another role does not', [SECURITY], [vote('ann', 'role:finance')], 0],
  [
    'two needs need two votes, even of one with both roles',
    [SECURITY, FINANCE],
    [vote('ann', 'role:security', 'role:finance')],
    1,
  ],
  [
    'two votes for one need are one too many',
    [SECURITY],
    [vote('ann', 'role:security'), vote('bob', 'role:security')],
    1,
  ],
  [
    'who could meet both makes room for who can meet one',
    [SECURITY, FINANCE],
    [vote('ann', 'role:security', 'role:finance'), vote('bob', 'role:security')],
    2,
  ],
  [
    'anyone is left for the one who meets nothing else',
    [ANYONE, SECURITY],
    [vote('ann', 'role:security'), vote('bob')],
    2,
  ],
])('%s', (_, needs, votes, met) => {
  expect(needsMet(needs, votes)).toBe(met)
})
