import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, test } from 'vitest'
import { API_ROUTES, openApiDocument } from '../../../runtime/http/index.ts'
import { KEY_SCOPES } from '../../../runtime/index.ts'
import { createMemoryStore } from '../../../storage/index.ts'
import { openApi } from './api-host.ts'

interface Operation {
  readonly operationId: string
  readonly security: readonly object[]
  readonly responses: { readonly [status: string]: object }
  readonly parameters: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: object
  readonly 'x-kavach-scope'?: string
}

interface Document {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } }
  readonly components: { readonly schemas: object }
}

/** As it is sent. */
const document: Document = JSON.parse(JSON.stringify(openApiDocument()))
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
)

describe('the OpenAPI document', () => {
  test('is one of version 3.1', async () => {
    expect(await new Validator().validate(JSON.parse(JSON.stringify(openApiDocument())))).toEqual({ valid: true })
  })

  test('is served to everybody', async () => {
    const api = await openApi()
    expect(await api.ask('GET', '/openapi.json')).toMatchObject({ status: 200, body: document })
  })

  test('lists every route, and no other', () => {
    const routes = API_ROUTES.map(({ method, path, id }) => `${method} ${path} ${id}`)
    const listed = operations.map(({ method, path, operation }) => `${method} ${path} ${operation.operationId}`)
    expect(listed.sort()).toEqual(routes.toSorted())
  })

  test('refers to nothing that it does not have', () => {
    const text = JSON.stringify(document)
    const missing = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)].filter(
      ([, part = '', name = '']) => {
        const [, parts = {}] = Object.entries(document.components).find(([key]) => key === part) ?? []
        return !Object.hasOwn(parts, name)
      },
    )
    expect(missing).toEqual([])
    expect(text).not.toContain('"$schema"')
  })

  test('says of every operation who may, what it takes, and that errors have the envelope', () => {
    const error = { $ref: '#/components/responses/Error' }
    for (const { path, operation } of operations) {
      const { security, responses, parameters } = operation
      const inPath = parameters.filter((one) => one.in === 'path').map(({ name }) => name)
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
      expect([responses['4XX'], responses['5XX']]).toEqual([error, error])
      const isOpen = ['/health', '/ready', '/openapi.json'].includes(path)
      expect([path, security.length > 0]).toEqual([path, !isOpen])
      expect([path, KEY_SCOPES.some((scope) => scope === operation['x-kavach-scope'])]).toEqual([path, !isOpen])
    }
  })

  test('opens only two operations to agents', () => {
    const open = operations.filter(({ operation }) => JSON.stringify(operation.security).includes('agentToken'))
    expect(open.map(({ operation }) => operation.operationId)).toEqual(['authorize', 'createDelegation'])
  })
})

describe('every route of the document', () => {
  const closed = API_ROUTES.filter(({ access }) => access.kind !== 'anyone').map((route) => {
    const { method, path, access } = route
    return {
      method,
      path: path.replaceAll(/\{\w+\}/g, 'x'),
      scope: 'scope' in access ? access.scope : undefined,
      access,
    }
  })
  const refusal = (code: string, message: string, details?: object) => ({
    code,
    message,
    docs_url: `https://docs.kavachos.com/errors#${code}`,
    request_id: expect.stringMatching(/^req_/),
    timestamp: expect.any(String),
    ...(details !== undefined && { details }),
  })

  test('but three answers with 401 and nothing else when there is no credential', async () => {
    const api = await openApi()
    for (const { method, path } of closed) {
      const { status, headers, body } = await api.ask(method, path)
      expect({ method, path, status, challenge: headers['www-authenticate'], body }).toEqual({
        method,
        path,
        status: 401,
        challenge: 'Bearer realm="kavach"',
        body: {
          error: refusal('KVCH_E_KEY_INVALID', 'a credential is missing: send `Authorization: Bearer kvp_...`'),
        },
      })
    }
  })

  test('but two refuses an agent as it refuses anybody, and leaves a row', async () => {
    const api = await openApi()
    const { token } = await api.agent()
    const manages = closed.filter(({ access }) => access.kind === 'key')
    for (const { method, path } of manages) {
      // More than sixty a minute have no rows of their own.
      await api.host.advance(60_000)
      for (const as of [token, `kvp_${'0'.repeat(49)}`]) {
        const { status, body } = await api.ask(method, path, { as })
        expect({ method, path, status, body }).toEqual({
          method,
          path,
          status: 401,
          body: {
            error: refusal('KVCH_E_KEY_INVALID', 'the project key is malformed, unknown, expired or revoked'),
          },
        })
      }
    }
    const rows = await api.kavach.audit.query({ kind: 'key.refuse' })
    expect(rows.map(({ code, result, source }) => ({ code, result, source }))).toEqual(
      Array.from({ length: 2 * manages.length }, () => ({
        code: 'KVCH_E_KEY_INVALID',
        result: 'denied',
        source: '192.0.2.7',
      })),
    )
  })

  test('wants the scope that the document names', async () => {
    const api = await openApi()
    for (const { method, path, scope } of closed) {
      const as = await api.key(...KEY_SCOPES.filter((one) => one !== scope))
      const { status, body } = await api.ask(method, path, { as })
      const error = refusal('KVCH_E_KEY_SCOPE', `the project key lacks the scope \`${scope}\``, { scope })
      expect({ method, path, status, body }).toEqual({ method, path, status: 403, body: { error } })
    }
  })

  test('knows no key of another project', async () => {
    const store = createMemoryStore()
    const other = await openApi({ store, options: { project: 'other' } })
    const api = await openApi({ store })
    const as = await other.key(...KEY_SCOPES)
    for (const { method, path } of closed) {
      const { status, body } = await api.ask(method, path, { as })
      expect({ method, path, status, body }).toMatchObject({
        status: 401,
        body: { error: { code: 'KVCH_E_KEY_INVALID' } },
      })
    }
  })
})
