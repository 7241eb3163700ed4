import { expect, test } from 'vitest'
import { placesOf, postingsOf } from '../../../runtime/audit/postings.ts'
import type { Row } from '../../../runtime/tables.ts'

function rowAt(seq: number, agent: string | null): Row<'audit'> {
  return { seq, agent, time: 0, kind: 'decision', result: null, body: null, leaf: new Uint8Array(32), personal: null }
}

test('a table knows the places of each agent', () => {
  const agents = Array.from({ length: 1024 }, (_, i) => (i % 5 === 0 ? null : `agt_${i % 7}`))
  const entries = postingsOf(agents.map((agent, i) => rowAt(2048 + i, agent)))
  expect(entries.length).toBe(6 * agents.filter((agent) => agent !== null).length)
  for (let k = 0; k < 7; k++) {
    const expected = agents.flatMap((agent, i) => (agent === `agt_${k}` ? [i] : []))
    expect(placesOf(entries, `agt_${k}`)).toEqual(expected)
  }
  expect(placesOf(entries, 'agt_nobody')).toEqual([])
})

test('a table of nobody is empty', () => {
  expect([postingsOf([rowAt(0, null)]).length, placesOf(new Uint8Array(0), 'agt_1')]).toEqual([0, []])
})

test('a table whose end was cut is read as far as it goes', () => {
  const entries = postingsOf([rowAt(0, 'a'), rowAt(1, 'a')])
  expect(placesOf(entries.slice(0, 11), 'a')).toEqual([0])
})
