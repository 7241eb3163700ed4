import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { piecesOf } from '../../../site/playground/highlight.ts'

const kinds = (text: string) =>
  piecesOf(text).flatMap(({ kind, start, end }) => (kind === undefined ? [] : [[kind, text.slice(start, end)]]))

test('words, texts, patterns and numbers have their colours', () => {
  expect(kinds('allow read on mcp:docs:** // all "of" it')).toEqual([
    ['keyword', 'allow'],
    ['keyword', 'on'],
    ['pattern', 'mcp:docs:**'],
    ['comment', '// all "of" it'],
  ])
  expect(kinds('when args.to matches /[a-z ]+@x\\/y/ and owner "a \\" b"')).toEqual([
    ['keyword', 'when'],
    ['keyword', 'args'],
    ['keyword', 'matches'],
    ['regex', '/[a-z ]+@x\\/y/'],
    ['keyword', 'and'],
    ['keyword', 'owner'],
    ['string', '"a \\" b"'],
  ])
  expect(kinds('limit budget 5.00 USD per day throttle at 80% to 6 per minute')).toContainEqual(['number', '80%'])
  expect(kinds('at 2026-04-01T10:00:00Z hours 09:00-18:00 10.0.0.0/8').map(([kind]) => kind)).toEqual([
    ...['keyword', 'number', 'keyword', 'number', 'number'],
  ])
  expect(kinds('mcp:{github,wiki}:repo and allow-list')).toEqual([
    ['pattern', 'mcp:{github,wiki}:repo'],
    ['keyword', 'and'],
  ])
})

test('the pieces are the whole text, whatever it holds', () => {
  const policies = readdirSync('policies').flatMap((name) =>
    readdirSync(join('policies', name))
      .filter((file) => file.endsWith('.kavach'))
      .map((file) => readFileSync(join('policies', name, file), 'utf8')),
  )
  expect(policies.length).toBeGreaterThan(10)
  for (const text of [...policies, '', '"', '/', '"\n"', '\ud800 🙂 *', '/'.repeat(5000), '"'.repeat(5000)]) {
    const pieces = piecesOf(text)
    expect(pieces.map(({ start, end }) => text.slice(start, end)).join('')).toBe(text)
  }
})
