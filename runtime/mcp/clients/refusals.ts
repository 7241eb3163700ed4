/** Failures of clients, for the log. */
import { entryOf } from '../../index.ts'
import type { McpPlace } from '../place.ts'

export interface Refusal {
  /** Where it came from; failures beyond some in a minute are counted by it. */
  readonly source: string
  /** Only one that exists: others are any text. */
  readonly client?: string | undefined
  readonly error: string
  readonly why: string
}

/** Writes a row about a failure, unless its source has failed so often that it is counted instead. */
export async function recordRefusal(
  { site, admitFailure }: Pick<McpPlace, 'site' | 'admitFailure'>,
  { source, client, error, why }: Refusal,
): Promise<void> {
  if (!admitFailure(source, site.host.now())) return
  const members = { client, error, why: why.slice(0, MAX_WHY).replaceAll(/\p{Surrogate}/gu, '?') }
  await site.change((change) => {
    change.record(entryOf({ kind: 'oauth.refuse', actor: 'host', result: 'denied', personal: { source }, members }))
  })
}

const MAX_WHY = 300
