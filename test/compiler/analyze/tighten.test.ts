import { expect, test } from 'vitest'
import { createAsker } from '../../../compiler/analyze/mutate-decide.ts'
import { type Tightening, tighten } from '../../../compiler/analyze/tighten.ts'
import { createUsage } from '../../../compiler/analyze/tighten-usage.ts'
import { writtenOf } from './written.ts'

interface Row {
  readonly agent: string
  readonly via?: readonly string[]
  readonly action: string
  readonly resource: string
}

/** The policy narrowed to what these requests use of it, which must all be allowed. */
function tightened(text: string, rows: readonly Row[], most = 2): Tightening {
  const policy = writtenOf(text)
  const asker = createAsker(policy.model)
  const usage = createUsage(policy.model)
  for (const row of rows) {
    const { allowed, charged, grant } = asker.decide(row)
    expect([row, allowed]).toEqual([row, true])
    usage.add(row, charged ?? (grant === undefined ? [] : [grant]))
  }
  return tighten(policy, usage.usage(), { generalise: { kind: 'values', most } })
}

function textOf(tightening: Tightening): string {
  if (tightening.kind !== 'tightened') throw new TypeError(tightening.why)
  return tightening.result.files.map(({ after }) => after.replace('policy p\n', '')).join('')
}

test('comments right above what goes go with it, others stay', () => {
  const text = `
// About everything.

// About a.
autonomous agent a {
  // About reading.
  allow read on x:*
  // About writing,
  // at length.
  allow write on x:* // even here
  // About nothing.

  // About both.
  allow read, write on y
}
`
  expect(
    textOf(
      tightened(text, [
        { agent: 'a', action: 'read', resource: 'x:1' },
        { agent: 'a', action: 'write', resource: 'y' },
      ]),
    ),
  ).toBe(`
// About everything.

// About a.
autonomous agent a {
  // About reading.
  allow read on x:1
  // About nothing.

  // About both.
  allow write on y
}
`)
})

test('a role keeps what any of its agents used', () => {
  const text = `
role r {
  allow read, write, copy on x, y, z
}

autonomous agent a {
  roles r
}

autonomous agent b {
  roles r
}
`
  const rows = [
    { agent: 'a', action: 'read', resource: 'x' },
    { agent: 'b', action: 'copy', resource: 'z' },
  ]
  expect(textOf(tightened(text, rows))).toContain('  allow read, copy on x, z\n')
})

test('what stands on one line with others goes alone', () => {
  const text = 'autonomous agent a { allow read on x allow write on x }\n'
  const after = textOf(tightened(text, [{ agent: 'a', action: 'write', resource: 'x' }]))
  expect(after.replace(/\s+/g, ' ')).toBe('autonomous agent a { allow write on x } ')
})

test('`*` becomes the actions that were used', () => {
  const rows = ['read', 'é x'].map((action) => ({ agent: 'a', action, resource: 'x' }))
  expect(textOf(tightened('autonomous agent a { allow * on ** }\n', rows))).toContain('allow read, "é x" on x')
})

test('who delegates keeps the scope that the delegation lives from', () => {
  const text = `autonomous agent a {
  allow read on x:*:*
  may delegate depth 1
}

delegated agent b {
}

delegate a -> b {
  allow read on x:{p,q,r}:*
}
`
  const rows = [
    ...['p', 'q', 'r'].map((name) => ({ agent: 'b', via: ['a'], action: 'read', resource: `x:${name}:1` })),
    { agent: 'a', action: 'read', resource: 'x:p:2' },
  ]
  const tightening = tightened(text, rows, 3)
  expect(textOf(tightening)).toContain('  allow read on x:{p,q,r}:1\n}\n')
  expect(textOf(tightening)).toContain('  allow read on x:{p,q,r}:{1,2}\n  may delegate')
})

test('the same usage in another order gives the same text', () => {
  const text = 'autonomous agent a { allow read, write on x:** }\n'
  const rows = ['b', 'a', 'c:d', 'c:e'].map((name) => ({ agent: 'a', action: 'read', resource: `x:${name}` }))
  expect(textOf(tightened(text, rows.toReversed()))).toBe(textOf(tightened(text, rows)))
})

test('each grant is named with its fate and how many rows used it', () => {
  const tightening = tightened('autonomous agent a { allow read on x:*\n allow write on x\n allow read on y }\n', [
    { agent: 'a', action: 'read', resource: 'x:1' },
    { agent: 'a', action: 'read', resource: 'x:1' },
    { agent: 'a', action: 'read', resource: 'y' },
  ])
  if (tightening.kind !== 'tightened') throw new TypeError(tightening.why)
  expect(tightening.result.grants.map(({ place, text, fate, count }) => [place.line, text, fate, count])).toEqual([
    [2, 'allow read on x:*', 'narrowed', 2],
    [3, 'allow write on x', 'removed', 0],
    [4, 'allow read on y', 'kept', 1],
  ])
})

test('a grant stays whole where what was delegated of it would not lie within it any more', () => {
  const text = `autonomous agent a {
  allow read on x:p:*, x:*:*
  may delegate depth 1
}

delegated agent b {
}

delegate a -> b {
  allow read on x:*:*
}
`
  const rows = ['x:p:1', 'x:q:2'].map((resource) => ({ agent: 'b', via: ['a'], action: 'read', resource }))
  const after = textOf(tightened(text, rows))
  expect(after).toContain('  allow read on x:p:*, x:*:*\n')
  expect(after).toContain('  allow read on x:{p,q}:{1,2}\n')
})
