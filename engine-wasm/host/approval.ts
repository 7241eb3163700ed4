/** What an approval is bound to: the request, canonically, and the generation of the policy (docs/abi.md). */
import type { Machine } from './machine.ts'
import { chainOf, type EngineRequest } from './request.ts'

/** Arguments deeper than this are not canonised; they would exhaust the stack. */
const MAX_LEVELS = 100

/**
 * Hex of SHA-256 over RFC 8785 JSON of agent, chain, action, resource and args, a line feed and the generation.
 *
 * @returns nothing when the arguments are not JSON
 */
export function approvalDigest(m: Machine, request: EngineRequest, generation: number): string | undefined {
  const { agent, action, resource, args } = request
  const bound = { agent, chain: chainOf(request), action, resource, ...(args && { args }) }
  const text = canonical(bound, 0)
  return text && m.sha256(new TextEncoder().encode(`${text}\n${generation}`))
}

/** @see RFC 8785 section 3.2: members sorted by UTF-16 code units, numbers and strings as ECMAScript prints them */
function canonical(value: unknown, level: number): string | undefined {
  if (typeof value === 'string') return /\p{Cs}/u.test(value) ? undefined : JSON.stringify(value)
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : undefined
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value !== 'object' || level > MAX_LEVELS) return undefined
  const parts = Array.isArray(value)
    ? value.map((member) => canonical(member, level + 1))
    : Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, member]) => {
          const key = canonical(name, level)
          const text = canonical(member, level + 1)
          return key && text && `${key}:${text}`
        })
  if (parts.includes(undefined)) return undefined
  return Array.isArray(value) ? `[${parts}]` : `{${parts}}`
}
