/** Tokens of agents. An agent has one, and two only while an old one is given grace. */
import type { Change } from '../site.ts'
import type { Row } from '../tables.ts'
import { createToken } from '../tokens/index.ts'
import { type IssuedToken, toDate } from './view.ts'

/** What making a token needs of the site. */
export interface TokenMaker {
  readonly host: { readonly random: (bytes: number) => Uint8Array }
  readonly sha256: (bytes: Uint8Array) => Uint8Array
}

/** Gives the agent a new token in place of all that it has; these live for `graceMs` more at most. */
export async function swapToken(
  { host, sha256 }: TokenMaker,
  change: Change,
  { id, tokenTtlMs }: Pick<Row<'agents'>, 'id' | 'tokenTtlMs'>,
  graceMs = 0,
): Promise<IssuedToken> {
  const until = change.now + graceMs
  for (const old of await tokensOf(change, id)) {
    if (graceMs === 0 || (old.expiresAt !== null && old.expiresAt <= change.now)) {
      await change.remove('tokens', { hash: old.hash })
    } else {
      await change.put('tokens', [{ ...old, expiresAt: Math.min(old.expiresAt ?? until, until) }])
    }
  }
  const { token, hash } = createToken(host.random, sha256)
  const expiresAt = tokenTtlMs === null ? null : change.now + tokenTtlMs
  await change.insert('tokens', [{ hash, agent: id, issuedAt: change.now, expiresAt }])
  return { agentId: id, token, expiresAt: toDate(expiresAt) }
}

/** The agent is known by no token any more. */
export async function removeTokens(change: Change, id: string): Promise<void> {
  for (const { hash } of await tokensOf(change, id)) await change.remove('tokens', { hash })
}

async function tokensOf(change: Change, id: string): Promise<readonly Row<'tokens'>[]> {
  return change.find('tokens', 'byAgent', { equal: [id] })
}
