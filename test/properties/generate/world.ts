/**
 * The facts that most of a policy is written about, so that long conjunctions still hold together: without a common world
 * a chain of five hops would never allow anything.
 */
import type { Random } from './random.ts'

export interface World {
  readonly ip: unknown
  readonly now: unknown
  readonly trust: unknown
  readonly cost: unknown
  readonly args: { readonly [name: string]: unknown }
}

export function generateWorld(random: Random): World {
  return {
    ip: random.chance(0.6) ? '10.1.2.3' : random.pick(IPS),
    now: random.chance(0.6) ? '2026-04-01T10:00:00Z' : random.pick(TIMES),
    trust: random.pick([70, 70, 60, 50, 80, 0.5, 100]),
    cost: random.chance(0.5) ? undefined : random.pick([0.5, 0.25, 1, 0, 1e-9, 1.6, 1.5, 9_000_000_000]),
    args: {
      path: random.pick(['a', 'ab', '/api/a', 'aab']),
      mode: random.pick(['a', 'ab', 'append']),
      n: random.pick([5, 0, 1.5]),
      flag: random.chance(0.5),
      net: random.chance(0.6) ? '10.1.2.3' : random.pick(IPS),
      at: random.pick(['2026-04-01T10:00:00Z', Date.UTC(2026, 3, 1, 10)]),
      deep: { x: random.pick(['a', 'ab']), n: random.pick([5, 0, -2]) },
      'odd name': random.pick([0, 5, 1.5]),
    },
  }
}

/** The value that an atom's `fact` names. */
export function factOf(world: World, fact: string): unknown {
  switch (fact) {
    case 'ip':
      return world.ip
    case 'now':
      return world.now
    case 'trust':
      return world.trust
    case 'cost':
      return world.cost
    default: {
      let value: unknown = world.args
      for (const name of argumentPath(fact)) {
        if (typeof value !== 'object' || value === null) return undefined
        value = Object.entries(value).find(([key]) => key === name)?.[1]
      }
      return value
    }
  }
}

/** `args.deep.x` is `['deep', 'x']`; names are quoted where they hold blanks. */
export function argumentPath(fact: string): readonly string[] {
  return fact
    .slice('args.'.length)
    .split('.')
    .map((name) => name.replaceAll('"', ''))
}

const IPS = ['10.0.0.0', '10.255.255.255', '10.1.255.255', '2001:db8:ac::', '255.255.255.255', '::', '11.0.0.0']

const TIMES = [
  '2026-04-01T09:00:00Z',
  '2026-04-01T11:59:59.999Z',
  '2026-04-04T05:59:59.999Z',
  '2026-04-05T23:00:00Z',
  '2026-04-01T22:00:00Z',
  '2024-02-29T10:00:00Z',
]
