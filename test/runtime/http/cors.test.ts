import { describe, expect, test } from 'vitest'
import { createCors } from '../../../runtime/http/cors.ts'
import { openApi, READ } from './api-host.ts'

const PAGE = 'https://console.example.com'
const http = { cors: { origins: [PAGE] } }
const corsOf = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-') || name === 'vary'))

describe('a page of another origin', () => {
  test('may read nothing unless its origin is listed', async () => {
    const headers = { origin: PAGE }
    expect(corsOf((await (await openApi()).ask('GET', '/health', { headers })).headers)).toEqual({})
    const api = await openApi({ http })
    const others = await api.ask('GET', '/health', { headers: { origin: 'https://evil.example' } })
    expect(corsOf(others.headers)).toEqual({ vary: 'origin' })
    expect(corsOf((await api.ask('GET', '/health', { headers: { origin: 'null' } })).headers)).toEqual({
      vary: 'origin',
    })
  })

  test('that is listed may read decisions and errors', async () => {
    const api = await openApi({ http })
    const { token } = await api.agent()
    const exposed = {
      'access-control-allow-origin': PAGE,
      'access-control-expose-headers': 'x-request-id, retry-after',
      vary: 'origin',
    }
    const headers = { origin: PAGE }
    expect(corsOf((await api.ask('POST', '/v1/authorize', { as: token, json: READ, headers })).headers)).toEqual(
      exposed,
    )
    expect(corsOf((await api.ask('GET', '/v1/agents', { headers })).headers)).toEqual(exposed)
  })

  test('that is listed may ask before it sends a credential', async () => {
    const api = await openApi({ http })
    const { status, headers } = await api.ask('OPTIONS', '/v1/authorize', { headers: { origin: PAGE } })
    expect({ status, cors: corsOf(headers) }).toEqual({
      status: 204,
      cors: {
        'access-control-allow-origin': PAGE,
        'access-control-allow-methods': 'POST, OPTIONS',
        'access-control-allow-headers': 'authorization, content-type, idempotency-key, x-kavach-approver',
        'access-control-expose-headers': 'x-request-id, retry-after',
        'access-control-max-age': '600',
        vary: 'origin',
      },
    })
  })

  test.each(['*', 'console.example.com', 'https://console.example.com/', 'null'])(
    'cannot be listed as %s',
    (origin) => {
      expect(() => createCors({ origins: [origin] })).toThrow(
        expect.objectContaining({
          code: 'KVCH_E_CONFIG_INVALID',
          message: `cors.origins: \`${origin}\` is no origin such as \`https://console.example.com\``,
        }),
      )
    },
  )
})
