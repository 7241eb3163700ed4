import fc from 'fast-check'
import { expect, test } from 'vitest'
import { incomingPaths, type Path } from '../../../runtime/authority/index.ts'
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

function lookup(rows: readonly Row<'delegations'>[]) {
  return (id: string) => rows.filter(({ to }) => to === id)
}

function textOf({ chain, delegations }: Path): string {
  return `${chain.join('>')} ${delegations.map(({ id }) => id).join()}`
}

test('chains come with the short ones first, then by the ids of their delegations, root first', () => {
  const rows = [rowOf('3', 'a', 'z'), rowOf('1', 'b', 'a'), rowOf('2', 'b', 'z'), rowOf('0', 'c', 'b')]
  expect(incomingPaths('z', lookup(rows), NOW).map(textOf)).toEqual(['b 2', 'a 3', 'c>b 0,2', 'b>a 1,3', 'c>b>a 0,1,3'])
})

test('what is revoked, expired or too shallow is no hop', () => {
  const rows = [
    rowOf('1', 'a', 'z', { revokedAt: 5 }),
    rowOf('2', 'b', 'z', { expiresAt: NOW }),
    rowOf('3', 'c', 'z', { expiresAt: NOW + 1, depth: 0 }),
    rowOf('4', 'd', 'c', { depth: 0 }),
    rowOf('5', 'e', 'c', { depth: 1 }),
  ]
  expect(incomingPaths('z', lookup(rows), NOW).map(textOf)).toEqual(['c 3', 'e>c 5,3'])
  expect(incomingPaths('z', lookup(rows), NOW, { left: 1 })).toEqual([])
})

test('of several delegations for one hop the one of the policy counts, else the first; each as deep as the chain needs', () => {
  const rows = [
    rowOf('1', 'a', 'z', { depth: 0 }),
    rowOf('2', 'a', 'z'),
    rowOf('3', 'a', 'z', { origin: 'policy', depth: 1 }),
    rowOf('4', 'b', 'a'),
    rowOf('5', 'c', 'b'),
  ]
  const [first, second] = [rows.slice(0, 2), rows].map((some) =>
    incomingPaths('z', lookup([...some, ...rows.slice(3)]), NOW).map(textOf),
  )
  expect(first).toEqual(['a 1', 'b>a 4,1', 'c>b>a 5,4,1'])
  expect(second).toEqual(['a 3', 'b>a 4,3', 'c>b>a 5,4,3'])
})

test('no principal is in a chain twice, and none is longer than five hops', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  const line = names.slice(1).map((to, at) => rowOf(`${at}`, names[at] ?? '', to, { depth: 5 }))
  const cycle = [...line, rowOf('9', 'g', 'a', { depth: 5 })]
  expect(incomingPaths('g', lookup(cycle), NOW).map(({ chain }) => chain.join(''))).toEqual([
    'f',
    'ef',
    'def',
    'cdef',
    'bcdef',
  ])
})

test('no more than asked for are given, 64 unless more is said', () => {
  const rows = Array.from({ length: 100 }, (_, n) => rowOf(String(n).padStart(3, '0'), `a${n}`, 'z'))
  expect(incomingPaths('z', lookup(rows), NOW)).toHaveLength(64)
  expect(incomingPaths('z', lookup(rows), NOW, { most: 65 })).toHaveLength(65)
})

test('they are those of a search that tries everything', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'z')
  const hop = fc.record({ from: name, to: name, depth: fc.nat({ max: 4 }) }).filter(({ from, to }) => from !== to)
  fc.assert(
    fc.property(fc.array(hop, { maxLength: 14 }), (hops) => {
      const rows = hops.map(({ from, to, depth }, n) => rowOf(String(n).padStart(2, '0'), from, to, { depth }))
      const all = new Set<string>()
      const grow = (chain: readonly string[]) => {
        const [head = ''] = chain
        const behind = chain.length - 1
        for (const { from, to, depth } of rows) {
          if (to !== head || depth < behind || chain.includes(from) || behind === 5) continue
          all.add([from, ...chain].join('>'))
          grow([from, ...chain])
        }
      }
      grow(['z'])
      const found = incomingPaths('z', lookup(rows), NOW, { most: 1000 }).map(({ chain }) => [...chain, 'z'].join('>'))
      expect([...found].sort()).toEqual([...all].sort())
      expect(found.map((text) => text.length)).toEqual(found.map((text) => text.length).sort((a, b) => a - b))
    }),
  )
})
