/** What an approval is bound to: the request, canonically, and the generation of the policy (docs/abi.md). */
import { chainOf, type EngineRequest } from './request.ts'

/** Arguments deeper than this are not canonised; they would exhaust the stack. */
const MAX_LEVELS = 100

/**
 * RFC 8785 JSON of agent, chain, action, resource and args, a line feed and the generation.
 *
 * Throws when the arguments are not JSON.
 */
export function approvalText(request: EngineRequest, generation: number): string {
  const { agent, action, resource, args } = request
  const bound = { agent, chain: chainOf(request), action, resource, args: args ?? undefined }
  return `${canonical(bound, 0)}\n${generation}`
}

/** @see RFC 8785 section 3.2: members sorted by UTF-16 code units, numbers and strings as ECMAScript prints them */
function canonical(value: unknown, level: number): string {
  if (Array.isArray(value) && level <= MAX_LEVELS)
    return `[${Array.from(value, (member) => canonical(member, level + 1))}]`
  if (typeof value === 'object' && value && level <= MAX_LEVELS) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    const texts = members
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${canonical(name, level)}:${canonical(member, level + 1)}`)
    return `{${texts}}`
  }
  const isJson =
    typeof value === 'string'
      ? !/\p{Cs}/u.test(value)
      : value === null || typeof value === 'boolean' || Number.isFinite(value)
  if (!isJson) throw new TypeError('malformed')
  return JSON.stringify(value)
}
