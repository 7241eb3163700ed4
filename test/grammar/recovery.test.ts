import { expect, test } from 'vitest'
import { parsePolicy } from '../../grammar/index.ts'
import { resume } from '../../grammar/recovery.ts'
import { frames } from './outline.ts'

function codes(text: string): string[] {
  return parsePolicy('p', text).diagnostics.map(
    ({ code, span }) => `${code} ${text.slice(0, span.start).split('\n').length}`,
  )
}

test('reading goes on at the next statement', () => {
  expect(codes('role r {\n  alow read on x\n}\nforbid * on *\nset s = cidr [1.2.3]\npolicy acme\n')).toEqual([
    'KV0106 2',
    'KV0202 4',
    'KV0211 5',
  ])
})

test('reading goes on at the next member, and each member reports one fault', () => {
  expect(
    codes(
      'service agent a {\n  owner team\n  allow read on x whn y y y\n  limit rate x per y\n  allow read on ok\n  roles 5\n}\nforbid\n',
    ),
  ).toEqual(['KV0101 2', 'KV0106 3', 'KV0101 4', 'KV0101 6', 'KV0101 8'])
})

test('the lines of a broken member are passed over', () => {
  expect(
    codes(
      'role r {\n  allow read on *\n    when ip in office\n    rate 5 per minute\n  allow write on x\n}\nrole s { }',
    ),
  ).toEqual(['KV0202 2'])
})

test('a header of a block that is broken does not hide its members', () => {
  expect(codes('role r includs s {\n  allow read on x\n  alow write on x\n}\n')).toEqual(['KV0101 1', 'KV0106 3'])
})

test('braces of JSON, patterns, strings, regexes and comments do not end a block', () => {
  const rows = [
    'allow read on x with { a: [1, 2, }',
    'allow read on {a,b}:*',
    'deny read on x // }',
    'deny read on "}"',
    'alow read on y',
  ]
  expect(codes(`test "t" as a wth { a: {} } {\n${rows.map((row) => `  ${row}\n`).join('')}}\nforbid x`)).toEqual([
    'KV0101 1',
    'KV0113 2',
    'KV0106 6',
    'KV0101 8',
  ])
})

test('a statement that starts inside an open block ends it', () => {
  expect(codes('role r {\n  allow read on *\n\n  autonomous agent a {\n    owner 5\n  }\n')).toEqual([
    'KV0202 2',
    'KV0101 5',
  ])
})

test('on one line, a statement is found where its words leave no doubt', () => {
  expect(codes('forbid * on * role r { alow x on y } set s = cidr [x] policy p')).toEqual([
    'KV0202 1',
    'KV0106 1',
    'KV0211 1',
  ])
})

test('a misspelled statement at the margin is a fault of its own', () => {
  expect(codes('forbid * on *\nroel r {\n}\nset s = cidr [x]\n')).toEqual(['KV0202 1', 'KV0102 2', 'KV0211 4'])
})

test('what cannot be read is noted with kind and name', () => {
  const text =
    'policy 5\nrole r {\n  alow x\n}\nservice agent a { owner 5 }\ndelegate a > b { }\nset s = x\ncatalog c form "x"\nboundary run { }\nforbid\nrequire\nlimit\nassert\ntest\nbanana split {\n}\n'
  expect(parsePolicy('p', text).file.broken).toEqual([
    { kind: 'policy', name: undefined },
    { kind: 'role', name: 'r' },
    { kind: 'agent', name: 'a' },
    { kind: 'delegation', name: undefined },
    { kind: 'set', name: 's' },
    { kind: 'catalog', name: 'c' },
    { kind: 'boundary', name: undefined },
    { kind: 'forbid', name: undefined },
    { kind: 'require', name: undefined },
    { kind: 'limit-all', name: undefined },
    { kind: 'assert', name: undefined },
    { kind: 'test', name: undefined },
  ])
})

test('a statement that was taken for a name is read all the same', () => {
  expect(codes('forbid\nrequire\nset s = cidr [x]\n')).toEqual(['KV0101 2', 'KV0101 2', 'KV0211 3'])
})

test('the place to go on is never before what was read', () => {
  const text = 'role r {\n  allow x\n  allow y\n}\nrole s { }'
  expect(resume({ text, from: 0, past: 14, block: 'role', isInBlock: false })).toEqual({
    next: 'member',
    at: 21,
    opening: 7,
  })
  expect(resume({ text, from: 21, past: 30, block: 'role', isInBlock: true })).toEqual({ next: 'statement', at: 31 })
  expect(resume({ text, from: 33, past: 41, block: 'role', isInBlock: false })).toEqual({ next: 'statement', at: 41 })
})

test('after a hundred errors the rest is not read', () => {
  const text = 'forbid\n'.repeat(1000)
  const { diagnostics } = parsePolicy('p', text)
  expect(diagnostics.length).toBe(101)
  expect(
    frames(text)
      .split('\n\n')
      .find((frame) => frame.includes('KV0110')),
  ).toMatchInlineSnapshot(`
    "error[KV0110]: more than 100 syntax errors; the rest of the file was not read
       ┌ p.kavach:101:1
    101 │ forbid
        │ ^"
  `)
})

test('a block whose header is broken is reported at its own brace when nothing closes it', () => {
  expect(frames('role r {\n}\nboundary rume {\n  limit rate 1 per hour\n')).toMatchInlineSnapshot(`
    "error[KV0101]: expected \`runtime\`, found \`rume\`
     ┌ p.kavach:3:10
    3 │ boundary rume {
      │          ^^^^

    error[KV0108]: this \`{\` is never closed
     ┌ p.kavach:3:15
    3 │ boundary rume {
      │               ^
      = help: close the boundary with \`}\`
    "
  `)
})
