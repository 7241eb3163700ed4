/** Whether two URLs name the same target, as a proof has to name it. */

/**
 * True when both are the same after normalisation, query and fragment left out: case of scheme and host, the port that goes without
 * saying, dots in the path, and how characters are escaped that need not be.
 *
 * @param stated whatever a proof says
 * @see RFC 9449 section 4.3, item 9; RFC 3986 sections 6.2.2 and 6.2.3
 */
export function sameTarget(stated: string, expected: string): boolean {
  if (!URL.canParse(stated) || stated.length > MAX_URL) return false
  const { username, password } = new URL(stated)
  return username === '' && password === '' && normal(stated) === normal(expected)
}

const MAX_URL = 4096

function normal(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname.replace(/%[0-9a-f]{2}/gi, unescaped)}`
}

function unescaped(code: string): string {
  const character = String.fromCharCode(Number.parseInt(code.slice(1), 16))
  return /[A-Za-z0-9._~-]/.test(character) ? character : code.toUpperCase()
}
