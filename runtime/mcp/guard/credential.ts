/** The credential of a request: a token in its `Authorization` header, and nowhere else. */

export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'token'; readonly scheme: 'bearer' | 'dpop'; readonly token: string }

const MAX_LENGTH = 8192

/**
 * Tokens in queries and bodies are no tokens. Two headers are joined with a comma by whoever reads them, which no token has.
 *
 * @see OAuth 2.1 section 5.1.1, RFC 6750 section 2.1, RFC 9449 section 7.1
 */
export function credentialOf(headers: Headers): Credential {
  const header = headers.get('authorization')
  if (header === null) return { kind: 'none' }
  const [, name = '', rest = ''] = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+)(.*)$/s.exec(header) ?? []
  const scheme = name.toLowerCase()
  if (scheme !== 'bearer' && scheme !== 'dpop') return { kind: 'none' }
  const [, token] = /^ +([A-Za-z0-9._~+/-]+=*) *$/.exec(rest) ?? []
  if (token === undefined || token.length > MAX_LENGTH) return { kind: 'malformed' }
  return { kind: 'token', scheme, token }
}
