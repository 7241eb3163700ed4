import { expect, test } from 'vitest'
import { deriveKeys } from '../../../../runtime/keys/index.ts'
import { seal, unseal } from '../../../../runtime/mcp/authorize/sealed.ts'
import { hostAt, NOW } from '../../site.ts'

const keysOf = (...secrets: string[]) => deriveKeys({ project: 'default', host: hostAt(NOW) }, secrets)
const KEYS = keysOf('a secret with thirty-two bytes or more')
const VALUE = { kind: 'test', exp: NOW + 1000, text: 'ü\u0000😀' }

test('what was sealed comes back as it was, until its time is over', async () => {
  const text = await seal(KEYS, 'page-tokens', VALUE)
  expect(text).toMatch(/^[\w-]+\.[\w-]{43}$/)
  expect(await unseal(KEYS, 'page-tokens', { text, kind: 'test', now: NOW + 999 })).toEqual(VALUE)
  expect(await unseal(KEYS, 'page-tokens', { text, kind: 'test', now: NOW + 1000 })).toBe(undefined)
})

test('nothing else comes back', async () => {
  const text = await seal(KEYS, 'page-tokens', VALUE)
  const [body = '', mac = ''] = text.split('.')
  const now = NOW
  const texts = [
    '',
    '.',
    body,
    `.${mac}`,
    `${text}.`,
    `${text} `,
    `${body}A.${mac}`,
    `${body}=.${mac}`,
    `${body.slice(0, -1)}.${mac}`,
    `${body}.${'A'.repeat(43)}`,
    `${mac}.${body}`,
    'x'.repeat(100_000),
  ]
  for (const one of texts) {
    expect([one, await unseal(KEYS, 'page-tokens', { text: one, kind: 'test', now })]).toEqual([one, undefined])
  }
  expect(await unseal(KEYS, 'page-tokens', { text, kind: 'other', now })).toBe(undefined)
  expect(await unseal(KEYS, 'cookies', { text, kind: 'test', now })).toBe(undefined)
  const others = keysOf('another secret with thirty-two bytes')
  expect(await unseal(others, 'page-tokens', { text, kind: 'test', now })).toBe(undefined)
})
