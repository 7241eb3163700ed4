import { describe, expect, test } from 'vitest'
import { type GuardedResource, operationOf, targetOfListed } from '../../../../runtime/mcp/guard/operation.ts'

const RESOURCE: GuardedResource = {
  url: 'https://one.example.com/mcp',
  server: 'one',
  title: 'One',
  scopes: [],
  map: 'execute',
  tools: {
    mapped: { action: 'write', resource: 'doc:notes' },
    'odd:name': { action: 'execute', resource: 'odd:name' },
  },
}
const HINTED: GuardedResource = { ...RESOURCE, map: 'hints' }
const NO_HINTS = () => undefined

function tool(
  name: unknown,
  more: object = {},
  resource = RESOURCE,
  hints: Parameters<typeof operationOf>[2] = NO_HINTS,
) {
  return operationOf({ method: 'tools/call', params: { name, ...more } }, resource, hints)
}

describe('DECISIONS 42: a tool', () => {
  test('is executed under its own name, or mapped as it is configured', () => {
    expect(tool('read', { arguments: { a: 1 } })).toEqual({
      kind: 'call',
      target: { action: 'execute', resource: 'mcp:one:read' },
      args: { a: 1 },
      isTool: true,
    })
    expect(tool('mapped')).toMatchObject({ target: { action: 'write', resource: 'doc:notes' } })
    expect(tool('odd:name')).toMatchObject({ target: { resource: 'odd:name' } })
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'łatka', '工具', 'a b', 'a%3Ab', '-', '$'])(
    'called `%s` is a tool like any other',
    (name) => {
      expect(tool(name)).toMatchObject({ target: { action: 'execute', resource: `mcp:one:${name}` } })
    },
  )

  test.each([
    '',
    'resource:x',
    'prompt:greet',
    'a*',
    '*',
    '**',
    'a\u0000',
    'a\n',
    'a\u009f',
    'e\u0301',
    '\ud800',
    'x'.repeat(129),
  ])('called %j has no mapping', (name) => {
    expect(tool(name)).toEqual({ kind: 'unmapped', why: 'the name of this tool cannot stand in a policy' })
  })

  test.each([undefined, null, 1, ['read'], { name: 'read' }])('named %j is no call', (name) => {
    expect(tool(name)).toEqual({ kind: 'malformed', why: 'the name of a tool is a text' })
  })

  test.each([null, 1, 'a', ['a']])('with arguments %j is no call', (args) => {
    expect(tool('read', { arguments: args })).toEqual({ kind: 'malformed', why: '`arguments` must be an object' })
  })

  test('as a task has no mapping, because what comes of it is asked for elsewhere', () => {
    expect(tool('read', { task: {} })).toMatchObject({ kind: 'unmapped' })
  })

  test('by the hints of the server is read, deleted or written, once they are known', () => {
    const hints = new Map([
      ['look', { readOnlyHint: true }],
      ['drop', { destructiveHint: true }],
      ['note', {}],
    ])
    const actions = ['look', 'drop', 'note', 'new', 'mapped'].map((name) =>
      tool(name, {}, HINTED, (one) => hints.get(one)),
    )
    expect(actions).toEqual([
      { kind: 'call', target: { action: 'read', resource: 'mcp:one:look' }, isTool: true },
      { kind: 'call', target: { action: 'delete', resource: 'mcp:one:drop' }, isTool: true },
      { kind: 'call', target: { action: 'write', resource: 'mcp:one:note' }, isTool: true },
      { kind: 'unlearnt', tool: 'new' },
      { kind: 'call', target: { action: 'write', resource: 'doc:notes' }, isTool: true },
    ])
  })
})

describe('DECISIONS 42: a resource', () => {
  const read = (uri: unknown, method = 'resources/read') => operationOf({ method, params: { uri } }, RESOURCE, NO_HINTS)

  test.each([
    ['file:///pub/a', 'file%3A///pub/a'],
    ['a*b', 'a%2Ab'],
    ['a\tb', 'a%09b'],
    ['a\u0085b', 'a%C2%85b'],
    ['db://übersicht?x=1#y', 'db%3A//übersicht?x=1#y'],
    ['a..b', 'a..b'],
    ['file:///a.b/...', 'file%3A///a.b/...'],
  ])('%j is the segment %j', (uri, segment) => {
    const target = { action: 'read', resource: `mcp:one:resource:${segment}` }
    expect([read(uri), read(uri, 'resources/subscribe')]).toEqual([
      { kind: 'call', target, isTool: false },
      { kind: 'call', target, isTool: false },
    ])
  })

  test.each([
    'file:///pub/../secret',
    'file:///pub/./a',
    'file:///pub/..',
    '..',
    'file:///pub/%2e%2E/secret',
    'file:///pub/.%2e/secret',
    'file:///pub%2f..%2fsecret',
    'file:///pub\\..\\secret',
    'file:///pub/..?x',
    '',
    'x'.repeat(129),
    'e\u0301',
    '\ud800',
    undefined,
    7,
  ])('%j has no mapping', (uri) => {
    expect(read(uri)).toEqual({ kind: 'unmapped', why: 'this resource cannot stand in a policy' })
  })
})

