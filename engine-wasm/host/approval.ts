/** What an approval is bound to: the request, canonically, and the generation of the policy (docs/abi.md). */
import { type Machine, sha256 } from './machine.ts'
import { UTF8 } from './memory.ts'
import { attempt, chainOf, type EngineRequest, MALFORMED } from './request.ts'

/** Arguments deeper than this are not canonised; they would exhaust the stack. */
const MAX_LEVELS = 100

/**
 * Hex of SHA-256 over RFC 8785 JSON of agent, chain, action, resource and args, a line feed and the generation.
 *
 * @returns nothing when the arguments are not JSON
 */
export function approvalDigest(m: Machine, request: EngineRequest): string | undefined {
  const { agent, action, resource, args } = request
  return attempt(() => {
    const bound = { agent, chain: chainOf(request), action, resource, args: args ?? undefined }
    return sha256(m, UTF8.encode(`${canonical(bound, 0)}\n${m.policy.generation}`))
  })
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
