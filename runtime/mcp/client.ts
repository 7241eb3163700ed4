/** A client of the authorization server, wherever it comes from. */
import type { GrantType } from './options.ts'

export interface Client {
  readonly id: string
  readonly origin: 'registered' | 'document' | 'configured'
  /** Self-asserted, unless configured. */
  readonly name: string
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly GrantType[]
  readonly authMethod: AuthMethod
  /** SHA-256, hex. */
  readonly secretHash?: string | undefined
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | undefined
  readonly jwksUri?: string | undefined
  /** What it gets when it asks for nothing; never a ceiling. */
  readonly scopes?: readonly string[] | undefined
  readonly applicationType: 'web' | 'native'
  readonly isDpopBound: boolean
  readonly mayIntrospect: boolean
  /** The agent that it speaks for. */
  readonly agent?: string | undefined
}

export type AuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'
