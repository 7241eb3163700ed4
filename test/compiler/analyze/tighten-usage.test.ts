import { expect, test } from 'vitest'
import { createUsage } from '../../../compiler/analyze/tighten-usage.ts'
import { modelOf } from './sound.ts'

test('a resource counts for the first pattern that accepts it, once', () => {
  const keeper = createUsage(modelOf('autonomous agent a { allow read on x:y, x:*, z }'))
  for (const resource of ['x:y', 'x:q', 'x:q']) keeper.add({ action: 'read', resource }, [0, 0])
  expect(keeper.usage()).toEqual(
    new Map([
      [0, { count: 3, actions: new Set(['read']), resources: [new Set(['x:y']), new Set(['x:q']), new Set()] }],
    ]),
  )
})

test('grants that were made at run time are left aside', () => {
  const keeper = createUsage(modelOf('autonomous agent a { allow read on x }'))
  keeper.add({ action: 'read', resource: 'x' }, [-1, 7])
  expect(keeper.usage().size).toBe(0)
})

test('beyond twenty thousand resources of a pattern none are listed', () => {
  const keeper = createUsage(modelOf('autonomous agent a { allow read on x:* }'))
  for (let n = 0; n < 20_000; n++) keeper.add({ action: 'read', resource: `x:${n}` }, [0])
  expect(keeper.usage().get(0)?.resources[0]?.size).toBe(20_000)
  keeper.add({ action: 'read', resource: 'x:one-more' }, [0])
  keeper.add({ action: 'read', resource: 'x:another' }, [0])
  expect(keeper.usage().get(0)).toMatchObject({ count: 20_002, resources: [undefined] })
})
