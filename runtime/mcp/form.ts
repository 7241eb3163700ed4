/** Parameters of OAuth requests, from a form or a query; read one way everywhere, so that no two readers can disagree. */
import { readText } from './body.ts'
import { OAuthError } from './oauth-error.ts'

/** By name; a parameter without a value is as absent as one that was not sent. @see OAuth 2.1 section 3.1 */
export type Form = ReadonlyMap<string, string>

const MEDIA_TYPE = 'application/x-www-form-urlencoded'
const MAX_BYTES = 64 * 1024
const MAX_PARAMETERS = 64

/**
 * The form in the body of a POST, 64 kB and 64 parameters at most.
 *
 * Parameters in the URL are refused, not ignored: what is sent there ends up in logs of proxies.
 *
 * @throws {OAuthError} `invalid_request`; status 405, 413 and 415 where they say more than 400
 * @see OAuth 2.1 section 3.2
 */
export async function readForm(request: Request): Promise<Form> {
  return parseForm(await readFormText(request))
}

/** The same before it is taken apart. @throws {OAuthError} as `readForm` does, but for what is wrong with parameters */
export async function readFormText(request: Request): Promise<string> {
  if (request.method !== 'POST') {
    throw new OAuthError('invalid_request', 'the method must be POST', { status: 405, headers: { allow: 'POST' } })
  }
  if (/\?./.test(request.url)) {
    throw new OAuthError('invalid_request', 'parameters belong in the body, not in the URL')
  }
  return readText(request, { maxBytes: MAX_BYTES, mediaType: MEDIA_TYPE, error: 'invalid_request' })
}

/** The query of a URL, bounded as a form is. @throws {OAuthError} `invalid_request` */
export function readQuery(url: URL): Form {
  return parseForm(url.search.slice(1))
}

/** The parameters of a text that is encoded as forms are. @throws {OAuthError} `invalid_request` */
export function parseForm(text: string): Form {
  if (text.length > MAX_BYTES) throw new OAuthError('invalid_request', 'the parameters are too long')
  const pairs = text === '' ? [] : text.split('&', MAX_PARAMETERS + 1)
  if (pairs.length > MAX_PARAMETERS) throw new OAuthError('invalid_request', 'there are too many parameters')
  const names = new Set<string>()
  const form = new Map<string, string>()
  for (const pair of pairs) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decodeFormText(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decodeFormText(pair.slice(equals + 1))
    if (name === undefined || value === undefined) {
      throw new OAuthError('invalid_request', 'a parameter is not encoded as forms are')
    }
    if (names.has(name)) throw new OAuthError('invalid_request', `the parameter ${name.slice(0, 64)} is repeated`)
    names.add(name)
    if (value !== '') form.set(name, value)
  }
  return form
}

/** A name or a value as it was before it was encoded for a form; nothing when an escape is broken or hides no UTF-8. */
export function decodeFormText(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    // Only a `URIError` comes from there, and it says no more.
    return undefined
  }
}
