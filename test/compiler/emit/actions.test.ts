import { expect, test } from 'vitest'
import { createActions } from '../../../compiler/emit/actions.ts'
import { createPools } from '../../../compiler/emit/pools.ts'
import { createSink } from '../../../compiler/emit/sink.ts'
import { ACTION_OTHER_BIT, ACTIONS_ANY } from '../../../engine-wasm/format/layout.ts'

const names = Array.from({ length: 40 }, (_, index) => `act${String(index).padStart(2, '0')}`)

/** Action n is used more often than action n + 1. */
function make() {
  const pools = createPools()
  const scopes = names.flatMap((name, index) => {
    return Array.from({ length: names.length - index }, () => ({ actions: [name], patterns: [] }))
  })
  return { pools, actions: createActions(scopes, pools, createSink()) }
}

test('every action is all bits', () => {
  expect(make().actions.field(undefined)).toBe(ACTIONS_ANY)
})

test('the thirty most used have a bit each', () => {
  const { actions } = make()
  expect(names.slice(0, ACTION_OTHER_BIT).map((name) => actions.field([name]))).toEqual(
    Array.from({ length: ACTION_OTHER_BIT }, (_, bit) => 2 ** bit),
  )
  expect(actions.field(['act03', 'act00', 'act03'])).toBe(0b1001)
})

test('the others are listed by index, ascending, behind their count', () => {
  const { pools, actions } = make()
  const field = actions.field(['act35', 'act02', 'act31'])
  const list = field & ACTIONS_ANY
  const words = new Uint32Array(pools.words.bytes().slice(0).buffer)
  expect([field >= 2 ** 31, [...words.subarray(list, list + 4)]]).toEqual([true, [3, 2, 31, 35]])
  expect(actions.field(['act35', 'act02', 'act31'])).toBe(field)
})
