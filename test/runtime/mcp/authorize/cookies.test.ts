import { expect, test } from 'vitest'
import { createCookies } from '../../../../runtime/mcp/authorize/cookies.ts'

const secure = createCookies({ isLoopback: false })
const plain = createCookies({ isLoopback: true })

test('a cookie is of this host alone, and out of reach of scripts and other sites', () => {
  expect([secure.write('kavach_session', 'v'), secure.clear('kavach_session')]).toEqual([
    '__Host-kavach_session=v; Path=/; HttpOnly; SameSite=Lax; Secure',
    '__Host-kavach_session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0',
  ])
  expect(plain.write('kavach_browser', 'v')).toBe('kavach_browser=v; Path=/; HttpOnly; SameSite=Lax')
})

test.each([
  ['__Host-kavach_browser=v', 'v'],
  ['a=b; __Host-kavach_browser=v; c=d', 'v'],
  ['a=b;__Host-kavach_browser=v=w', 'v=w'],
  ['__Host-kavach_browser=', ''],
  ['', undefined],
  ['kavach_browser=v', undefined],
  ['x__Host-kavach_browser=v', undefined],
  ['__Host-kavach_browserx=v', undefined],
  ['__host-kavach_browser=v', undefined],
  ['__Host-kavach_browser=v; __Host-kavach_browser=v', undefined],
])('in `%s` it is %j', (cookie, value) => {
  const request = new Request('https://as.example.com/', { headers: { cookie } })
  expect(secure.read(request, 'kavach_browser')).toBe(value)
})
