/** Who asks: the holder of a project key, or an agent by its token. */
import {
  AGENT_TOKEN,
  checkToken,
  entryOf,
  hashToken,
  KavachError,
  type KeyScope,
  type Keys,
  type OpenedHost,
} from '../index.ts'

/** Who asks, and the name that the log has for it. */
export interface Caller {
  /** `key_...` or the id of an agent. */
  readonly actor: string
  /** The agent, when it is one. */
  readonly agentId?: string
}

export interface Credentials {
  /** The holder of a key with this scope. @throws {KavachError} KVCH_E_KEY_INVALID, KVCH_E_KEY_SCOPE */
  readonly key: (request: Request, scope: KeyScope, source: string | undefined) => Promise<Caller>
  /** The same, or an agent that shows its token. @throws {KavachError} also KVCH_E_AGENT_TOKEN_INVALID and ..._EXPIRED */
  readonly keyOrAgent: (request: Request, scope: KeyScope, source: string | undefined) => Promise<Caller>
}

type CredentialPlace = Pick<OpenedHost, 'site' | 'admitFailure'> & { readonly keys: Pick<Keys, 'verify'> }

export function createCredentials({ site, keys, admitFailure }: CredentialPlace): Credentials {
  async function key(request: Request, scope: KeyScope, source: string | undefined): Promise<Caller> {
    const { id } = await keys.verify(bearerOf(request), scope, source)
    return { actor: id }
  }

  async function agent(token: string, source = 'unknown'): Promise<Caller> {
    const hash = checkToken(token, AGENT_TOKEN) ? hashToken(token, site.sha256) : undefined
    const row = hash === undefined ? undefined : await site.read((reader) => reader.get('tokens', { hash }))
    const now = site.host.now()
    if (row !== undefined && (row.expiresAt === null || row.expiresAt > now)) {
      return { actor: row.agent, agentId: row.agent }
    }
    const code = row === undefined ? 'KVCH_E_AGENT_TOKEN_INVALID' : 'KVCH_E_AGENT_TOKEN_EXPIRED'
    if (admitFailure(source, now)) {
      const facts = { kind: 'token.refuse', agent: row?.agent, actor: 'host', result: 'denied' } as const
      await site.change((change) => {
        change.record(entryOf({ ...facts, personal: { source }, members: { code } }))
      })
    }
    throw new KavachError(code)
  }

  return {
    key,
    async keyOrAgent(request, scope, source) {
      const bearer = bearerOf(request)
      return isAgentToken(bearer) ? agent(bearer, source) : key(request, scope, source)
    },
  }
}

/** The bearer of the header `Authorization`. @throws {KavachError} KVCH_E_KEY_INVALID when there is none @see RFC 6750 */
export function bearerOf({ headers }: Request): string {
  const header = headers.get('authorization') ?? ''
  // Two headers come as one with a comma, which no credential of ours has.
  if (header.length > 7 && header.slice(0, 7).toLowerCase() === 'bearer ') {
    const bearer = header.slice(7).trim()
    if (/^[\w.~+/=-]+$/.test(bearer)) return bearer
  }
  throw new KavachError('KVCH_E_KEY_INVALID', 'a credential is missing: send `Authorization: Bearer kvp_...`')
}

/** Whoever shows a token of an agent is judged as an agent, whether it is good or not. */
export function isAgentToken(bearer: string): boolean {
  return bearer.startsWith(AGENT_TOKEN)
}
