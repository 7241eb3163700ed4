import { describe, expect, test } from 'vitest'
import { type Diagnostic, renderDiagnostics } from '../../grammar/index.ts'

const LINES = [
  ...Array.from({ length: 16 }, (_, index) => `// line ${index + 1}`),
  '  allow write, comment on mcp:github:{issues,pulls}',
]
const TEXT = [...LINES, ...Array.from({ length: 34 }, () => ''), '  allow read, write on mcp:github:**', ''].join('\n')

function at(text: string, part: string): { start: number; end: number } {
  const start = text.indexOf(part)
  return { start, end: start + part.length }
}

function diagnostic(text: string, part: string, more: Partial<Diagnostic> = {}): Diagnostic {
  return { code: 'KV0001', severity: 'error', message: 'wrong', path: 'a.kavach', span: at(text, part), ...more }
}

function render(text: string, part: string, more: Partial<Diagnostic> = {}): string {
  return renderDiagnostics([diagnostic(text, part, more)], new Map([['a.kavach', text]]), 'text')
}

test('a diagnostic has its lines, its carets, what belongs to it, and what to do', () => {
  const first = diagnostic(TEXT, 'write on mcp:github:**', {
    code: 'KV4101',
    message: 'this delegation gives more than `planner` holds',
    span: { start: at(TEXT, 'write on mcp:github:**').start, end: at(TEXT, 'write on mcp:github:**').start + 5 },
    path: 'acme.kavach',
    label: '`planner` has no write on mcp:github:a',
    secondary: [{ path: 'acme.kavach', span: at(TEXT, 'allow write'), label: 'nearest grant' }],
    notes: [{ key: 'witness', text: 'planner  write  mcp:github:a   (any time, any ip)' }],
    help: 'narrow to `write on mcp:github:{issues,pulls}`',
  })
  const second: Diagnostic = {
    code: 'KV4302',
    severity: 'warning',
    message: 'never asked',
    path: 'acme.kavach',
    span: at(TEXT, '// line 9'),
  }
  expect(renderDiagnostics([first, second], new Map([['acme.kavach', TEXT]]), 'text')).toBe(`\
error[KV4101]: this delegation gives more than \`planner\` holds
  ┌ acme.kavach:52:15
52 │   allow read, write on mcp:github:**
   │               ^^^^^ \`planner\` has no write on mcp:github:a
  ┌ acme.kavach:17:3
17 │   allow write, comment on mcp:github:{issues,pulls}   <- nearest grant
   = witness: planner  write  mcp:github:a   (any time, any ip)
   = help: narrow to \`write on mcp:github:{issues,pulls}\`

warning[KV4302]: never asked
 ┌ acme.kavach:9:1
9 │ // line 9
  │ ^^^^^^^^^
`)
})

describe('carets stand under what they mean', () => {
  test('behind tabs', () => {
    expect(render('\ta\tbad\tz', 'bad')).toMatchInlineSnapshot(`
      "error[KV0001]: wrong
       ┌ a.kavach:1:4
      1 │     a   bad z
        │         ^^^
      "
    `)
  })
  test('behind and under wide characters and marks', () => {
    expect(render('日本 e\u0301 "bad漢字" x', 'bad漢字')).toMatchInlineSnapshot(`
      "error[KV0001]: wrong
       ┌ a.kavach:1:8
      1 │ 日本 é "bad漢字" x
        │         ^^^^^^^
      "
    `)
  })
  test('behind characters that are shown by number', () => {
    expect(render('a\u202e\u0007 bad', 'bad')).toMatchInlineSnapshot(`
      "error[KV0001]: wrong
       ┌ a.kavach:1:5
      1 │ a<U+202E><U+0007> bad
        │                   ^^^
      "
    `)
  })
  test('of an empty span, one of them', () => {
    expect(render('abc', '', { span: { start: 3, end: 3 }, label: 'missing' })).toMatchInlineSnapshot(`
      "error[KV0001]: wrong
       ┌ a.kavach:1:4
      1 │ abc
        │    ^ missing
      "
    `)
  })
  test('of a span over several lines, to the end of the first', () => {
    expect(render('role r {\r\n  x\r\n}', 'r {\r\n  x\r\n}')).toMatchInlineSnapshot(`
      "error[KV0001]: wrong
       ┌ a.kavach:1:6
      1 │ role r {
        │      ^^^
      "
    `)
  })
})

