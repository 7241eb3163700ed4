import { expect, it } from 'vitest'
import { analyzed } from './findings.ts'

const FILES = {
  'a.kavach': `policy p
service agent bot {
  allow read on docs:**
  allow read on docs:a
}
assert never bot can read on docs:a
delegate planner -> helper { allow read on docs }
`,
  'b.kavach': `autonomous agent planner { allow read on docs when trust >= 5 may delegate depth 1 }
delegated agent helper {}
assert some helper can read on docs
`,
}

const codesOf = ({ diagnostics }: ReturnType<typeof analyzed>) =>
  diagnostics.map(({ code, severity, path }) => `${path} ${severity} ${code}`)

it('findings of all kinds come in the order of the text', () => {
  expect(codesOf(analyzed(FILES))).toEqual([
    'a.kavach warning KV4301',
    'a.kavach error KV4110',
    'a.kavach error KV4101',
  ])
})

it('what is proved is told beside it, in source order', () => {
  const { delegations, assertions, unknown } = analyzed(FILES)
  expect(delegations.map(({ from, to, proof }) => [from, to, proof.kind])).toEqual([['planner', 'helper', 'escalates']])
  expect(assertions.map(({ path, text, proof }) => [path, text, proof.kind])).toEqual([
    ['a.kavach', 'never bot can read on docs:a', 'refuted'],
    ['b.kavach', 'some helper can read on docs', 'proved'],
  ])
  expect(unknown).toBe(0)
})

it('lints are errors with `strict`, what is unknown is not', () => {
  expect(codesOf(analyzed(FILES, { strict: true }))).toEqual([
    'a.kavach error KV4301',
    'a.kavach error KV4110',
    'a.kavach error KV4101',
  ])
  const unknown = analyzed(FILES, { strict: true, steps: 1 })
  expect(codesOf(unknown)).toEqual(['a.kavach warning KV9001', 'a.kavach warning KV9001', 'b.kavach warning KV9001'])
  expect(unknown.unknown).toBe(3)
})

it('without assertions there are none, and none is unknown', () => {
  const { assertions, unknown, diagnostics } = analyzed(FILES, { assertions: false, steps: 1 })
  expect([assertions, unknown]).toEqual([[], 1])
  expect(diagnostics.map(({ code }) => code)).toEqual(['KV9001'])
})
