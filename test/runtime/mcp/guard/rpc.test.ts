import { describe, expect, test } from 'vitest'
import { readMessage } from '../../../../runtime/mcp/guard/rpc.ts'

const REQUEST = { jsonrpc: '2.0', id: 1, method: 'ping' }

test('requests, notifications and answers are built anew of the members that they have', () => {
  expect(readMessage({ ...REQUEST, params: { a: 1 }, extra: true })).toEqual({
    kind: 'request',
    message: { ...REQUEST, params: { a: 1 } },
  })
  expect(readMessage({ jsonrpc: '2.0', method: 'notifications/initialized' })).toEqual({
    kind: 'notification',
    message: { jsonrpc: '2.0', method: 'notifications/initialized' },
  })
  expect(readMessage({ jsonrpc: '2.0', id: 'a', result: {} })).toEqual({
    kind: 'response',
    message: { jsonrpc: '2.0', id: 'a', result: {} },
  })
  const error = { code: -1, message: 'no' }
  expect(readMessage({ jsonrpc: '2.0', id: 'a', error })).toEqual({
    kind: 'response',
    message: { jsonrpc: '2.0', id: 'a', error },
  })
})

describe('what is no message is refused', () => {
  test.each([
    ['a batch', [REQUEST], -32600],
    ['an empty batch', [], -32600],
    ['null', null, -32600],
    ['a text', 'ping', -32600],
    ['another version', { ...REQUEST, jsonrpc: '1.0' }, -32600],
    ['no version', { id: 1, method: 'ping' }, -32600],
    ['an id of null', { ...REQUEST, id: null }, -32600],
    ['an id that is a list', { ...REQUEST, id: [1] }, -32600],
    ['a method that is no text', { ...REQUEST, method: 7 }, -32600],
    ['params in a list', { ...REQUEST, params: ['a'] }, -32602],
    ['params of null', { ...REQUEST, params: null }, -32602],
    ['a result and an error', { jsonrpc: '2.0', id: 1, result: {}, error: {} }, -32600],
    ['neither', { jsonrpc: '2.0', id: 1 }, -32600],
    ['an answer without an id', { jsonrpc: '2.0', result: {} }, -32600],
  ])('%s', (_, value, code) => {
    expect(readMessage(value)).toMatchObject({ kind: 'fault', answer: { error: { code } } })
  })

  test.each([
    ['Method', { ...REQUEST, Method: 'tools/call' }],
    ['METHOD', { ...REQUEST, METHOD: 'tools/call' }],
    ['paramſ', { ...REQUEST, paramſ: {} }],
    ['ＩＤ in full width', { ...REQUEST, ＩＤ: 2 }],
    ['Name', { ...REQUEST, params: { name: 'a', Name: 'b' } }],
    ['argumentſ', { ...REQUEST, params: { name: 'a', argumentſ: {} } }],
    ['URI', { ...REQUEST, params: { URI: 'a' } }],
  ])('a member that somebody else might read as another one: %s', (_, value) => {
    expect(readMessage(value)).toMatchObject({ kind: 'fault' })
  })
})

test('of equal names in JSON the last one is judged, and nothing else is passed on', () => {
  const read = readMessage(JSON.parse('{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping"}'))
  expect(JSON.stringify(read.kind === 'request' && read.message)).toBe('{"jsonrpc":"2.0","method":"ping","id":1}')
})

test('`__proto__` is a name like any other, and changes nothing', () => {
  const read = readMessage(
    JSON.parse(
      '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"name":"x"}},"__proto__":{"method":"tools/call"}}',
    ),
  )
  expect(read).toMatchObject({ kind: 'request', message: { method: 'ping' } })
  expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  expect('name' in {}).toBe(false)
})
