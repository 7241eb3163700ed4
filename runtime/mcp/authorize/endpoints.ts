/** The endpoints that people see: authorization, login and consent. */
import { isWellFormed } from '../../../compiler/model/index.ts'
import type { Clients } from '../clients/index.ts'
import { readFormText } from '../form.ts'
import type { SignedIn } from '../options.ts'
import type { McpPlace } from '../place.ts'
import { toOAuthError } from '../surprise.ts'
import type { Tokens } from '../tokens/index.ts'
import { answerClient, errorParameters, redirectTo } from './answer.ts'
import { createBrowsers } from './browser.ts'
import { createConsent } from './consent.ts'
import { createCookies } from './cookies.ts'
import { createDevelopmentLogin } from './development-login.ts'
import { errorPage } from './error-page.ts'
import { createPages } from './page.ts'
import { readAuthorization } from './request.ts'

/** What goes wrong is a page, or an answer to the client; none of them throws. */
export interface AuthorizationEndpoints {
  /** GET or POST. @see OAuth 2.1 section 3.1 */
  readonly authorize: (request: Request) => Promise<Response>
  /** POST: the answer of the user. */
  readonly consent: (request: Request) => Promise<Response>
  /** GET or POST; of the development login alone. */
  readonly login: ((request: Request) => Promise<Response>) | undefined
  /** A page about something that went wrong before one of them was asked. */
  readonly refuse: (error: unknown) => Response
}

export function authorizationEndpoints(
  place: McpPlace,
  clients: Pick<Clients, 'find'>,
  tokens: Pick<Tokens, 'openGrant' | 'createCode'>,
): AuthorizationEndpoints {
  const { site, settings } = place
  const pages = createPages(site.sha256)
  const cookies = createCookies(settings)
  const browsers = createBrowsers(place, cookies)
  const { development } = settings.options
  const builtIn = development && createDevelopmentLogin(place, development.users, { cookies, browsers, pages })
  const login = builtIn ?? settings.options.login
  const consent = createConsent(place, { clients, tokens, browsers, pages, userOf })

  async function userOf(request: Request): Promise<SignedIn | undefined> {
    const user = await login?.user(request)
    if (user === undefined || user === null) return undefined
    const isId = typeof user.id === 'string' && user.id !== '' && user.id.length <= MAX_USER_ID && isWellFormed(user.id)
    if (!isId) {
      throw new TypeError(`\`login.user\` gave a user whose id is no text of 1 to ${MAX_USER_ID} characters`)
    }
    const { id, name } = user
    return { id, ...(typeof name === 'string' && name !== '' && { name }) }
  }

  async function authorize(request: Request): Promise<Response> {
    const text = request.method === 'POST' ? await readFormText(request) : new URL(request.url).search.slice(1)
    const reading = await readAuthorization(text, { clients, settings })
    const user = await userOf(request)
    if (reading.kind === 'good') {
      if (user === undefined) return redirectTo(loginUrl(text))
      return consent.ask(request, { client: reading.client, user, request: reading.request })
    }
    // Whoever registers can have anybody led to any place, so even an error waits until somebody is signed in.
    const isTrusted = reading.asking.client.origin === 'configured'
    if (user === undefined && !isTrusted) return redirectTo(loginUrl(text))
    return answerClient(reading.asking, errorParameters(reading.error), settings.issuer)
  }

  function loginUrl(text: string): string {
    if (login === undefined) throw new TypeError('there is no login')
    return login.loginUrl(`${settings.urls.authorize}?${toQuery(text)}`)
  }

  const refuse = (error: unknown) => errorPage(pages, toOAuthError(error, site.warn))
  const answering = (work: (request: Request) => Promise<Response>) => async (request: Request) => {
    try {
      return await work(request)
    } catch (error) {
      return refuse(error)
    }
  }

  return {
    authorize: answering(authorize),
    consent: answering(consent.answer),
    login: builtIn && answering(builtIn.page),
    refuse,
  }
}

/** The most that the owner of an agent may be called. */
const MAX_USER_ID = 256

/** A form as the query of a URL: what URLs have no room for is escaped, and nothing else is changed. */
function toQuery(form: string): string {
  return form.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]/gu, encodeURIComponent)
}