test('a prompt is read under its name, with its arguments', () => {
  const get = (params: object) => operationOf({ method: 'prompts/get', params: { ...params } }, RESOURCE, NO_HINTS)
  expect(get({ name: 'greet', arguments: { who: 'ann' } })).toEqual({
    kind: 'call',
    target: { action: 'read', resource: 'mcp:one:prompt:greet' },
    args: { who: 'ann' },
    isTool: false,
  })
  expect(get({ name: 'a:b' })).toMatchObject({ kind: 'unmapped' })
  expect(get({})).toMatchObject({ kind: 'unmapped' })
})

test('a completion is for what it refers to', () => {
  const complete = (ref: unknown) =>
    operationOf(
      { method: 'completion/complete', params: { ref, argument: { name: 'a', value: '' } } },
      RESOURCE,
      NO_HINTS,
    )
  expect(complete({ type: 'ref/prompt', name: 'greet' })).toEqual({
    kind: 'suggest',
    target: { action: 'read', resource: 'mcp:one:prompt:greet' },
  })
  expect(complete({ type: 'ref/resource', uri: 'file:///{path}' })).toEqual({
    kind: 'suggest',
    target: { action: 'read', resource: 'mcp:one:resource:file%3A///{path}' },
  })
  expect(complete({ type: 'ref/tool', name: 'greet' })).toMatchObject({ kind: 'unmapped' })
  expect(complete({ type: 'ref/prompt', name: 'greet', Name: 'other' })).toMatchObject({ kind: 'malformed' })
  expect(complete(undefined)).toMatchObject({ kind: 'malformed' })
})

test('whoever listens is asked about each resource', () => {
  const listen = (notifications: unknown) =>
    operationOf({ method: 'subscriptions/listen', params: { notifications } }, RESOURCE, NO_HINTS)
  expect(listen({ toolsListChanged: true })).toEqual({ kind: 'protocol' })
  expect(listen({ resourceSubscriptions: ['a', 'b:c'] })).toEqual({
    kind: 'watch',
    targets: [
      { action: 'read', resource: 'mcp:one:resource:a' },
      { action: 'read', resource: 'mcp:one:resource:b%3Ac' },
    ],
  })
  expect(listen({ resourceSubscriptions: ['a', '../b'] })).toMatchObject({ kind: 'unmapped' })
  expect(listen({ resourceSubscriptions: 'a' })).toMatchObject({ kind: 'malformed' })
  expect(listen({ resourcesubscriptions: ['a'] })).toMatchObject({ kind: 'malformed' })
  expect(listen({ resourceSubscriptions: Array(101).fill('a') })).toMatchObject({ kind: 'malformed' })
})

test('what belongs to the protocol passes, and everything else is refused', () => {
  const kindOf = (method: string) => operationOf({ method }, RESOURCE, NO_HINTS).kind
  const protocol = ['initialize', 'ping', 'server/discover', 'logging/setLevel', 'tools/list', 'resources/list']
  expect([...protocol, 'resources/templates/list', 'resources/unsubscribe', 'prompts/list'].map(kindOf)).toEqual(
    Array(9).fill('protocol'),
  )
  const others = ['tasks/get', 'tasks/result', 'tasks/list', 'tasks/cancel', 'roots/list', 'sampling/createMessage']
  const odd = ['tools/Call', 'TOOLS/LIST', 'tools/list ', '', '__proto__', 'constructor', 'skills/get']
  expect([...others, ...odd].map(kindOf)).toEqual(Array(13).fill('unmapped'))
})

test('entries of lists stand for what a request for them would', () => {
  const target = (list: 'tools' | 'resources' | 'prompts', entry: unknown, resource = RESOURCE) =>
    targetOfListed(list, entry, resource, NO_HINTS)
  expect(target('tools', { name: 'read' })).toEqual({ action: 'execute', resource: 'mcp:one:read' })
  expect(target('tools', { name: 'read' }, HINTED)).toEqual({ action: 'write', resource: 'mcp:one:read' })
  expect(target('resources', { uri: 'a:b' })).toEqual({ action: 'read', resource: 'mcp:one:resource:a%3Ab' })
  expect(target('prompts', { name: 'greet' })).toEqual({ action: 'read', resource: 'mcp:one:prompt:greet' })
  expect([target('tools', { name: 7 }), target('tools', null), target('prompts', ['a'])]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})
