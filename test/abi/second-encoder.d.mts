/** Types of the second encoder, which itself uses nothing but the language. */

export interface SecondMeter {
  readonly key: string
  readonly window: string
  readonly limit: bigint
  readonly amount: bigint
  readonly start: bigint
  readonly isMoney: boolean
}

export interface SecondAnswer {
  readonly decision: string
  readonly reason: string
  readonly hops: number
  readonly grant?: number
  readonly guard?: number
  readonly failed: number
  readonly chosen?: readonly number[]
  readonly amount?: bigint
  readonly meters: readonly SecondMeter[]
  readonly approvals: readonly { readonly by?: string; readonly within: bigint }[]
}

export interface Second {
  readonly ask: (request: unknown, possible?: boolean) => SecondAnswer
  readonly put: (record: Uint8Array) => number
  readonly revoke: (id: string, flags: number) => number
}

export function open(module: Uint8Array): Second
