import { describe, expect, test } from 'vitest'
import { parseListen } from '../../cli/listen.ts'

describe('an address to listen on', () => {
  test.each([
    ['7411', { host: '127.0.0.1', port: 7411, isLoopback: true }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0, isLoopback: true }],
    ['127.8.9.1:80', { host: '127.8.9.1', port: 80, isLoopback: true }],
    ['localhost:80', { host: 'localhost', port: 80, isLoopback: true }],
    ['[::1]:80', { host: '::1', port: 80, isLoopback: true }],
    ['0.0.0.0:65535', { host: '0.0.0.0', port: 65_535, isLoopback: false }],
    ['[::]:80', { host: '::', port: 80, isLoopback: false }],
    ['kavach.internal:80', { host: 'kavach.internal', port: 80, isLoopback: false }],
    ['127.0.0.1.example:80', { host: '127.0.0.1.example', port: 80, isLoopback: false }],
  ])('%s is read', (text, listen) => {
    expect(parseListen(text)).toEqual(listen)
  })

  test.each(['', ':80', '1:2:3', '::1:80', '127.0.0.1', '127.0.0.1:65536', '127.0.0.1:-1', 'http://127.0.0.1:80'])(
    '%s is none',
    (text) => {
      expect(() => parseListen(text)).toThrow('It wants an address and a port: 127.0.0.1:7411.')
    },
  )
})
