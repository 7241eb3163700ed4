/** What is asked. NAME.d.ts of a compiled policy narrows this type (docs/language.md section 2). */

export type Window = 'minute' | 'hour' | 'day' | 'month'

/** Malformed members make the request invalid or the fact unknown; `null` counts as absent, other members are ignored. */
export interface EngineRequest {
  readonly agent: string
  readonly action: string
  readonly resource: string
  /** Delegators, root first. */
  readonly via?: readonly (string | { readonly agent: string; readonly since?: string | number | null })[] | null
  readonly args?: object | null
  readonly ip?: string | null
  /** RFC 3339 with `Z`, or milliseconds since 1970. */
  readonly now?: string | number | null
  readonly since?: string | number | null
  /** USD. */
  readonly cost?: number | null
  readonly trust?: number | null
  readonly tenant?: string | null
  readonly approvedBy?: string | readonly string[] | null
  readonly approvedAt?: string | number | null
  readonly readings?: Readings | null
}

/** What meters read: counts, and USD for `spent` and for budgets. A meter of which nothing is said reads 0. */
export interface Readings {
  readonly used?: { readonly [W in Window]?: number | string | null } | null
  readonly spent?: { readonly [W in Window]?: number | string | null } | null
  /** By the key that reservations carry; these win. */
  readonly meters?: { readonly [key: string]: number | string | null } | null
}

/** Thrown for what is no request; nobody sees it. */
export const MALFORMED = new TypeError('malformed')

/** The names of the chain, root first, the agent last. */
export const chainOf = ({ via, agent }: EngineRequest): readonly string[] => [...(via ?? []).map(delegatorOf), agent]

/** The name of a delegator. */
export const delegatorOf = (hop: NonNullable<EngineRequest['via']>[number]): string =>
  typeof hop === 'string' ? hop : hop.agent

/** The result, or nothing when something threw: what a request cannot answer is a denial, whose reason says why. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
