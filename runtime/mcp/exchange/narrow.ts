/** Scopes and servers that are asked for, within those that may be given. */

import type { Form } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace } from '../place.ts'
import { canonicalResource } from '../resource-uri.ts'

/**
 * The scopes of a request, each one among those of `ceiling` or contained in one; without any, `standard`.
 *
 * @throws {OAuthError} `invalid_scope`
 */
export function scopesAsked(
  form: Form,
  { scopes, closureOf }: Pick<McpPlace['settings'], 'scopes' | 'closureOf'>,
  { ceiling, standard = ceiling }: { readonly ceiling: readonly string[]; readonly standard?: readonly string[] },
): readonly string[] {
  const may = closureOf(ceiling)
  const names = [...new Set((form.get('scope') ?? '').split(' ').filter((name) => name !== ''))]
  // There is no refresh token for what is exchanged.
  const asked = names.filter((name) => name !== 'offline_access' || scopes[name] !== undefined)
  const wider = asked.find((name) => !may.has(name))
  if (wider !== undefined) {
    throw new OAuthError('invalid_scope', `the scope ${wider.slice(0, 64)} is more than may be given here`)
  }
  return asked.length > 0 ? asked : standard
}

/**
 * The one server that a token will be for: `only`, where there is just that one to choose. `resource` and `audience` mean the same.
 *
 * @throws {OAuthError} `invalid_target` @see RFC 8707 section 2; RFC 8693 section 2.1
 */
export function resourceAsked(
  form: Form,
  { resources }: Pick<McpPlace['settings'], 'resources'>,
  only?: string,
): string {
  const known = only === undefined ? resources.map(({ url }) => url) : [only]
  const asked = new Set<string>()
  for (const name of ['resource', 'audience']) {
    const value = form.get(name)
    if (value !== undefined) asked.add(canonicalResource(value))
  }
  const named = asked.size === 0 ? known : [...asked]
  const [resource] = named
  if (resource === undefined || named.length > 1) throw wrongTarget('name the one server that the token is for')
  if (!known.includes(resource)) throw wrongTarget('the resource is not one that a token can be had for here')
  return resource
}

function wrongTarget(why: string): OAuthError {
  return new OAuthError('invalid_target', why, { code: 'KVCH_E_MCP_RESOURCE_INDICATOR_INVALID' })
}
