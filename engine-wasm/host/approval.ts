/** What an approval is bound to: the request, canonically, and the generation of the policy (docs/abi.md). */
import { chainOf, type EngineRequest, MALFORMED } from './request.ts'

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
  const inner = (member: unknown) => canonical(member, level + 1)
  if (typeof value === 'object' && value && level <= MAX_LEVELS) {
    if (Array.isArray(value)) return `[${Array.from(value, inner)}]`
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map((member) => member.map(inner).join(':'))}}`
  }
  const text = JSON.stringify(value)
  // What is no JSON does not come back as it was.
  if (JSON.parse(text) !== value || /\p{Cs}/u.test(value as string)) throw MALFORMED
  return text
}
