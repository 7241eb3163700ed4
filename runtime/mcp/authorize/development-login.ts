/**
 * A login for trying things out: names and passwords from the options, and a session in a cookie. `resolveMcp` refuses it in
 * production.
 */
import { entryOf } from '../../index.ts'
import { readForm, readQuery } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'
import type { LoginPort, SignedIn } from '../options.ts'
import type { McpPlace } from '../place.ts'
import { redirectTo } from './answer.ts'
import type { Browsers } from './browser.ts'
import type { Cookies } from './cookies.ts'
import { notePage } from './error-page.ts'
import { formTargetsOf } from './form-targets.ts'
import { loginPage, signedInPage } from './login-page.ts'
import type { Pages } from './page.ts'
import { seal, unseal } from './sealed.ts'

export interface DevelopmentLogin extends LoginPort {
  /** The form, and what is posted with it. @throws {OAuthError} when it is not a form of this browser */
  readonly page: (request: Request) => Promise<Response>
}

export interface LoginPorts {
  readonly cookies: Cookies
  readonly browsers: Browsers
  readonly pages: Pages
}

const SESSION_MS = 8 * 3_600_000
const MAX_NAME = 256
const FORM = 'login'

export function createDevelopmentLogin(
  { site, kavach, settings, secretKeys, admitFailure }: McpPlace,
  users: { readonly [name: string]: string },
  { cookies, browsers, pages }: LoginPorts,
): DevelopmentLogin {
  const { host, sha256 } = site
  const { login: action, authorize } = settings.urls

  async function user(request: Request): Promise<SignedIn | undefined> {
    const text = cookies.read(request, 'kavach_session')
    if (text === undefined) return undefined
    const session = await unseal(await secretKeys(), 'cookies', { text, kind: 'session', now: host.now() })
    const name = session?.user
    return typeof name === 'string' && Object.hasOwn(users, name) ? { id: name, name } : undefined
  }

  async function show(request: Request, { returnTo, isRefused = false }: Shown): Promise<Response> {
    const browser = await browsers.meet(request)
    const csrf = await browser.formToken(FORM)
    const signedIn = await user(request)
    if (signedIn !== undefined && returnTo === undefined && !isRefused) {
      return signedInPage(pages, { action, csrf, name: signedIn.id, cookies: browser.cookies })
    }
    const redirectUri =
      returnTo === undefined ? undefined : (new URL(returnTo).searchParams.get('redirect_uri') ?? undefined)
    const formTargets = formTargetsOf(redirectUri)
    return loginPage(pages, { action, csrf, returnTo, isRefused, cookies: browser.cookies, formTargets })
  }

  async function enter(request: Request): Promise<Response> {
    const form = await readForm(request)
    const browser = await browsers.recognize(request)
    if (browser === undefined || !(await browser.accepts(FORM, form.get('csrf')))) {
      throw new OAuthError('invalid_request', 'the form is too old, or was not made for this browser', { status: 403 })
    }
    if (form.get('action') === 'logout') return leave()
    const name = form.get('username') ?? ''
    const returnTo = readReturn(form.get('return_to'))
    // Names that are too long for anybody are one name.
    if (Number.isFinite(settings.ratePerMinute)) {
      await kavach.rates.take('auth', `oauth:${name.length > MAX_NAME ? '' : name}`)
    }
    const isRight = isSame(sha256, form.get('password') ?? '', Object.hasOwn(users, name) ? users[name] : undefined)
    await record(name, isRight)
    if (!isRight) return show(request, { returnTo, isRefused: true })
    const exp = host.now() + SESSION_MS
    const session = await seal(await secretKeys(), 'cookies', { kind: 'session', exp, user: name })
    return redirectTo(returnTo ?? action, [cookies.write('kavach_session', session)])
  }

  function leave(): Response {
    const response = notePage(pages, { title: 'You are signed out', text: 'You can close this page.' })
    response.headers.append('set-cookie', cookies.clear('kavach_session'))
    return response
  }

  async function record(name: string, isRight: boolean): Promise<void> {
    if (!isRight && !admitFailure('development login', host.now())) return
    await site.change((change) => {
      change.record(
        entryOf({
          kind: 'oauth.login',
          actor: 'host',
          result: isRight ? 'allowed' : 'denied',
          personal: { user: name.slice(0, MAX_NAME).replaceAll(/\p{Surrogate}/gu, '?') },
        }),
      )
    })
  }

  /** A page of this server that asks to be signed in, and no other place. */
  function readReturn(text: string | undefined): string | undefined {
    return text?.startsWith(`${authorize}?`) && URL.canParse(text) ? text : undefined
  }

  return {
    user,
    loginUrl: (returnTo) => `${action}?return_to=${encodeURIComponent(returnTo)}`,
    page: (request) =>
      request.method === 'POST'
        ? enter(request)
        : show(request, { returnTo: readReturn(readQuery(new URL(request.url)).get('return_to')) }),
  }
}

interface Shown {
  readonly returnTo: string | undefined
  readonly isRefused?: boolean
}

/** Takes the same time wherever they differ, and when there is no such user. */
function isSame(sha256: (bytes: Uint8Array) => Uint8Array, given: string, password: string | undefined): boolean {
  const [a, b] = [given, password ?? ''].map((text) => sha256(new TextEncoder().encode(text)))
  let difference = password === undefined ? 1 : 0
  for (const [at, byte] of (a ?? []).entries()) difference |= byte ^ (b?.[at] ?? 0)
  return difference === 0
}
