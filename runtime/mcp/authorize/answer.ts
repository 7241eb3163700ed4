/** Answers that send a browser on. */
import type { OAuthError } from '../oauth-error.ts'

export type Parameters = { readonly [name: string]: string | undefined }

/**
 * Tells a client what came of its request, and who says so, so that it cannot take the answer for that of another server.
 *
 * @see OAuth 2.1 section 4.1.2, RFC 9207 section 2
 */
export function answerClient(
  { redirectUri, state }: { readonly redirectUri: string; readonly state: string | undefined },
  parameters: Parameters,
  issuer: string,
): Response {
  return redirectTo(answerUrl(redirectUri, { ...parameters, state, iss: issuer }))
}

/** What an error tells the client. @see OAuth 2.1 section 4.1.2.1 */
export function errorParameters({ error, message, code }: OAuthError): Parameters {
  return { error, error_description: message.replace(/[^\x20-\x7e]|["\\]/g, "'"), kvch_code: code }
}

/**
 * A 303: the browser goes on with GET, so that nothing of what was posted reaches the next one, and says nothing of where it was.
 *
 * @see OAuth 2.1 section 7.5.4, RFC 9700 sections 4.2.4 and 4.12
 */
export function redirectTo(location: string, cookies: readonly string[] = []): Response {
  const headers = new Headers({
    location,
    'cache-control': 'no-store',
    pragma: 'no-cache',
    'referrer-policy': 'no-referrer',
  })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}

/**
 * Where a client is answered: its URI as it stands, query included, and the parameters behind it. Those without a value are left
 * out.
 *
 * @see OAuth 2.1 sections 2.3 and 4.1.2
 */
export function answerUrl(redirectUri: string, parameters: Parameters): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${encodeURIComponent(value)}`,
  )
  const joint = redirectUri.includes('?') ? (/[?&]$/.test(redirectUri) ? '' : '&') : '?'
  return `${redirectUri}${joint}${pairs.join('&')}`
}
