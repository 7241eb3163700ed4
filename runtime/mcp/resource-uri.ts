/** Names of MCP servers, as clients write them in `resource`. @see RFC 8707 section 2 */

/**
 * As the options write it: scheme and host in lower case, and no slash where there is no path. Nothing else is changed, so that
 * a look-alike (a fragment, another port, `/x/../mcp`) stays a name that nobody has.
 *
 * @see RFC 3986 section 6.2.2.1 and 6.2.3
 */
export function canonicalResource(uri: string): string {
  const [, scheme, authority, rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([\s\S]*)$/.exec(uri) ?? []
  if (scheme === undefined || authority === undefined) return uri
  return `${scheme.toLowerCase()}://${authority.toLowerCase()}${rest === '/' ? '' : rest}`
}
