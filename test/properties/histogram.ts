/** What the cases of a run were, and whether they were the right ones. */
import type { AtomKind } from './generate/atoms.ts'
import { ATOM_KINDS } from './generate/atoms.ts'

/** One case as it is counted. */
export interface Counted {
  readonly decision: string
  readonly reason: string
  /** Hops of the chain. */
  readonly hops: number
  /** Kinds of the conditions that the decision asked. */
  readonly kinds: ReadonlySet<AtomKind>
  readonly isRuntime: boolean
}

export interface Histogram {
  readonly add: (counted: Counted) => void
  readonly print: () => string
  /** What there is too little of; empty when the run was a fair one. */
  readonly shortfalls: () => readonly string[]
}

/** Shares that a fair run has at least. */
const LEAST_OF_DECISIONS: Readonly<Record<string, number>> = { allow: 0.25, approval: 0.1, limited: 0.1, throttle: 0.1 }
const LEAST_OF_LONG_CHAINS = 0.2
const LEAST_OF_KIND = 0.1

export function createHistogram(): Histogram {
  const decisions = new Map<string, number>()
  const reasons = new Map<string, number>()
  const hops = new Map<string, number>()
  const kinds = new Map<string, number>()
  let runtime = 0
  let total = 0
  const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1)
  const share = (map: Map<string, number>, key: string) => (map.get(key) ?? 0) / Math.max(1, total)
  const longChains = () => {
    const long = [...hops].filter(([key]) => Number(key) >= 3)
    return long.reduce((sum, [, number]) => sum + number, 0) / Math.max(1, total)
  }
  return {
    add: (counted) => {
      total += 1
      count(decisions, counted.decision)
      count(reasons, counted.reason)
      count(hops, String(counted.hops))
      for (const kind of counted.kinds) count(kinds, kind)
      if (counted.isRuntime) runtime += 1
    },
    print: () => {
      const line = (title: string, map: ReadonlyMap<string, number>) => {
        const sorted = [...map].sort((a, b) => b[1] - a[1])
        return `${title.padEnd(11)} ${sorted.map(([key, number]) => `${key} ${percent(number / total)}`).join(', ')}`
      }
      const chains = [...hops].sort((a, b) => Number(a[0]) - Number(b[0]))
      return [
        line('decisions', decisions),
        line('reasons', reasons),
        `${'hops'.padEnd(11)} ${chains.map(([key, number]) => `${key}: ${percent(number / total)}`).join(', ')}`,
        line('conditions', kinds),
        `${'run time'.padEnd(11)} ${percent(runtime / total)} with a principal made at run time`,
      ].join('\n')
    },
    shortfalls: () => {
      const wanted: (readonly [string, number, number])[] = [
        ...Object.entries(LEAST_OF_DECISIONS).map(([name, least]) => [name, share(decisions, name), least] as const),
        ['chains of 3 or more hops', longChains(), LEAST_OF_LONG_CHAINS],
        ...ATOM_KINDS.map((kind) => [`conditions over ${kind}`, share(kinds, kind), LEAST_OF_KIND] as const),
      ]
      return wanted.flatMap(([name, found, least]) =>
        found < least ? [`${name}: ${percent(found)}, at least ${percent(least)} wanted`] : [],
      )
    },
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
