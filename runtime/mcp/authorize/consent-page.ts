/** The page that asks, where the application has none of its own. */
import type { ConsentQuestion } from '../options.ts'
import { type Html, html } from './html.ts'
import type { Pages } from './page.ts'

/**
 * Who asks, for what, of which server, and where the answer goes. The name is the client's own claim, and is set apart from what
 * was checked.
 *
 * @see draft-ietf-oauth-client-id-metadata-document section 6.4
 */
export function consentPage(
  pages: Pages,
  question: ConsentQuestion,
  { cookies, formTargets }: { readonly cookies: readonly string[]; readonly formTargets: readonly string[] },
): Response {
  const { user, client, scopes, resource, action, fields } = question
  return pages({
    title: 'Allow access?',
    cookies,
    formTargets,
    body: html`<p><strong><bdi>${client.name}</bdi></strong> wants to act for you at <strong><bdi>${resource.title}</bdi></strong>.</p>
<h2>What it will be able to do</h2>
<ul>
${scopes.map(({ name, description }) => html`<li>${description} <code>${name}</code></li>`)}
</ul>
<h2>Who is asking</h2>
<dl>
<dt>Application, as it calls itself</dt>
<dd><bdi>${client.name}</bdi></dd>
${hostOf(client.host)}<dt>Your answer goes to</dt>
<dd><strong><bdi>${client.redirectHost}</bdi></strong><br><code>${client.redirectUri}</code></dd>
<dt>Server</dt>
<dd><code>${resource.url}</code></dd>
<dt>You are signed in as</dt>
<dd><bdi>${user.name ?? user.id}</bdi></dd>
</dl>
${client.isLoopbackOnly ? LOOPBACK_NOTE : ''}<form method="post" action="${action}">
${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<p>Allow this only if you have just started it yourself.</p>
<button class="main" type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Refuse</button>
</form>`,
  })
}

function hostOf(host: string | undefined): Html | string {
  if (host === undefined) return ''
  return html`<dt>Published by</dt>
<dd><strong><bdi>${host}</bdi></strong></dd>
`
}

/** Whatever runs on the same machine can call itself what it likes, and take any port. @see MCP, localhost redirect URIs */
const LOOPBACK_NOTE = html`<p class="note">This application runs on your own computer, so its name cannot be checked. Any program there could ask like this.</p>
`
