import { expect, test } from 'vitest'
import { createUniverse, intersectBoxes, scopeBox } from '../../../compiler/algebra/index.ts'
import { createOverlapIndex } from '../../../compiler/analyze/diff-overlap.ts'
import { modelOf } from './sound.ts'

const PATTERNS = ['a', 'a:b', 'a:*', 'a:**', '**', 'a:b:c', 'b:*:c', '*:b', 'a:b-*', 'b', '"odd name":x', 'a:{b,c}']

function grantsOf(count: number) {
  const clauses = Array.from({ length: count }, (_, index) => {
    const action = ['read', 'write', '*'][index % 3] ?? '*'
    return `allow ${action} on ${PATTERNS[index % PATTERNS.length] ?? 'a'}`
  })
  return modelOf(`autonomous agent x { ${clauses.join('\n')} }`).agents[0]?.grants ?? []
}

test.each([6, 72])('of %i grants none is left out that shares a request', (count) => {
  const grants = grantsOf(count)
  const universe = createUniverse()
  const index = createOverlapIndex(grants, (grant) => grant)
  for (const grant of grants) {
    const near = new Set(index.near(grant).map(({ id }) => id))
    for (const other of grants) {
      const [a, b] = [scopeBox(grant, universe), scopeBox(other, universe)]
      const isShared = a !== undefined && b !== undefined && intersectBoxes(a, b, universe) !== undefined
      if (isShared) expect(near).toContain(other.id)
    }
  }
})

test('of many grants those elsewhere are left out', () => {
  const clauses = Array.from({ length: 100 }, (_, index) => `allow read on s${index}:**`).join('\n')
  const grants = modelOf(`autonomous agent x { ${clauses} }`).agents[0]?.grants ?? []
  const [, second] = grants
  if (second === undefined) throw new TypeError('no grant')
  expect(createOverlapIndex(grants, (grant) => grant).near(second)).toEqual([second])
})
