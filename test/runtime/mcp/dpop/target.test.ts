import { expect, test } from 'vitest'
import { sameTarget } from '../../../../runtime/mcp/dpop/target.ts'

const URL = 'https://as.example.com/a~b/%C3%A9'

test.each([
  ['https://as.example.com/a~b/%C3%A9', true],
  ['HTTPS://AS.Example.COM/a~b/%C3%A9', true],
  ['https://as.example.com:443/a~b/%C3%A9', true],
  ['https://as.example.com/a%7Eb/%c3%a9', true],
  ['https://as.example.com/x/../a~b/./%C3%A9', true],
  ['https://as.example.com/a~b/%C3%A9?code=1', true],
  ['https://as.example.com/a~b/%C3%A9#top', true],
  ['http://as.example.com/a~b/%C3%A9', false],
  ['https://as.example.com:444/a~b/%C3%A9', false],
  ['https://evil.example.com/a~b/%C3%A9', false],
  ['https://as.example.com.evil.example/a~b/%C3%A9', false],
  ['https://as.example.com@evil.example/a~b/%C3%A9', false],
  ['https://user@as.example.com/a~b/%C3%A9', false],
  ['https://as.example.com/a~b/%C3%A9/', false],
  ['https://as.example.com/A~b/%C3%A9', false],
  ['https://as.example.com/a~b%2F%C3%A9', false],
  ['https://as.example.com//a~b/%C3%A9', false],
  ['/a~b/%C3%A9', false],
  ['', false],
  [`https://as.example.com/a~b/%C3%A9?${'x'.repeat(5000)}`, false],
])('%s names the same target: %s', (stated, expected) => {
  expect(sameTarget(stated, URL)).toBe(expected)
})

test('a root with and without its slash is the same', () => {
  expect(sameTarget('https://as.example.com/', 'https://as.example.com')).toBe(true)
})
