/** A token endpoint with clients, a user and her agent, and the requests that clients send to it. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import type { Row } from '../../../../runtime/index.ts'
import { createClients } from '../../../../runtime/mcp/clients/index.ts'
import { createDpop } from '../../../../runtime/mcp/dpop/index.ts'
import { createSigningKeys, type SigningKeys } from '../../../../runtime/mcp/keys/index.ts'
import type { ConfiguredClient } from '../../../../runtime/mcp/options.ts'
import {
  createTokens,
  type GrantHandler,
  type NewCode,
  type NewGrant,
  type TokenAnswer,
  type Tokens,
} from '../../../../runtime/mcp/tokens/index.ts'
import { ISSUER, NOW, openPlace, type PlaceParts, RESOURCE, type TestPlace } from '../place.ts'

export const VERIFIER = 'a-verifier-of-43-characters-or-more.0123456789~_'
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
export const REDIRECT = 'http://127.0.0.1:5000/callback'
export const SCOPES = ['mcp:tools', 'mcp:files']
export const IP = '203.0.113.7'
export const SECRET = 'a secret of 32 characters or more'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

const redirectUris = [REDIRECT]
export const CLIENTS: readonly ConfiguredClient[] = [
  { id: 'app', redirectUris },
  { id: 'other', redirectUris },
  { id: 'web', redirectUris, secret: SECRET },
  { id: 'once', redirectUris, grantTypes: ['authorization_code'] },
  { id: 'bound', redirectUris, dpopBoundAccessTokens: true },
  { id: 'server', secret: SECRET, mayIntrospect: true },
]

/** Parameters of a request; a list sends one name several times. */
export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>
export type Answer = { readonly status: number; readonly body: unknown }

export interface Scene {
  readonly place: TestPlace
  readonly tokens: Tokens
  readonly keys: SigningKeys
  readonly agentId: string
  /** The user agrees; the code that the client is given. */
  readonly agree: (what?: Partial<NewGrant & NewCode> & { readonly clientId?: string }) => Promise<string>
  /** What `authorization_code` asks for, with what differs; a member that is `undefined` is left out. */
  readonly exchange: (code: string, others?: Parameters, headers?: Record<string, string>) => Promise<Answer>
  readonly refresh: (token: string, others?: Parameters, headers?: Record<string, string>) => Promise<Answer>
  readonly send: (
    endpoint: 'token' | 'revoke' | 'introspect',
    form: Parameters,
    headers?: Record<string, string>,
  ) => Promise<Response>
  readonly revoke: (token: string, others?: Parameters, headers?: Record<string, string>) => Promise<Answer>
  /** By the resource server. */
  readonly introspect: (token: string, others?: Parameters) => Promise<Answer>
  /** Agreed to and exchanged. */
  readonly signIn: (
    what?: Partial<NewGrant & NewCode> & { readonly clientId?: string },
    headers?: Record<string, string>,
  ) => Promise<Signed>
  readonly isGood: (token: string) => Promise<boolean>
  readonly grantOf: (token: string) => Promise<Row<'oauthGrants'> | undefined>
  /** Time passes, and nothing is done meanwhile. */
  readonly later: (ms: number) => void
  /** Kinds of the rows of the log that are about OAuth, oldest first. */
  readonly kinds: () => Promise<readonly string[]>
}

export type Signed = TokenAnswer & { readonly refresh_token: string; readonly code: string }

export interface SceneParts extends PlaceParts {
  readonly grants?: { readonly [grantType: string]: GrantHandler }
}

