/** Grant types beside those that begin with a user. */
import type { McpPlace } from '../place.ts'
import type { GrantHandler } from '../tokens/index.ts'
import { createClientCredentials } from './client-credentials.ts'
import { createTokenExchange } from './token-exchange.ts'

/** Handlers by grant type. */
export function createExchange(place: Pick<McpPlace, 'site' | 'settings'>): {
  readonly [grantType: string]: GrantHandler
} {
  return {
    client_credentials: createClientCredentials(place),
    'urn:ietf:params:oauth:grant-type:token-exchange': createTokenExchange(place),
  }
}
