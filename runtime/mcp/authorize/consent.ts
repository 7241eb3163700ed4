/**
 * Consent: a question that is put to a user, and what becomes of the answer.
 *
 * Nothing is written before the user has decided. What was asked travels in the form, sealed, together with the browser and the
 * user whom it was put to; it can be answered once, for ten minutes.
 */
import { base64url } from 'jose'
import { type Change, entryOf, KavachError } from '../../index.ts'
import { actingAgent } from '../acting-agent.ts'
import type { Client } from '../client.ts'
import { type Clients, isLoopbackRedirect, matchesRedirect } from '../clients/index.ts'
import { type Form, readForm } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'
import type { ConsentQuestion, SignedIn } from '../options.ts'
import type { McpPlace } from '../place.ts'
import type { Tokens } from '../tokens/index.ts'
import { answerClient, errorParameters } from './answer.ts'
import type { Browsers } from './browser.ts'
import { consentPage } from './consent-page.ts'
import { formTargetsOf } from './form-targets.ts'
import { type Pages, withPageHeaders } from './page.ts'
import type { AuthorizationRequest } from './request.ts'
import { seal, unseal } from './sealed.ts'

export interface Consent {
  /** The question. */
  readonly ask: (request: Request, asked: Asked) => Promise<Response>
  /** Takes the answer, and leads back to the client. @throws {OAuthError} when it is no answer to a question of this browser */
  readonly answer: (request: Request) => Promise<Response>
}

export interface Asked {
  readonly client: Client
  readonly user: SignedIn
  readonly request: AuthorizationRequest
}

export interface ConsentPorts {
  readonly clients: Pick<Clients, 'find'>
  readonly tokens: Pick<Tokens, 'openGrant' | 'createCode'>
  readonly browsers: Browsers
  readonly pages: Pages
  /** Who is signed in. */
  readonly userOf: (request: Request) => Promise<SignedIn | undefined>
}

const PAGE_MS = 600_000
const ID_BYTES = 16
const KIND = 'consent'

export function createConsent(place: McpPlace, ports: ConsentPorts): Consent {
  const { site, settings, secretKeys } = place
  const { clients, tokens, browsers, pages, userOf } = ports
  const { host } = site
  /** Questions that are being answered: a second click must not make a second agent. */
  const underWay = new Set<string>()

  async function ask(request: Request, { client, user, request: asked }: Asked): Promise<Response> {
    const browser = await browsers.meet(request)
    const id = base64url.encode(host.random(ID_BYTES))
    const page = await seal(await secretKeys(), 'page-tokens', {
      kind: KIND,
      exp: host.now() + PAGE_MS,
      id,
      browser: browser.id,
      user: user.id,
      request: { ...asked },
    })
    const question = questionOf({ client, user, request: asked }, settings, {
      request: page,
      csrf: await browser.formToken(formOf(id)),
    })
    const { consent } = settings.options
    if (consent !== undefined) return withPageHeaders(await consent(question), browser.cookies)
    return consentPage(pages, question, { cookies: browser.cookies, formTargets: formTargetsOf(asked.redirectUri) })
  }

  async function answer(request: Request): Promise<Response> {
    const form = await readForm(request)
    const { id, exp, asked } = await recognize(request, form)
    const user = await userOf(request)
    if (user?.id !== asked.user) throw stale('somebody else is signed in now, or nobody')
    const client = await clients.find(asked.request.clientId)
    if (client === undefined || !matchesRedirect(client, asked.request.redirectUri)) {
      throw stale('the application is no longer registered like this')
    }
    if (!isStillOffered(asked.request)) throw stale('what was asked for is no longer offered')
    const decision = form.get('decision')
    if (decision !== 'allow' && decision !== 'deny')
      throw new OAuthError('invalid_request', 'decision must be allow or deny')
    if (underWay.has(id)) throw answered()
    underWay.add(id)
    try {
      const question = { id, exp, client, user, request: asked.request }
      return await (decision === 'allow' ? allow(question) : deny(question))
    } finally {
      underWay.delete(id)
    }
  }

  /** The question that a form answers. */
  async function recognize(request: Request, form: Form) {
    const text = form.get('request') ?? ''
    const page = await unseal(await secretKeys(), 'page-tokens', { text, kind: KIND, now: host.now() })
    if (page === undefined) throw stale('the question is too old, or was not asked here')
    // `ask` has sealed it.
    const { id, exp, ...asked } = page as unknown as Question
    const browser = await browsers.recognize(request)
    if (browser?.id !== asked.browser || !(await browser.accepts(formOf(id), form.get('csrf')))) {
      throw stale('the question was asked in another browser')
    }
    return { id, exp, asked }
  }

  function isStillOffered({ scopes, resource }: AuthorizationRequest): boolean {
    return (
      scopes.every((scope) => settings.scopes[scope] !== undefined) &&
      settings.resources.some(({ url }) => url === resource)
    )
  }

  async function allow(question: Answered): Promise<Response> {
    const { client, user, request } = question
    const { redirectUri, challenge, scopes, resource, jkt } = request
    if (await site.read((reader) => reader.get('oauthReplays', { id: replayIdOf(question) }))) throw answered()
    const agentId = await agentFor(question)
    if (agentId instanceof OAuthError) return answerClient(request, errorParameters(agentId), settings.issuer)
    const code = await site.change(async (change) => {
      await useUp(change, question)
      const expiresAt = change.now + settings.grantMs
      const grant = await tokens.openGrant(change, { client, user, agentId, scopes, resource, expiresAt })
      change.record(entryOf(consentRow(question, { agent: agentId, grant: grant.id })))
      return tokens.createCode(change, { grantId: grant.id, client, redirectUri, challenge, scopes, resource, jkt })
    })
    return answerClient(request, { code }, settings.issuer)
  }

  async function deny(question: Answered): Promise<Response> {
    await site.change(async (change) => {
      await useUp(change, question)
      change.record(entryOf({ ...consentRow(question), result: 'denied' }))
    })
    const refusal = new OAuthError('access_denied', 'the user has refused')
    return answerClient(question.request, errorParameters(refusal), settings.issuer)
  }

  async function agentFor({ client, user, request }: Answered): Promise<string | OAuthError> {
    try {
      return await actingAgent(place, { client, user, scopes: request.scopes, resource: request.resource })
    } catch (error) {
      if (!(error instanceof KavachError) || !error.code.startsWith('KVCH_E_AGENT_')) throw error
      site.warn(`no agent can act for a user through the client \`${client.id}\`: ${error.message}`)
      const isFull = error.code === 'KVCH_E_AGENT_LIMIT_EXCEEDED'
      const why = isFull ? 'the user has as many agents as it may have' : 'no agent can act for the user'
      return new OAuthError(isFull ? 'access_denied' : 'server_error', why, { code: error.code, cause: error })
    }
  }

  return { ask, answer }
}

