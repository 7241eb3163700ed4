/** The clients in the options, looked at. */
import { assertKnownOptions, assertOptionKind, failOption, type Members } from '../index.ts'
import { type ConfiguredClient, GRANT_TYPES, type GrantType } from './options.ts'

export interface ClientRules {
  /** Names of the scopes that there are. */
  readonly scopes: readonly string[]
  /** While things are tried out, a secret may be as short as whoever tries likes. */
  readonly isDevelopment: boolean
}

/** @throws {KavachError} KVCH_E_CONFIG_INVALID with the path of what is wrong */
export function readConfiguredClients(clients: readonly ConfiguredClient[] | undefined, rules: ClientRules): void {
  assertOptionKind('mcp.clients', clients, 'list')
  const ids = new Set<string>()
  for (const [at, client] of (clients ?? []).entries()) {
    const path = `mcp.clients[${at}]`
    assertKnownOptions(path, client, CLIENT)
    readClient(client, path, rules)
    if (ids.has(client.id)) failOption(`${path}.id`, `\`${client.id}\` stands there twice`)
    ids.add(client.id)
  }
}

const CLIENT: Members<ConfiguredClient> = {
  id: true,
  name: true,
  secret: true,
  jwks: true,
  redirectUris: true,
  grantTypes: true,
  scopes: true,
  mayIntrospect: true,
  agent: true,
  dpopBoundAccessTokens: true,
}

const MIN_SECRET = 32
/** Visible ASCII without `:`, which ends the id in the Basic scheme. */
const CLIENT_ID = /^[\x21-\x39\x3b-\x7e]{1,128}$/
/** They are for clients that can prove who they are. */
const CONFIDENTIAL: readonly GrantType[] = ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange']

function readClient(client: ConfiguredClient, path: string, { scopes, isDevelopment }: ClientRules): void {
  const { id, secret, jwks, redirectUris, grantTypes } = client
  if (typeof id !== 'string' || !CLIENT_ID.test(id)) {
    failOption(`${path}.id`, `\`${id}\` is no id: use visible ASCII other than \`:\``)
  }
  if (id.startsWith('mcp_'))
    failOption(`${path}.id`, 'ids that begin with `mcp_` are for clients that register themselves')
  if (secret !== undefined && jwks !== undefined) failOption(`${path}.secret`, 'give `secret` or `jwks`, not both')
  const least = isDevelopment ? 1 : MIN_SECRET
  if (secret !== undefined && (typeof secret !== 'string' || secret.length < least)) {
    failOption(`${path}.secret`, `must have ${least} characters or more`)
  }
  if (jwks !== undefined && (!Array.isArray(jwks?.keys) || jwks.keys.length === 0)) {
    failOption(`${path}.jwks`, 'must be a set of keys: `{ keys: [...] }`')
  }
  assertOptionKind(`${path}.name`, client.name, 'string')
  assertOptionKind(`${path}.agent`, client.agent, 'string')
  assertOptionKind(`${path}.mayIntrospect`, client.mayIntrospect, 'boolean')
  assertOptionKind(`${path}.dpopBoundAccessTokens`, client.dpopBoundAccessTokens, 'boolean')
  assertOptionKind(`${path}.redirectUris`, redirectUris, 'list')
  assertOptionKind(`${path}.grantTypes`, grantTypes, 'list')
  assertOptionKind(`${path}.scopes`, client.scopes, 'list')
  const isPublic = secret === undefined && jwks === undefined
  if (client.mayIntrospect === true && isPublic) failOption(`${path}.mayIntrospect`, 'needs `secret` or `jwks`')
  for (const type of grantTypes ?? []) {
    if (!GRANT_TYPES.includes(type)) {
      failOption(`${path}.grantTypes`, `\`${type}\` is no grant type; known are ${GRANT_TYPES.join(', ')}`)
    }
    if (isPublic && CONFIDENTIAL.includes(type))
      failOption(`${path}.grantTypes`, `\`${type}\` needs \`secret\` or \`jwks\``)
  }
  const unknown = client.scopes?.find((name) => !scopes.includes(name))
  if (unknown !== undefined) failOption(`${path}.scopes`, `\`${unknown}\` is no scope; known are ${scopes.join(', ')}`)
}
