/** What the requests of a run were about, and whether they were the right ones. */
import { ATOM_KINDS } from '../generate/atoms.ts'

/** Constructs that are in the policy of a request, beside conditions that its decision asked. */
export const CONSTRUCTS = [
  'role',
  'expires at',
  'forbid',
  'unless',
  'require',
  'not',
  'several actions',
  'one resource',
  '`*` in a segment',
  '{a,b}',
  '**',
  'like',
  'list of a regex',
] as const

export type Construct = (typeof CONSTRUCTS)[number] | (typeof ATOM_KINDS)[number]

export interface Counted {
  readonly decision: 'allow' | 'deny'
  /** Without guardrails it would have been allowed. */
  readonly isForbidden: boolean
  readonly constructs: ReadonlySet<Construct>
}

export interface Histogram {
  readonly add: (counted: Counted) => void
  readonly print: () => string
  /** What there is too little of; empty when the run was a fair one. */
  readonly shortfalls: () => readonly string[]
}

const LEAST = { allow: 0.25, deny: 0.25, forbidden: 0.05, construct: 0.1 }

export function createHistogram(): Histogram {
  const counts = new Map<string, number>()
  let total = 0
  const count = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
  const share = (key: string) => (counts.get(key) ?? 0) / Math.max(1, total)
  return {
    add: ({ decision, isForbidden, constructs }) => {
      total++
      count(decision)
      if (isForbidden) count('forbidden')
      for (const construct of constructs) count(construct)
    },
    print: () => {
      const line = (keys: readonly string[]) => keys.map((key) => `${key} ${percent(share(key))}`).join(', ')
      return [
        `decisions   ${line(['allow', 'deny', 'forbidden'])}`,
        `conditions  ${line(ATOM_KINDS)}`,
        `constructs  ${line(CONSTRUCTS)}`,
      ].join('\n')
    },
    shortfalls: () => {
      const wanted = [
        ...(['allow', 'deny', 'forbidden'] as const).map((key) => [key, LEAST[key]] as const),
        ...[...ATOM_KINDS, ...CONSTRUCTS].map((key) => [key, LEAST.construct] as const),
      ]
      return wanted.flatMap(([key, least]) =>
        share(key) < least ? [`${key}: ${percent(share(key))}, at least ${percent(least)} wanted`] : [],
      )
    },
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
