/**
 * The browser that a form was given to. It keeps a random id in a cookie; forms carry an HMAC over that id and over what they are
 * for, so that a form which another site made, or which was made for another browser, is worth nothing here.
 */
import { base64url } from 'jose'
import type { McpPlace } from '../place.ts'
import type { Cookies } from './cookies.ts'
import { seal, unseal } from './sealed.ts'

export interface Browsers {
  /** The browser that sent a request: the one that its cookie names, or a new one, whose cookie is to be set. */
  readonly meet: (request: Request) => Promise<Browser & { readonly cookies: readonly string[] }>
  /** The browser that its cookie names. */
  readonly recognize: (request: Request) => Promise<Browser | undefined>
}

export interface Browser {
  readonly id: string
  /** What a form for this purpose carries. */
  readonly formToken: (form: string) => Promise<string>
  /** Whether a form of this browser for this purpose carries it. */
  readonly accepts: (form: string, token: string | undefined) => Promise<boolean>
}

const ID_BYTES = 16
/** Longer than anybody looks at a page; the browser forgets it when it is closed. */
const LIFE_MS = 30 * 86_400_000

export function createBrowsers(
  { site, secretKeys }: Pick<McpPlace, 'site' | 'secretKeys'>,
  cookies: Cookies,
): Browsers {
  const { host } = site

  function browserOf(id: string): Browser {
    const bytesOf = (form: string) => new TextEncoder().encode(`${id} ${form}`)
    return {
      id,
      formToken: async (form) => base64url.encode(await (await secretKeys()).sign('csrf', bytesOf(form))),
      async accepts(form, token = '') {
        if (!/^[\w-]{43}$/.test(token)) return false
        return (await secretKeys()).verify('csrf', bytesOf(form), Uint8Array.from(base64url.decode(token)))
      },
    }
  }

  async function recognize(request: Request): Promise<Browser | undefined> {
    const text = cookies.read(request, 'kavach_browser')
    if (text === undefined) return undefined
    const sealed = await unseal(await secretKeys(), 'cookies', { text, kind: 'browser', now: host.now() })
    return typeof sealed?.id === 'string' ? browserOf(sealed.id) : undefined
  }

  return {
    recognize,
    async meet(request) {
      const known = await recognize(request)
      if (known !== undefined) return { ...known, cookies: [] }
      const id = base64url.encode(host.random(ID_BYTES))
      const sealed = await seal(await secretKeys(), 'cookies', { kind: 'browser', exp: host.now() + LIFE_MS, id })
      return { ...browserOf(id), cookies: [cookies.write('kavach_browser', sealed)] }
    },
  }
}
