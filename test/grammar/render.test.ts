import { describe, expect, test } from 'vitest'
import { type Diagnostic, renderDiagnostics } from '../../grammar/index.ts'

const SOURCES = new Map([
  ['p/acme.kavach', 'policy acme\n\tdelegate a -> b\n'],
  ['p/b c.kavach', 'role x { }\r\n'],
])

const FULL: Diagnostic = {
  code: 'KV4101',
  severity: 'error',
  message: 'this delegation gives more than `a` holds',
  path: 'p/acme.kavach',
  span: { start: 13, end: 21 },
  label: '`a` has no write',
  secondary: [{ path: 'p/b c.kavach', span: { start: 5, end: 6 }, label: 'nearest, 100%' }],
  notes: [{ key: 'witness', text: 'a  write  mcp:x' }],
  help: 'narrow it',
  fix: { title: 'narrow it', edits: [{ path: 'p/acme.kavach', span: { start: 13, end: 21 }, text: 'x' }] },
}

const SHORT: Diagnostic = {
  code: 'KV0001',
  severity: 'warning',
  message: 'odd: \u202e,\n%',
  path: 'missing.kavach',
  span: { start: 0, end: 0 },
}

describe('JSON', () => {
  test('holds everything, with lines and columns', () => {
    expect(
      JSON.parse(renderDiagnostics([FULL, SHORT], SOURCES, 'json', { docsBaseUrl: 'https://example.org/errors/' })),
    ).toEqual({
      diagnostics: [
        {
          code: 'KV4101',
          severity: 'error',
          message: 'this delegation gives more than `a` holds',
          path: 'p/acme.kavach',
          start: 13,
          end: 21,
          line: 2,
          column: 2,
          endLine: 2,
          endColumn: 10,
          label: '`a` has no write',
          secondary: [
            {
              label: 'nearest, 100%',
              path: 'p/b c.kavach',
              start: 5,
              end: 6,
              line: 1,
              column: 6,
              endLine: 1,
              endColumn: 7,
            },
          ],
          notes: [{ key: 'witness', text: 'a  write  mcp:x' }],
          help: 'narrow it',
          fix: {
            title: 'narrow it',
            edits: [
              { path: 'p/acme.kavach', start: 13, end: 21, line: 2, column: 2, endLine: 2, endColumn: 10, text: 'x' },
            ],
          },
          docs: 'https://example.org/errors/KV4101.md',
        },
        {
          code: 'KV0001',
          severity: 'warning',
          message: 'odd: \u202e,\n%',
          path: 'missing.kavach',
          start: 0,
          end: 0,
          docs: 'https://example.org/errors/KV0001.md',
        },
      ],
    })
  })

  test('of nothing is an empty list', () => {
    expect(renderDiagnostics([], SOURCES, 'json')).toBe('{\n  "diagnostics": []\n}\n')
  })
})

describe('SARIF', () => {
  test('holds rules, places and fixes', () => {
    const physicalLocation = {
      artifactLocation: { uri: 'p/acme.kavach' },
      region: { startLine: 2, startColumn: 2, endLine: 2, endColumn: 10 },
    }
    expect(JSON.parse(renderDiagnostics([FULL, SHORT], SOURCES, 'sarif'))).toEqual({
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'kavach', rules: [{ id: 'KV0001' }, { id: 'KV4101' }] } },
          columnKind: 'utf16CodeUnits',
          results: [
            {
              ruleId: 'KV4101',
              ruleIndex: 1,
              level: 'error',
              message: {
                text: 'this delegation gives more than `a` holds: `a` has no write\nwitness: a  write  mcp:x\nhelp: narrow it',
              },
              locations: [{ physicalLocation }],
              relatedLocations: [
                {
                  id: 0,
                  physicalLocation: {
                    artifactLocation: { uri: 'p/b%20c.kavach' },
                    region: { startLine: 1, startColumn: 6, endLine: 1, endColumn: 7 },
                  },
                  message: { text: 'nearest, 100%' },
                },
              ],
              fixes: [
                {
                  description: { text: 'narrow it' },
                  artifactChanges: [
                    {
                      artifactLocation: { uri: 'p/acme.kavach' },
                      replacements: [{ deletedRegion: physicalLocation.region, insertedContent: { text: 'x' } }],
                    },
                  ],
                },
              ],
            },
            {
              ruleId: 'KV0001',
              ruleIndex: 0,
              level: 'warning',
              message: { text: 'odd: <U+202E>,<U+000A>%' },
              locations: [{ physicalLocation: { artifactLocation: { uri: 'missing.kavach' } } }],
            },
          ],
        },
      ],
    })
  })

  test('of nothing is a run without results', () => {
    expect(JSON.parse(renderDiagnostics([], SOURCES, 'sarif')).runs[0].results).toEqual([])
  })
})

describe('workflow commands', () => {
  test('are one line for each diagnostic, escaped', () => {
    expect(renderDiagnostics([FULL, SHORT], SOURCES, 'github')).toBe(
      '::error file=p/acme.kavach,line=2,col=2,endLine=2,endColumn=10,title=KV4101::this delegation gives more than `a` holds: `a` has no write%0Awitness: a  write  mcp:x%0Ahelp: narrow it\n' +
        '::warning file=missing.kavach,title=KV0001::odd: <U+202E>,<U+000A>%25\n',
    )
  })

  test('escape what separates properties', () => {
    const odd = { ...SHORT, path: 'a:b,c%\n.kavach', message: 'm' }
    expect(renderDiagnostics([odd], SOURCES, 'github')).toBe('::warning file=a%3Ab%2Cc%25%0A.kavach,title=KV0001::m\n')
  })
})
