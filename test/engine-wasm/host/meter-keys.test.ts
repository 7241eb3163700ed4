import { expect, test } from 'vitest'
import { PER_AGENT, PER_ALL, PER_OWNER, PER_TENANT } from '../../../engine-wasm/format/layout.ts'
import { MeterKeys } from '../../../engine-wasm/host/meter-keys.ts'

const [HIGH, LOW] = [0x00abcdef, 0x00000012]
const PACING = 0x100
const MONEY = 0x1000000
const kinds = (window: number, per: number) => window | (per << 16)

test('a key has clause, window and whose it is', () => {
  const keys = new MeterKeys()
  expect(keys.keyOf(HIGH, LOW, kinds(0, PER_AGENT), 'é a')).toBe('00abcdef00000012/minute/agent=%C3%A9%20a')
  expect(keys.keyOf(HIGH, LOW, kinds(1, PER_OWNER) | PACING, 'o')).toBe('00abcdef00000012p/hour/owner=o')
  expect(keys.keyOf(HIGH, LOW, kinds(1, PER_OWNER), '')).toBe('00abcdef00000012/hour/owner')
  expect(keys.keyOf(HIGH, LOW, kinds(2, PER_TENANT), 't')).toBe('00abcdef00000012/day/tenant=t')
  expect(keys.keyOf(HIGH, LOW, kinds(2, PER_TENANT), '')).toBe('00abcdef00000012/day/tenant')
  expect(keys.keyOf(HIGH, LOW, kinds(3, PER_ALL) | MONEY, '')).toBe('00abcdef00000012/month')
})

test('what differs in one part is another key, however much is remembered', () => {
  const keys = new MeterKeys()
  const parts: readonly (readonly [number, number, number, string])[] = Array.from({ length: 300 }, (_, i) => [
    i % 3,
    Math.floor(i / 3) % 5,
    kinds(Math.floor(i / 15) % 4, PER_AGENT) | (i % 2 ? PACING : 0),
    `a${i % 7}`,
  ])
  const first = parts.map((part) => keys.keyOf(...part))
  expect(new Set(first).size).toBe(new Set(parts.map((part) => part.join())).size)
  for (let i = 0; i < 250_000; i++) keys.keyOf(HIGH, i, kinds(0, PER_AGENT), i % 2 ? `b${i}` : 'one')
  expect(parts.map((part) => keys.keyOf(...part))).toEqual(first)
})

test('the part of a resource is percent-encoded, however many there are', () => {
  const keys = new MeterKeys()
  for (let i = 0; i < 20_001; i++) keys.partOf(`r:${i}`)
  expect(['r:x', 'r:é/%', 'r:x', 'r:0'].map((resource) => keys.partOf(resource))).toEqual([
    '/resource=r%3Ax',
    '/resource=r%3A%C3%A9%2F%25',
    '/resource=r%3Ax',
    '/resource=r%3A0',
  ])
  expect(() => keys.partOf('\ud800')).toThrow(URIError)
})
