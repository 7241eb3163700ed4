/** The form of the development login. */
import { html } from './html.ts'
import type { Pages } from './page.ts'

export interface LoginForm {
  readonly action: string
  readonly csrf: string
  readonly returnTo: string | undefined
  /** Somebody tried, and was not let in. */
  readonly isRefused?: boolean
  readonly cookies: readonly string[]
  readonly formTargets: readonly string[]
}

/** It never says which of name and password was wrong. */
export function loginPage(pages: Pages, { action, csrf, returnTo, isRefused = false, ...page }: LoginForm): Response {
  return pages({
    ...page,
    title: 'Sign in',
    status: isRefused ? 401 : 200,
    body: html`${isRefused ? REFUSED : ''}<form method="post" action="${action}">
<input type="hidden" name="csrf" value="${csrf}">
${returnTo === undefined ? '' : html`<input type="hidden" name="return_to" value="${returnTo}">`}
<label for="username">User name</label>
<input id="username" name="username" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" required${isRefused ? DESCRIBED : ''}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${isRefused ? DESCRIBED : ''}>
<button class="main" type="submit">Sign in</button>
</form>
<p class="note">This is the login for development.</p>`,
  })
}

/** Who is signed in, and the way out. */
export function signedInPage(
  pages: Pages,
  {
    action,
    csrf,
    name,
    cookies,
  }: { readonly action: string; readonly csrf: string; readonly name: string; readonly cookies: readonly string[] },
): Response {
  return pages({
    title: 'You are signed in',
    cookies,
    body: html`<p>You are signed in as <strong><bdi>${name}</bdi></strong>.</p>
<form method="post" action="${action}">
<input type="hidden" name="csrf" value="${csrf}">
<button class="main" type="submit" name="action" value="logout">Sign out</button>
</form>`,
  })
}

const REFUSED = html`<p id="refused" class="note" role="alert">The user name or the password is not right.</p>
`
const DESCRIBED = html` aria-invalid="true" aria-describedby="refused"`