describe('of a long line the part around the span is shown', () => {
  test('in the middle', () => {
    expect(render(`${'a'.repeat(500)} bad ${'b'.repeat(500)}`, 'bad', { label: 'here' })).toMatchInlineSnapshot(`
      "error[KV0001]: wrong
       ┌ a.kavach:1:502
      1 │ ...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bad bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...
        │                                                                ^^^ here
      "
    `)
  })
  test('at its start and end', () => {
    expect(render(`bad ${'b'.repeat(500)}`, 'bad') + render(`${'a'.repeat(500)} bad`, 'bad')).toMatchInlineSnapshot(`
      "error[KV0001]: wrong
       ┌ a.kavach:1:1
      1 │ bad bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...
        │ ^^^
      error[KV0001]: wrong
       ┌ a.kavach:1:502
      1 │ ...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bad
        │                                                                ^^^
      "
    `)
  })
  test('with a span that is longer than that', () => {
    expect(render(`x ${'b'.repeat(500)}`, 'b'.repeat(500))).toMatchInlineSnapshot(`
      "error[KV0001]: wrong
       ┌ a.kavach:1:3
      1 │ x bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...
        │   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      "
    `)
  })
  test('without cutting characters in two', () => {
    const shown = render(`${'😀'.repeat(100)}bad${'😀'.repeat(100)}`, 'bad')
    expect(shown).not.toContain('U+D')
    expect(shown).toMatchInlineSnapshot(`
      "error[KV0001]: wrong
       ┌ a.kavach:1:201
      1 │ ...😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀bad😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀...
        │                                                                ^^^
      "
    `)
  })
})

describe('what cannot be placed is told all the same', () => {
  test('without a text', () => {
    expect(
      renderDiagnostics([diagnostic('x', 'x', { label: 'why', help: 'how' })], new Map(), 'text'),
    ).toMatchInlineSnapshot(`
      "error[KV0001]: wrong
       ┌ a.kavach
        │ why
        = help: how
      "
    `)
  })
  test('in an empty text', () => {
    expect(render('', '')).toMatchInlineSnapshot(`
      "error[KV0001]: wrong
       ┌ a.kavach:1:1
      1 │
        │ ^
      "
    `)
  })
})

test('nothing in a message disturbs the terminal', () => {
  expect(
    render('x', 'x', {
      message: 'a\u001b[31m',
      label: 'b\r',
      help: 'c\u202e',
      notes: [{ key: 'request', text: 'one\ntwo\u0007' }],
    }),
  ).toMatchInlineSnapshot(`
    "error[KV0001]: a<U+001B>[31m
     ┌ a.kavach:1:1
    1 │ x
      │ ^ b<U+000D>
      = request: one
                 two<U+0007>
      = help: c<U+202E>
    "
  `)
})

test('a fix without help is the help, and pages are linked when there are some', () => {
  const fix = { title: 'remove it', edits: [] }
  const sources = new Map([['a.kavach', 'x']])
  expect(
    renderDiagnostics([diagnostic('x', 'x', { fix })], sources, 'text', { docsBaseUrl: 'https://e.org/d' }),
  ).toMatchInlineSnapshot(`
    "error[KV0001]: wrong
     ┌ a.kavach:1:1
    1 │ x
      │ ^
      = help: remove it
      = docs: https://e.org/d/KV0001.md
    "
  `)
})

test('colours are only added', () => {
  const list = [
    diagnostic(TEXT, 'allow', {
      label: 'l',
      help: 'h',
      secondary: [{ path: 'a.kavach', span: at(TEXT, 'line 2'), label: 's' }],
    }),
  ]
  const sources = new Map([['a.kavach', TEXT]])
  const colored = renderDiagnostics(list, sources, 'text', { color: true })
  expect(colored).toContain('\u001b[1;31merror[KV0001]\u001b[0m')
  expect(colored.replaceAll('\u001b', '').replace(/\[[0-9;]*m/g, '')).toBe(renderDiagnostics(list, sources, 'text'))
})
