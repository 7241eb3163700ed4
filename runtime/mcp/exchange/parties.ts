/** Whom a token that is exchanged speaks for, and who will act. @see RFC 8693 section 2.1 */
import { decodeJwt } from 'jose'
import { ACCESS_TOKEN, AGENT_TOKEN, type Change, checkToken, hashToken, type Row } from '../../index.ts'
import type { Client } from '../client.ts'
import type { Form } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace } from '../place.ts'
import type { Principal } from '../principal.ts'
import { idOfJwt, type Tokens } from '../tokens/index.ts'

export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'
/** Of an agent, `kv_...`. */
export const AGENT_TOKEN_TYPE = 'urn:kavachos:params:oauth:token-type:agent_token'

/** What a token says. */
export interface Party {
  readonly agentId: string
  /** Of an access token; nothing for the token of an agent, which has no scopes. */
  readonly principal: Principal | undefined
  /** Milliseconds since 1970; null: it does not end by itself. */
  readonly expiresAt: number | null
  /** False when it was revoked since it was read: to be asked in the change that relies on it. */
  readonly isStillGood: (change: Change) => Promise<boolean>
}

/**
 * The holder of the token in `subject_token` or `actor_token`.
 *
 * @throws {OAuthError} `invalid_request`
 */
export async function readParty(
  { site }: Pick<McpPlace, 'site'>,
  form: Form,
  name: 'subject_token' | 'actor_token',
  verify: Tokens['verify'],
): Promise<Party | undefined> {
  const token = form.get(name)
  const type = form.get(`${name}_type`)
  if (token === undefined && type === undefined) return undefined
  if (token === undefined) throw refusal(`${name} is missing`)
  switch (type) {
    case ACCESS_TOKEN_TYPE: {
      const principal = await verify(token)
      if (principal === undefined) throw refusal(`${name} is unknown, revoked or expired`, 'KVCH_E_OAUTH_TOKEN_REVOKED')
      const hash = hashToken(
        checkToken(token, ACCESS_TOKEN) ? token : idOfJwt(String(decodeJwt(token).jti)),
        site.sha256,
      )
      return {
        agentId: principal.agentId,
        principal,
        expiresAt: principal.expiresAt,
        isStillGood: async (change) => (await change.get('oauthTokens', { hash })) !== undefined,
      }
    }
    case AGENT_TOKEN_TYPE: {
      const { agent, expiresAt, hash } = await agentToken(site, name, token)
      return {
        agentId: agent,
        principal: undefined,
        expiresAt,
        isStillGood: async (change) => (await change.get('tokens', { hash })) !== undefined,
      }
    }
    default:
      throw refusal(`${name}_type must be ${ACCESS_TOKEN_TYPE} or ${AGENT_TOKEN_TYPE}`)
  }
}

async function agentToken(site: McpPlace['site'], name: string, token: string): Promise<Row<'tokens'>> {
  const hash = checkToken(token, AGENT_TOKEN) ? hashToken(token, site.sha256) : undefined
  const row = hash === undefined ? undefined : await site.read((reader) => reader.get('tokens', { hash }))
  if (row === undefined) throw refusal(`${name} is no token of an agent`, 'KVCH_E_AGENT_TOKEN_INVALID')
  if (row.expiresAt !== null && row.expiresAt <= site.host.now()) {
    throw refusal(`${name} has expired`, 'KVCH_E_AGENT_TOKEN_EXPIRED')
  }
  return row
}

/**
 * Refuses what a client may not exchange: tokens of others are for clients that are configured with an agent, and tokens of agents
 * for those that are configured. A token of its own that is bound to a key takes a proof of that key.
 *
 * @throws {OAuthError} `invalid_request`, `invalid_dpop_proof`
 */
export function assertExchangeable({ principal }: Party, client: Client, jkt: string | undefined): void {
  const isConfigured = client.origin === 'configured'
  if (principal === undefined) {
    if (!isConfigured) throw refusal('only a client that is configured exchanges tokens of agents')
    return
  }
  if (principal.clientId !== client.id) {
    if (isConfigured && client.agent !== undefined) return
    throw refusal('the subject token was issued to another client')
  }
  if (principal.jkt !== undefined && principal.jkt !== jkt) {
    throw new OAuthError('invalid_dpop_proof', 'the subject token is bound to another key than that of the proof')
  }
}

/**
 * The agent that will act: that of the actor token, else the one that the client is configured with, else, where nobody else is
 * there, the subject's own.
 *
 * @throws {OAuthError} `invalid_request`, `invalid_dpop_proof`
 */
export function actingAgentOf(
  actor: Party | undefined,
  subject: Party,
  client: Client,
  jkt: string | undefined,
): string {
  if (actor === undefined) return client.agent ?? subject.agentId
  const { principal } = actor
  if (principal === undefined) {
    if (client.origin !== 'configured') throw refusal('only a client that is configured exchanges tokens of agents')
    return actor.agentId
  }
  if (principal.clientId !== client.id) throw refusal('the actor token was issued to another client')
  if (principal.jkt !== undefined && principal.jkt !== jkt) {
    throw new OAuthError('invalid_dpop_proof', 'the actor token is bound to another key than that of the proof')
  }
  return actor.agentId
}

/** @throws {OAuthError} `invalid_request` when the agent does not exist, or is suspended, revoked or expired */
export async function assertActive(change: Change, agentId: string): Promise<void> {
  const row = await change.get('agents', { id: agentId })
  if (row === undefined) throw refusal('the agent that would act does not exist', 'KVCH_E_AGENT_NOT_FOUND')
  if (row.status === 'revoked') throw refusal('the agent that would act was revoked', 'KVCH_E_AGENT_REVOKED')
  if (row.status === 'suspended') throw refusal('the agent that would act is suspended', 'KVCH_E_AGENT_SUSPENDED')
  if (row.expiresAt !== null && row.expiresAt <= change.now) {
    throw refusal('the agent that would act has expired', 'KVCH_E_AGENT_EXPIRED')
  }
}

export function refusal(why: string, code?: OAuthError['code']): OAuthError {
  return new OAuthError('invalid_request', why, { code })
}