/** What is sealed in the form. */
interface Question {
  readonly id: string
  readonly exp: number
  readonly browser: string
  readonly user: string
  readonly request: AuthorizationRequest
}

interface Answered extends Asked {
  readonly id: string
  readonly exp: number
}

function questionOf(
  { client, user, request }: Asked,
  settings: McpPlace['settings'],
  fields: ConsentQuestion['fields'],
): ConsentQuestion {
  const { redirectUri, scopes, resource } = request
  const server = settings.resources.find(({ url }) => url === resource)
  return {
    user,
    client: {
      id: client.id,
      name: client.name,
      host: client.origin === 'document' ? new URL(client.id).host : undefined,
      redirectUri,
      redirectHost: hostOf(redirectUri),
      isLoopbackOnly: client.redirectUris.every(isLoopbackRedirect),
    },
    scopes: scopes.map((name) => ({ name, description: settings.scopes[name]?.description ?? name })),
    resource: { url: resource, title: server?.title ?? resource },
    action: settings.urls.consent,
    fields,
  }
}

/** The host, or the scheme too where that alone says which application it is. */
function hostOf(redirectUri: string): string {
  const [, scheme = '', host = ''] = /^([^:]+:)(?:\/\/([^/?#]*))?/.exec(redirectUri) ?? []
  return scheme === 'https:' || scheme === 'http:' ? host : `${scheme}//${host}`
}

function formOf(id: string): string {
  return `consent ${id}`
}

function replayIdOf({ id }: Answered): string {
  return `consent:${id}`
}

/** Of two answers to one question, in whatever process, one comes first. */
async function useUp(change: Change, question: Answered): Promise<void> {
  const id = replayIdOf(question)
  if ((await change.get('oauthReplays', { id })) !== undefined) throw answered()
  await change.insert('oauthReplays', [{ id, expiresAt: question.exp }])
}

function consentRow(
  { client, user, request }: Answered,
  { agent, grant }: { readonly agent?: string; readonly grant?: string } = {},
) {
  const { scopes, resource } = request
  return {
    kind: 'oauth.consent',
    agent,
    actor: 'host',
    result: 'allowed',
    personal: { user: user.id },
    members: { client: client.id, scopes, resource, grant },
  } as const
}

function stale(why: string): OAuthError {
  return new OAuthError('invalid_request', why, { status: 403 })
}

function answered(): OAuthError {
  return new OAuthError('invalid_request', 'this question was answered already', { status: 403 })
}
