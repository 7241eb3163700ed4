import { expect, test } from 'vitest'
import { type Catalogs, diffTools } from '../../../compiler/analyze/diff-tools.ts'
import { parseCatalog } from '../../../compiler/front/index.ts'
import { modelOf } from './sound.ts'

function catalogOf(tools: readonly unknown[]): Catalogs {
  const parsed = parseCatalog(JSON.stringify({ tools }))
  if (!parsed.ok) throw new TypeError(parsed.message)
  return new Map([['files', parsed.catalog]])
}

const MODEL = modelOf(
  'autonomous agent a { allow execute on mcp:files:** allow execute on mcp:files:wipe allow read on ** }',
)

test('a new tool names the wildcards that cover it, not the grants that mean it', () => {
  const wipe = { name: 'wipe', annotations: { destructiveHint: true } }
  expect(diffTools(catalogOf([]), catalogOf([wipe]), MODEL)).toEqual([
    { catalog: 'files', tool: 'wipe', change: 'added', details: [], isDestructive: true, coveredBy: [0] },
  ])
  expect(diffTools(catalogOf([wipe]), catalogOf([]), MODEL)).toMatchObject([{ change: 'removed', coveredBy: [] }])
})

test('arguments that change, come, go, or become required are told', () => {
  const tool = (properties: object, required: readonly string[], annotations = {}) => ({
    name: 'read',
    inputSchema: { type: 'object', properties, required },
    annotations,
  })
  const old = tool({ path: { type: 'string' }, gone: { type: 'number' }, kept: { type: 'boolean' } }, [])
  const new_ = tool(
    { path: { type: 'number' }, fresh: { type: 'string', enum: ['a'] }, kept: { type: 'boolean' } },
    ['kept', 'fresh'],
    { readOnlyHint: true },
  )
  expect(diffTools(catalogOf([old]), catalogOf([new_]), MODEL)[0]?.details).toEqual([
    'says of itself that it only reads, before that it reads or writes',
    'args.path is number, was string',
    'args.gone is gone',
    'args.kept is required now',
    'args.fresh is new and required',
  ])
})

test('a tool that is asked for otherwise is looked at as a new one', () => {
  const tool = (action: string) => ({ name: 'get', 'x-kavach': { action, resource: 'mcp:files:get' } })
  expect(diffTools(catalogOf([tool('list')]), catalogOf([tool('read')]), MODEL)).toEqual([
    {
      catalog: 'files',
      tool: 'get',
      change: 'changed',
      details: ['is asked for as read on mcp:files:get, was list on mcp:files:get'],
      isDestructive: false,
      coveredBy: [2],
    },
  ])
})

test('the same tools in another order did not drift', () => {
  const [a, b] = [{ name: 'a' }, { name: 'b' }]
  expect(diffTools(catalogOf([a, b]), catalogOf([b, a]), MODEL)).toEqual([])
})
