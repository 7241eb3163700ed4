/**
 * Redirect URIs: which may be registered, and which of a request match.
 *
 * They are taken apart as texts and never put together again. What a URL parser would mend (case, backslashes, `http:host`,
 * dots) is refused instead, because a browser mends it too, and then arrives somewhere else than where it was compared.
 */
import type { Client } from '../client.ts'
import { decodeFormText } from '../form.ts'

/**
 * Whether a client may be answered at this URI: it is one of those registered, character by character. The one exception is the
 * port of a URI on loopback, where a native client takes the port that it gets.
 *
 * @see RFC 8252 section 7.3; OAuth 2.1 sections 2.3.1 and 8.5.2
 */
export function matchesRedirect(client: Pick<Client, 'redirectUris'>, redirectUri: string): boolean {
  if (client.redirectUris.includes(redirectUri)) return true
  const asked = withoutLoopbackPort(redirectUri)
  return asked !== undefined && client.redirectUris.some((registered) => withoutLoopbackPort(registered) === asked)
}

/** True for `http:` on this machine. */
export function isLoopbackRedirect(redirectUri: string): boolean {
  return withoutLoopbackPort(redirectUri) !== undefined
}

/** Schemes of clients in the field that are no domain names backwards; `registration.privateSchemes` replaces them. */
export const PRIVATE_SCHEMES: readonly string[] = ['claude:', 'cursor:', 'vscode:', 'vscode-insiders:', 'windsurf:']

export interface RedirectFault {
  /** What is wrong, to be read behind the URI. */
  readonly why: string
  /** The scheme is that of some application, which harms nobody: the URI can be left out beside good ones. */
  readonly isOdd: boolean
}

/** Why a URI cannot be registered; nothing when it can. @see OAuth 2.1 sections 2.3 and 2.3.1 */
export function redirectFault(
  uri: string,
  privateSchemes: readonly string[] = PRIVATE_SCHEMES,
): RedirectFault | undefined {
  const fault = (why: string): RedirectFault => ({ why, isOdd: false })
  if (uri.length > MAX_LENGTH) return fault(`is longer than ${MAX_LENGTH} characters`)
  if (!URI_CHARACTERS.test(uri)) return fault('has characters that no URI has')
  if (/%(?![0-9A-Fa-f]{2})/.test(uri)) return fault('has a broken escape')
  if (uri.includes('#')) return fault('has a fragment')
  const scheme = /^[a-z][a-z0-9+.-]*:/.exec(uri)?.[0]
  if (scheme === undefined) return fault('does not begin with a scheme in lower case')
  if (DANGEROUS_SCHEMES.has(scheme)) return fault(`has the scheme ${scheme} that no answer may be sent to`)
  const parts = /^[^:]+:(?:\/\/([^/?]*))?([^?]*)(?:\?(.*))?$/.exec(uri)
  const [, authority, path = '', query = ''] = parts ?? []
  if (authority?.includes('@')) return fault('has a user in it')
  if (path.split('/').some(isDots)) return fault('has a path that is shortened on the way')
  if (namesAnswer(query)) return fault('has a parameter that answers have')
  if (scheme === 'https:') return authority !== undefined && isHost(authority) ? undefined : fault('has no host')
  if (scheme === 'http:') {
    return LOOPBACK.test(uri) && isHost(authority ?? '')
      ? undefined
      : fault('has the scheme http: on another host than localhost, 127.0.0.1 or [::1]')
  }
  // `app.example.com:8443/cb` is a URI without its scheme, and no scheme with periods.
  if (!uri.startsWith('/', scheme.length)) return fault('has neither host nor path')
  if (REVERSE_DOMAIN.test(scheme) || privateSchemes.includes(scheme)) return undefined
  return { why: `has the scheme ${scheme} that has no period and is not on the list`, isOdd: true }
}

const MAX_LENGTH = 1024
/** RFC 3986 section 2, `%` included. */
const URI_CHARACTERS = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/
const REVERSE_DOMAIN = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:$/
/** Schemes that browsers themselves act upon, or that lead to other programs than the client. */
const DANGEROUS_SCHEMES: ReadonlySet<string> = new Set(
  (
    'about blob cid chrome chrome-extension content data feed file filesystem ftp ftps geo gopher intent jar javascript ' +
    'jscript ldap ldaps livescript mailto market mid mocha moz-extension ms-appx ms-settings nntp opaquelocktoken resource ' +
    'search-ms sftp shell sms ssh tel telnet urn vbscript view-source wais ws wss'
  )
    .split(' ')
    .map((name) => `${name}:`),
)
/** Host, port, and the rest; the three names alone, so that nothing that merely resolves to this machine is among them. */
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?((?:[/?].*)?)$/
const ANSWER_NAMES = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'response'] as const

function withoutLoopbackPort(uri: string): string | undefined {
  const found = URI_CHARACTERS.test(uri) && !uri.includes('#') ? LOOPBACK.exec(uri) : null
  return found === null || !isHost(authorityOf(uri)) ? undefined : `http://${found[1]}${found[2]}`
}

function authorityOf(uri: string): string {
  return /^[^:]+:\/\/([^/?]*)/.exec(uri)?.[1] ?? ''
}

/** A host that is written as a URL parser would write it, with or without a port that there is. */
function isHost(authority: string): boolean {
  if (authority === '' || /[%*]|:$/.test(authority) || !URL.canParse(`https://${authority}/`)) return false
  const port = /:(\d+)$/.exec(authority)?.[1]
  if (port !== undefined && (port.startsWith('0') || Number(port) > 65_535)) return false
  const host = port === undefined ? authority : authority.slice(0, -port.length - 1)
  return new URL(`https://${authority}/`).hostname === host.toLowerCase()
}

/** `.` and `..`, also where the dots are escaped. */
function isDots(segment: string): boolean {
  return /^(?:\.|%2e){1,2}$/i.test(segment)
}

/** The answer would have the parameter twice. */
function namesAnswer(query: string): boolean {
  if (query === '') return false
  const names = new Set<string | undefined>(query.split('&').map((pair) => decodeFormText(pair.split('=', 1)[0] ?? '')))
  return ANSWER_NAMES.some((name) => names.has(name))
}
