import { describe, expect, test } from 'vitest'
import { hopsThrough, incomingThrough, type Path, pathsThrough } from '../../../runtime/authority/index.ts'
import type { Row } from '../../../runtime/tables.ts'

const NOW = 1000

function rowOf(id: string, from: string, to: string, more: Partial<Row<'delegations'>> = {}): Row<'delegations'> {
  const made = {
    origin: 'runtime',
    permissions: '[]',
    depth: 4,
    expiresAt: null,
    createdAt: 0,
    revokedAt: null,
    through: null,
    named: null,
  } as const
  return { id, from, to, ...made, ...more }
}

const ROWS = [
  rowOf('1', 'root', 'a'),
  rowOf('2', 'root', 'a'),
  rowOf('3', 'a', 'b'),
  rowOf('4', 'a', 'b', { through: '2' }),
  rowOf('5', 'b', 'c', { through: '4' }),
  rowOf('6', 'x', 'c'),
  rowOf('7', 'b', 'c', { through: '6' }),
  rowOf('8', 'b', 'c', { origin: 'policy' }),
  rowOf('9', 'd', 'root'),
  rowOf('10', 'a', 'b', { revokedAt: 5 }),
  rowOf('11', 'a', 'b', { expiresAt: NOW }),
  rowOf('12', 'a', 'b', { named: 1, through: '2' }),
]
const incoming = (id: string) => ROWS.filter(({ to }) => to === id)
const find = (id: string) => ROWS.find((row) => row.id === id)
const idsOf = (hops: readonly { readonly id: string }[] | undefined) => hops?.map(({ id }) => id)
const textOf = ({ chain, delegations }: Path) => `${chain.join('>')} ${delegations.map(({ id }) => id).join()}`

describe('the hops behind a delegation', () => {
  test.each([
    ['one that counts however it is held', 'b', '3', ['3']],
    ['one through another', 'c', '5', ['2', '4', '5']],
    ['one that counts when it is named', 'b', '12', ['2', '12']],
    ['one that was revoked', 'b', '10', undefined],
    ['one that has expired', 'b', '11', undefined],
    ['one to somebody else', 'c', '3', undefined],
    ['one through what does not end in its delegator', 'c', '7', undefined],
    ['one of the policy', 'c', '8', undefined],
    ['one that is not there', 'c', '77', undefined],
  ] as const)('%s', (_what, agent, id, expected) => {
    expect(idsOf(hopsThrough(agent, id, find, NOW))).toEqual(expected)
  })

  test('are at most five', () => {
    const long = Array.from({ length: 6 }, (_, at) =>
      rowOf(`${at}`, `p${at}`, `p${at + 1}`, { through: at === 0 ? null : `${at - 1}` }),
    )
    const lookup = (id: string) => long.find((row) => row.id === id)
    expect(idsOf(hopsThrough('p5', '4', lookup, NOW))).toEqual(['0', '1', '2', '3', '4'])
    expect(hopsThrough('p6', '5', lookup, NOW)).toBeUndefined()
  })
})

test('chains end in the hops, and begin wherever the first of them leads', () => {
  const hops = hopsThrough('b', '4', find, NOW) ?? []
  expect(pathsThrough(hops, incoming, NOW).map(textOf)).toEqual(['root>a 2,4', 'd>root>a 9,2,4'])
  expect(pathsThrough([], incoming, NOW)).toEqual([])
})

test('nothing else counts for those who receive them', () => {
  const only = incomingThrough(hopsThrough('b', '4', find, NOW) ?? [], incoming)
  expect([only('b'), only('a'), only('root')].map(idsOf)).toEqual([['4'], ['2'], ['9']])
})
