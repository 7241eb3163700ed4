/** Pages for people, where no client is told. */
import type { OAuthError } from '../oauth-error.ts'
import { type Html, html } from './html.ts'
import type { Pages } from './page.ts'

/** What went wrong, with the names that whoever helps will ask for. */
export function errorPage(pages: Pages, error: OAuthError): Response {
  const { status, message, code, headers } = error
  return pages({
    title: titleOf(status),
    // Challenges are for programs; a person has nothing to answer them with.
    status: status === 401 ? 400 : status,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'www-authenticate')),
    body: html`<p>${sentence(message)}</p>
<p>${adviceOf(status)}</p>
<p><code>${error.error}</code>${code === undefined ? '' : html` <code>${code}</code>`}</p>`,
  })
}

/** Something to read, and nothing to decide. */
export function notePage(
  pages: Pages,
  page: { readonly title: string; readonly text: string; readonly form?: Html },
): Response {
  return pages({ title: page.title, body: html`<p>${page.text}</p>${page.form ?? ''}` })
}

function titleOf(status: number): string {
  if (status === 429) return 'Too many attempts'
  return status >= 500 ? 'This does not work at the moment' : 'This request cannot be answered'
}

function adviceOf(status: number): string {
  if (status === 429 || status >= 500) return 'Wait a little, and try again.'
  return 'Go back to the application that sent you here. If it does not go on, start again there.'
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
