import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editDistance } from '../../../compiler/model/nearest.ts'
import { nearest } from '../../../grammar/index.ts'

test('finds what is one or two slips away', () => {
  const names = ['planner', 'code-reviewer', 'nightly-audit']
  expect(nearest('plannr', names)).toBe('planner')
  expect(nearest('lpanner', names)).toBe('planner')
  expect(nearest('code-reviwer', names)).toBe('code-reviewer')
  expect(nearest('nightly-adit', names)).toBe('nightly-audit')
  expect(nearest('nigtly-adit', names)).toBe('nightly-audit')
  expect(nearest('PLANNER', names)).toBe('planner')
})

test('finds nothing further away', () => {
  expect(nearest('pla', ['planner'])).toBeUndefined()
  expect(nearest('banana', ['planner', 'b'])).toBeUndefined()
  expect(nearest('x', [])).toBeUndefined()
})

test('of short names one slip is enough to be another name', () => {
  expect(nearest('or', ['and', 'on'])).toBe('on')
  expect(nearest('abc', ['axy'])).toBeUndefined()
})

test('prefers the nearer one, and the earlier one among equals', () => {
  expect(nearest('roles', ['rolls', 'role', 'roles'])).toBe('roles')
  expect(nearest('role', ['rolls', 'roles', 'rule'])).toBe('roles')
})

test('the distance is that of the full table', () => {
  const words = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 })
  fc.assert(
    fc.property(words, words, fc.integer({ min: 0, max: 3 }), (a, b, limit) => {
      expect(editDistance(a, b, limit)).toBe(Math.min(plainDistance(a, b), limit + 1))
    }),
  )
})

function plainDistance(a: string, b: string): number {
  const at = (i: number, j: number): number => {
    if (i === 0 || j === 0) return i + j
    const isSame = a[i - 1] === b[j - 1]
    const choices = [at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (isSame ? 0 : 1)]
    if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) choices.push(at(i - 2, j - 2) + 1)
    return Math.min(...choices)
  }
  return at(a.length, b.length)
}
