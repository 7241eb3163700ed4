/** URLs that strangers name and the server may fetch. */

/**
 * Whether a text is an https URL exactly as a URL parser writes it, with a path, and without user, fragment or dots to shorten.
 * Two texts that lead to one place are thus never two clients.
 *
 * @see draft-ietf-oauth-client-id-metadata-document-00 section 3
 */
export function isHttpsUrl(text: string): boolean {
  if (text.length > MAX_LENGTH || !/^https:\/\/[^/?#@]+\/[^#]+$/.test(text) || !URL.canParse(text)) return false
  // A parser drops the default port, lowers the host and shortens paths, also those whose dots are escaped.
  return new URL(text).href === text
}

const MAX_LENGTH = 1024
