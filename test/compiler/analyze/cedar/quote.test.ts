import { expect, test } from 'vitest'
import { attribute, entity, has, quote, quotePattern } from '../../../../compiler/analyze/cedar/quote.ts'
import { evaluate } from './evaluate.ts'

const TEXTS = ['', 'a"b', 'a\\b', 'a\nb\r\t\u0000\u007f', 'é😀\u202e\u2028', "'", 'a*b', '\\*', '//', '\u{10ffff}']

test('a quoted text is that text to Cedar', () => {
  for (const text of TEXTS) expect([text, evaluate(`context.x == ${quote(text)}`, { x: text })]).toEqual([text, true])
})

test('a pattern of Cedar has stars only between its parts', () => {
  for (const text of TEXTS) {
    const pattern = `context.x like ${quotePattern([text, text])}`
    expect([text, evaluate(pattern, { x: `${text}z\nz${text}` })]).toEqual([text, true])
    expect(evaluate(`context.x like ${quotePattern([text])}`, { x: `${text}z` })).toBe(false)
    expect(evaluate(`context.x like ${quotePattern([text])}`, { x: text })).toBe(true)
  }
  expect(evaluate(`context.x like ${quotePattern(['a*b'])}`, { x: 'azb' })).toBe(false)
})

test('attributes of any name are read', () => {
  for (const name of ['path', 'if', 'has', '__cedar', 'odd name', 'a.b', 'principal', 'type', '"', 'a-b', '1']) {
    const context = { r: { [name]: 5 } }
    const text = `${has('context.r', name)} && ${attribute('context.r', name)} == 5`
    expect([name, evaluate(text, context)]).toEqual([name, true])
    expect([name, evaluate(has('context.r', name), { r: {} })]).toEqual([name, false])
  }
})

test('an entity is its type and its quoted name', () => {
  expect(entity('Agent', 'a"b')).toBe('Agent::"a\\"b"')
})
