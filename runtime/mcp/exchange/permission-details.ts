/**
 * Permissions in a request, as `authorization_details` of our own type:
 * `[{ "type": "urn:kavachos:permission", "resource": "mcp:tools:search", "actions": ["execute"], "constraints": {} }]`.
 *
 * @see RFC 9396 section 2 and 5
 */
import type { Permission } from '../../index.ts'
import type { Form } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'

export const PERMISSION_DETAIL = 'urn:kavachos:permission'

/** As granted. @see RFC 9396 section 7 */
export interface PermissionDetail extends Permission {
  readonly type: typeof PERMISSION_DETAIL
}

const MAX_DETAILS = 64
const MEMBERS: ReadonlySet<string> = new Set(['type', 'resource', 'actions', 'constraints'])

/**
 * Nothing when the request has none. What a permission says is for the delegation to judge.
 *
 * @throws {OAuthError} `invalid_authorization_details`
 */
export function permissionsAsked(form: Form): readonly Permission[] | undefined {
  const text = form.get('authorization_details')
  if (text === undefined) return undefined
  const details = parse(text)
  if (!Array.isArray(details) || details.length === 0 || details.length > MAX_DETAILS) {
    throw refusal(`must be a JSON list of 1 to ${MAX_DETAILS} objects`)
  }
  return details.map((detail: unknown) => {
    if (typeof detail !== 'object' || detail === null || Array.isArray(detail)) throw refusal('must hold objects')
    const members = new Map<string, unknown>(Object.entries(detail))
    if (members.get('type') !== PERMISSION_DETAIL) throw refusal(`must be of the type ${PERMISSION_DETAIL}`)
    for (const name of members.keys())
      if (!MEMBERS.has(name)) throw refusal(`must not have the member ${name.slice(0, 64)}`)
    const resource = members.get('resource')
    const actions = members.get('actions')
    const constraints = members.get('constraints')
    if (typeof resource !== 'string') throw refusal('must name a resource')
    if (!isTexts(actions) || actions.length === 0) throw refusal('must name actions')
    // The delegation reads them, and refuses what is none.
    const stated = constraints as Permission['constraints']
    return { resource, actions, ...(stated !== undefined && { constraints: stated }) }
  })
}

export function detailsOf(permissions: readonly Permission[]): readonly PermissionDetail[] {
  return permissions.map((permission) => ({ type: PERMISSION_DETAIL, ...permission }))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function refusal(why: string): OAuthError {
  return new OAuthError('invalid_authorization_details', `authorization_details ${why}`)
}
