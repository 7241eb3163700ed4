/** The frame of every page: no scripts, nothing from elsewhere, in no frame, and never stored. */
import { type Html, html } from './html.ts'

export interface Page {
  readonly title: string
  readonly body: Html
  readonly status?: number | undefined
  readonly headers?: { readonly [name: string]: string } | undefined
  readonly cookies?: readonly string[] | undefined
  /** Where a form of it may lead, besides to this server: schemes and origins. Default: nowhere. */
  readonly formTargets?: readonly string[] | undefined
}

export type Pages = (page: Page) => Response

/** @see OAuth 2.1 section 7.9, RFC 9700 section 4.16 */
export function createPages(sha256: (bytes: Uint8Array) => Uint8Array): Pages {
  const digest = btoa(String.fromCharCode(...sha256(new TextEncoder().encode(STYLE))))
  const style = `'sha256-${digest}'`
  return ({ title, body, status = 200, headers = {}, cookies = [], formTargets = [] }) => {
    const policy = [
      "default-src 'none'",
      `style-src ${style}`,
      `form-action ${["'self'", ...formTargets].join(' ')}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]
    const all = new Headers({ ...pageHeaders(policy.join('; ')), ...headers })
    for (const cookie of cookies) all.append('set-cookie', cookie)
    return new Response(documentOf(title, body), { status, headers: all })
  }
}

/** Adds to the page of an application what keeps it from being framed, stored or led away from. */
export function withPageHeaders(page: Response, cookies: readonly string[]): Response {
  const headers = new Headers(page.headers)
  const { 'content-type': type, ...others } = pageHeaders("frame-ancestors 'none'")
  if (!headers.has('content-type')) headers.set('content-type', type)
  // Policies add up: ours takes nothing away from that of the application.
  for (const [name, value] of Object.entries(others)) {
    if (name === 'content-security-policy') headers.append(name, value)
    else headers.set(name, value)
  }
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(page.body, { status: page.status, headers })
}

function pageHeaders(policy: string) {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy,
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    pragma: 'no-cache',
    'referrer-policy': 'no-referrer',
  }
}

function documentOf(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${{ html: STYLE }}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.html
}

/** System colours follow the choice of light or dark, and whatever contrast the user has set. */
const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; background: Canvas; color: CanvasText; }
main { box-sizing: border-box; max-width: 34rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.125rem; margin: 1.5rem 0 0.5rem; }
p, ul, dl { margin: 0 0 1rem; }
ul { padding-left: 1.25rem; }
dt { font-weight: 600; }
dd { margin: 0 0 0.5rem; }
code { font-size: 0.9375rem; }
label { display: block; font-weight: 600; margin: 0 0 0.25rem; }
input { box-sizing: border-box; width: 100%; font: inherit; padding: 0.625rem; margin: 0 0 1rem; border: 2px solid GrayText; border-radius: 0.375rem; }
button { font: inherit; font-weight: 600; min-height: 2.75rem; min-width: 7rem; padding: 0.5rem 1.25rem; margin: 0 0.5rem 0.5rem 0; border: 2px solid ButtonText; border-radius: 0.375rem; background: ButtonFace; color: ButtonText; cursor: pointer; }
button.main { background: CanvasText; color: Canvas; border-color: CanvasText; }
:focus-visible { outline: 3px solid Highlight; outline-offset: 3px; }
.note { border-left: 0.25rem solid currentColor; padding: 0.25rem 0 0.25rem 0.75rem; }
`
