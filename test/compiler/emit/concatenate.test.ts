import { expect, test } from 'vitest'
import { concatenate } from '../../../compiler/emit/concatenate.ts'

test('parts stand one behind the other, and the result is a copy', () => {
  const first = Uint8Array.of(1, 2)
  const whole = concatenate([first, new Uint8Array(), Uint8Array.of(3)])
  first[0] = 9
  expect([...whole]).toEqual([1, 2, 3])
  expect(concatenate([])).toEqual(new Uint8Array())
})