export async function openScene({ grants = {}, ...parts }: SceneParts = {}): Promise<Scene> {
  const place = await openPlace({ ...parts, options: { clients: CLIENTS, ...parts.options } })
  const { site } = place
  const keys = createSigningKeys(place)
  const tokens = createTokens(place, { clients: createClients(place), keys, dpop: createDpop(place), grants })
  const agent = await place.kavach.agents.create({
    ownerId: 'ann',
    name: 'ann through app',
    type: 'service',
    permissions: [{ resource: 'mcp:**', actions: ['*'] }],
  })

  const agree: Scene['agree'] = ({ clientId = 'app', ...what } = {}) =>
    site.change(async (change) => {
      const grant = await tokens.openGrant(change, {
        client: { id: clientId },
        user: { id: 'ann' },
        agentId: agent.id,
        scopes: SCOPES,
        resource: RESOURCE,
        expiresAt: change.now + 365 * DAY,
        ...what,
      })
      return tokens.createCode(change, {
        grantId: grant.id,
        client: { id: clientId },
        redirectUri: REDIRECT,
        challenge: CHALLENGE,
        scopes: SCOPES,
        resource: RESOURCE,
        ...what,
      })
    })

  const send: Scene['send'] = (endpoint, form, headers = {}) => {
    const body = new URLSearchParams()
    for (const [name, value] of Object.entries(form)) {
      for (const one of typeof value === 'string' ? [value] : (value ?? [])) body.append(name, one)
    }
    return tokens[endpoint](new Request(`${ISSUER}/oauth/${endpoint}`, { method: 'POST', body, headers }), { ip: IP })
  }

  const exchange: Scene['exchange'] = async (code, others, headers) =>
    answerOf(
      await send(
        'token',
        {
          grant_type: 'authorization_code',
          client_id: 'app',
          code,
          code_verifier: VERIFIER,
          redirect_uri: REDIRECT,
          resource: RESOURCE,
          ...others,
        },
        headers,
      ),
    )

  const refresh: Scene['refresh'] = async (token, others, headers) => {
    const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token: token, ...others }
    return answerOf(await send('token', form, headers))
  }

  return {
    place,
    tokens,
    keys,
    agentId: agent.id,
    agree,
    send,
    exchange,
    refresh,
    revoke: async (token, others, headers) =>
      answerOf(await send('revoke', { client_id: 'app', token, ...others }, headers)),
    introspect: async (token, others) => answerOf(await send('introspect', { token, ...others }, basic('server'))),
    async signIn({ clientId = 'app', ...what } = {}, headers = {}) {
      const code = await agree({ clientId, ...what })
      const { status, body } = await exchange(
        code,
        { client_id: clientId, resource: what.resource ?? RESOURCE },
        headers,
      )
      if (status !== 200) throw new Error(JSON.stringify(body))
      return { ...(body as Signed), code }
    },
    isGood: async (token) => (await tokens.verify(token)) !== undefined,
    grantOf: (token) =>
      site.read(async (reader) => {
        const hash = createHash('sha256').update(token).digest('hex')
        const row = await reader.get('oauthTokens', { hash })
        return row && reader.get('oauthGrants', { id: row.grant })
      }),
    later: (ms) => place.host.setNow(place.host.now() + ms),
    async kinds() {
      return (await place.log()).map(({ kind }) => kind).filter((kind) => kind.startsWith('oauth.'))
    },
  }
}

/** Credentials of a client in the header. */
export function basic(id: string, secret = SECRET): Record<string, string> {
  return { authorization: `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}` }
}

/** The header with a proof that the holder of a key makes, once; a new one each time. `nonce` is one that nobody gave. */
export function proof(holder: Holder, nonce?: string): Record<string, string> {
  const { privateKey, jwk } = KEYS[holder]
  const claims = { htm: 'POST', htu: `${ISSUER}/oauth/token`, iat: Math.floor(NOW / 1000), jti: `${jtis++}`, nonce }
  const body = [{ typ: 'dpop+jwt', alg: 'ES256', jwk }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const signature = sign('sha256', Buffer.from(body), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return { dpop: `${body}.${signature.toString('base64url')}` }
}

export function jktOf(holder: Holder): string {
  return KEYS[holder].jkt
}

export type Holder = 'mine' | 'thief'

let jtis = 0
const KEYS = { mine: makeKey(), thief: makeKey() }

/** With its thumbprint. @see RFC 7638 */
function makeKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
  const jkt = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
  return { privateKey, jwk: { kty, crv, x, y }, jkt }
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

/** A refusal, whole. */
export function refusal(error: string, description: string, code?: string, status = 400): Answer {
  return {
    status,
    body: { error, error_description: description, ...(code !== undefined && { kvch_code: code }) },
  }
}

/** An answer whose secrets are what they are. */
export function given(answer: Answer): TokenAnswer {
  if (answer.status !== 200) throw new Error(`refused: ${JSON.stringify(answer.body)}`)
  return answer.body as TokenAnswer
}
