/** Cookies of the authorization server. */
import type { McpSettings } from '../settings.ts'

export interface Cookies {
  readonly read: (request: Request, name: CookieName) => string | undefined
  /** A `Set-Cookie` of a cookie that ends with the browser session. */
  readonly write: (name: CookieName, value: string) => string
  /** A `Set-Cookie` that takes it away. */
  readonly clear: (name: CookieName) => string
}

export type CookieName = 'kavach_browser' | 'kavach_session'

/**
 * With the prefix `__Host-` no other host and no plain connection can set them. Browsers refuse the prefix over http, which is
 * for loopback alone.
 *
 * @see draft-ietf-httpbis-rfc6265bis section 4.1.3
 */
export function createCookies({ isLoopback }: Pick<McpSettings, 'isLoopback'>): Cookies {
  const prefix = isLoopback ? '' : '__Host-'
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isLoopback ? '' : '; Secure'}`
  return {
    read(request, name) {
      const found = (request.headers.get('cookie') ?? '')
        .split(';')
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${prefix}${name}=`))
      // Two of a name: somebody has planted one, and which is ours cannot be told.
      return found.length === 1 ? found[0]?.slice(prefix.length + name.length + 1) : undefined
    },
    write: (name, value) => `${prefix}${name}=${value}; ${attributes}`,
    clear: (name) => `${prefix}${name}=; ${attributes}; Max-Age=0`,
  }
}
