import { expect, it } from 'vitest'
import { type ArgumentSchema, parseCatalog } from '../../../compiler/front/index.ts'

function schemaOf(inputSchema: unknown): ArgumentSchema | undefined {
  const parsed = parseCatalog(JSON.stringify({ tools: [{ name: 't', inputSchema }] }))
  return parsed.ok ? parsed.catalog.tools.get('t')?.input : undefined
}

const UNKNOWN = { kind: 'unknown' }
const scalar = (types: readonly string[], values?: readonly string[]) => ({ kind: 'scalar', types, values })

it.each<[unknown, unknown]>([
  [undefined, UNKNOWN],
  [true, UNKNOWN],
  [{ type: 'string' }, scalar(['string'])],
  [{ type: 'integer' }, scalar(['number'])],
  [{ type: ['string', 'null', 'integer', 'number'] }, scalar(['string', 'null', 'number'])],
  [{ type: ['string', 'object'] }, UNKNOWN],
  [{ type: 'string', enum: ['a', 'b'] }, scalar(['string'], ['a', 'b'])],
  [{ type: 'string', const: 'a' }, scalar(['string'], ['a'])],
  [{ type: 'number', enum: [1, 2] }, scalar(['number'])],
  [{ anyOf: [{ type: 'string' }] }, UNKNOWN],
  [{ $ref: '#/x', type: 'string' }, UNKNOWN],
  [
    { type: 'array', items: { type: 'boolean' } },
    { kind: 'array', items: scalar(['boolean']) },
  ],
  [{ type: 'object' }, { kind: 'object', properties: undefined, required: new Set(), open: false }],
  [
    { type: 'object', properties: { b: { type: 'string' }, a: {} }, required: ['a'], additionalProperties: {} },
    {
      kind: 'object',
      properties: new Map<string, unknown>([
        ['b', scalar(['string'])],
        ['a', UNKNOWN],
      ]),
      required: new Set(['a']),
      open: true,
    },
  ],
  [
    { type: 'object', properties: {}, additionalProperties: false, patternProperties: {} },
    { kind: 'object', properties: new Map(), required: new Set(), open: true },
  ],
])('%j', (schema, expected) => {
  expect(schemaOf(schema)).toEqual(expected)
})

it('reads the names and the mapping of tools in their order, and ignores what it does not know', () => {
  const text = JSON.stringify({
    nextCursor: null,
    tools: [
      { name: 'b', title: 'B', annotations: { destructiveHint: true } },
      { name: 'a', 'x-kavach': { action: 'read', resource: 'x:y', more: 1 } },
    ],
  })
  expect(parseCatalog(text)).toEqual({
    ok: true,
    catalog: {
      tools: new Map([
        ['b', { name: 'b', action: undefined, resource: undefined, input: UNKNOWN, hints: { destructive: true } }],
        ['a', { name: 'a', action: 'read', resource: 'x:y', input: UNKNOWN }],
      ]),
    },
  })
})

it('does not follow a schema for ever', () => {
  let schema: unknown = { type: 'string' }
  for (let i = 0; i < 1000; i++) schema = { type: 'array', items: schema }
  let depth = 0
  for (let at = schemaOf(schema); at?.kind === 'array'; at = at.items) depth++
  expect(depth).toBe(17)
})
