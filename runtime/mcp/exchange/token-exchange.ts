/**
 * Token exchange: a token for one server becomes another one for the same server that allows less, for the same agent or for one
 * to which authority is lent.
 *
 * ```
 * user's token, agent A        the grant that it came from
 *   | exchange by B's client     | parent
 *   v                            v
 * token, agent B, act {B}      grant of its own, with a delegation A -> B that counts for its tokens alone
 *   | exchange by C's client     | parent
 *   v                            v
 * token, agent C, act {C {B}}  grant, delegation B -> C through A -> B
 * ```
 *
 * INVARIANT: a token that was exchanged allows nothing that its subject's token does not allow. Its scopes are among that one's or
 * contained in them. Where another agent acts, its chain is the chain of the subject's token and one hop more, and the engine asks
 * every hop; where the same agent acts, it acts by the same chain.
 *
 * @see RFC 8693
 */
import { type Change, KavachError, makeDelegation, type Permission, type Row } from '../../index.ts'
import type { OAuthErrorName } from '../oauth-error.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace } from '../place.ts'
import type { Actor } from '../principal.ts'
import type { GrantHandler, TokenAnswer, TokenRequest } from '../tokens/index.ts'
import { resourceAsked, scopesAsked } from './narrow.ts'
import {
  ACCESS_TOKEN_TYPE,
  actingAgentOf,
  assertActive,
  assertExchangeable,
  type Party,
  readParty,
  refusal,
} from './parties.ts'
import { detailsOf, type PermissionDetail, permissionsAsked } from './permission-details.ts'

/** Those who act one for another, at most. */
const MAX_ACTORS = 5

type ExchangePlace = Pick<McpPlace, 'site' | 'settings'>

export interface ExchangeAnswer extends TokenAnswer {
  readonly issued_token_type: string
  /** The permissions that were lent, where the request asked for some. */
  readonly authorization_details?: readonly PermissionDetail[]
}

/** What is exchanged for what. */
interface Asked extends TokenRequest {
  readonly subject: Party
  readonly actor: Party | undefined
  readonly acting: string
  readonly scopes: readonly string[]
  readonly resource: string
  /** Nothing: what the scopes stand for. */
  readonly permissions: readonly Permission[] | undefined
  /** Hops from the subject's agent, this one included. */
  readonly maxDepth: number
}

export function createTokenExchange(place: ExchangePlace): GrantHandler {
  const { site, settings } = place
  return async (request): Promise<ExchangeAnswer> => {
    const { client, form, jkt, tokens } = request
    if (client.authMethod === 'none') {
      throw new OAuthError('unauthorized_client', 'only a client that authenticates may exchange tokens')
    }
    const type = form.get('requested_token_type') ?? ACCESS_TOKEN_TYPE
    if (type !== ACCESS_TOKEN_TYPE) throw refusal(`requested_token_type must be ${ACCESS_TOKEN_TYPE}`)
    const subject = await readParty(place, form, 'subject_token', tokens.verify)
    if (subject === undefined) throw refusal('subject_token is missing')
    assertExchangeable(subject, client, jkt)
    const actor = await readParty(place, form, 'actor_token', tokens.verify)
    const acting = actingAgentOf(actor, subject, client, jkt)
    const { principal } = subject
    const ceiling = principal?.scopes ?? client.scopes ?? settings.defaultScopes
    const asked: Asked = {
      ...request,
      subject,
      actor,
      acting,
      scopes: scopesAsked(form, settings, { ceiling }),
      resource: resourceAsked(form, settings, principal?.resource),
      permissions: permissionsAsked(form),
      maxDepth: depthAsked(form.get('kvch_max_depth')),
    }
    return site.change((change) => exchange(place, change, asked))
  }
}

/** All in one change: what is lent is there with its token, or not at all. */
async function exchange({ site, settings }: ExchangePlace, change: Change, asked: Asked): Promise<ExchangeAnswer> {
  const { client, jkt, tokens, subject, acting, scopes, resource } = asked
  const { principal } = subject
  const isOther = acting !== subject.agentId
  if (!isOther && asked.permissions !== undefined) {
    throw refusal('authorization_details say what is lent to another agent, and here the same agent acts')
  }
  for (const party of [subject, asked.actor]) {
    if (party !== undefined && !(await party.isStillGood(change))) {
      throw refusal('a token was revoked meanwhile', 'KVCH_E_OAUTH_TOKEN_REVOKED')
    }
  }
  await assertActive(change, subject.agentId)
  await assertActive(change, acting)
  const end = Math.min(subject.expiresAt ?? Number.POSITIVE_INFINITY, change.now + settings.accessMs)
  const lent = isOther ? await lend({ site, settings }, change, asked, end) : undefined
  const grant = await tokens.openGrant(change, {
    client,
    user: principal?.userId === undefined ? undefined : { id: principal.userId },
    agentId: acting,
    scopes,
    resource,
    parent: principal?.grantId,
    delegation: lent?.id ?? principal?.delegation,
    actor: isOther ? actorOf(acting, principal?.actor) : principal?.actor,
    expiresAt: end,
  })
  const answer = await tokens.issue(change, grant, { scopes, resource, jkt, hasRefresh: false, expiresAt: end })
  return {
    ...answer,
    issued_token_type: ACCESS_TOKEN_TYPE,
    // The row was written a moment ago, and `makeDelegation` put permissions there.
    ...(asked.permissions !== undefined &&
      lent !== undefined && {
        authorization_details: detailsOf(JSON.parse(lent.permissions) as readonly Permission[]),
      }),
  }
}

/** Lends what the scopes stand for, or what was asked for within that. */
async function lend(
  { site, settings }: ExchangePlace,
  change: Change,
  { client, subject, acting, scopes, permissions, maxDepth }: Asked,
  expiresAt: number,
): Promise<Row<'delegations'>> {
  const spoken = [...settings.closureOf(scopes)].flatMap((name) => settings.scopes[name]?.permissions ?? [])
  const through = subject.principal?.delegation
  const delegation = {
    fromAgent: subject.agentId,
    toAgent: acting,
    permissions: permissions ?? spoken,
    expiresAt,
    maxDepth,
    onlyWhenNamed: true,
    ...(through !== undefined && { through }),
  }
  try {
    const lending = { actor: client.id, within: permissions === undefined ? undefined : spoken }
    return await makeDelegation(site, change, delegation, lending)
  } catch (error) {
    const name = error instanceof KavachError ? REFUSALS.get(error.code) : undefined
    if (!(error instanceof KavachError) || name === undefined) throw error
    throw new OAuthError(name, error.message, { code: error.code, cause: error })
  }
}

/** What the client can do something about. */
const REFUSALS: ReadonlyMap<string, OAuthErrorName> = new Map<KavachError['code'], OAuthErrorName>([
  ['KVCH_E_AGENT_DELEGATION_ESCALATES', 'invalid_scope'],
  ['KVCH_E_AGENT_DELEGATION_DEPTH', 'invalid_request'],
  ['KVCH_E_AGENT_DELEGATION_INVALID', 'invalid_request'],
  ['KVCH_E_AGENT_NOT_FOUND', 'invalid_request'],
  ['KVCH_E_AGENT_REVOKED', 'invalid_request'],
  ['KVCH_E_AGENT_SUSPENDED', 'invalid_request'],
  ['KVCH_E_AGENT_EXPIRED', 'invalid_request'],
])

/** The one who acts now stands outermost. @see RFC 8693 section 4.1 */
function actorOf(sub: string, act: Actor | undefined): Actor {
  let actors = 1
  for (let one = act; one !== undefined; one = one.act) actors++
  if (actors > MAX_ACTORS) {
    throw refusal(`at most ${MAX_ACTORS} act one for another`, 'KVCH_E_AGENT_DELEGATION_DEPTH')
  }
  return act === undefined ? { sub } : { sub, act }
}

function depthAsked(text = '1'): number {
  if (/^[1-5]$/.test(text)) return Number(text)
  throw refusal('kvch_max_depth must be a number from 1 to 5')
}
