/** Random run-time state, as `--state` reads it: language reference, section 10. */
import { CIDRS, OWNERS } from './atoms.ts'
import type { Aim } from './policy.ts'
import type { Random } from './random.ts'
import type { Theme } from './scopes.ts'

export interface GeneratedState {
  readonly agents: readonly { readonly name: string }[]
  readonly delegations: readonly unknown[]
  readonly revoked: readonly string[]
  readonly suspended: readonly string[]
}

const NAMES = ['rt', 'é-agent', 'odd name', '😀']

/** A state, and the aim with its agents and delegations added. */
export function generateState(random: Random, aim: Aim): { readonly state: GeneratedState; readonly aim: Aim } {
  // Without a boundary nothing made at run time may do anything.
  const names = aim.hasBoundary || random.chance(0.2) ? random.some(NAMES, 0, 3) : []
  const instants: number[] = []
  const instant = () => {
    const now = typeof aim.world.now === 'string' ? Date.parse(aim.world.now) : Date.UTC(2026, 3, 1, 10)
    const at = now + random.pick([1, 3_600_000, 86_400_000, 3_600_000, 86_400_000, 0, -1])
    instants.push(at)
    return random.chance(0.5) ? at : new Date(at).toISOString()
  }
  const agents = names.map((name) => ({
    name,
    type: random.pick(['autonomous', 'service', 'delegated']),
    ...(random.chance(0.6) && { owner: random.pick(OWNERS) }),
    permissions: generatePermissions(random, aim, 0, 3),
    ...(random.chance(0.7) && { mayDelegate: random.pick([5, 5, 5, 4, 3, 2, 1, 0]) }),
    ...(random.chance(0.1) && { expiresAt: instant() }),
  }))
  // Run-time agents stand before, between and behind those of the policy.
  const everybody = [...aim.agents]
  for (const name of names) everybody.splice(random.between(0, everybody.length), 0, name)
  const edges: { readonly from: string; readonly to: string }[] = []
  for (const [index, from] of everybody.entries()) {
    const to = everybody[index + 1]
    if (to === undefined) continue
    const isOld = aim.agents.includes(from) && aim.agents.includes(to)
    for (let left = isOld ? (random.chance(0.25) ? 1 : 0) : random.between(1, 2); left > 0; left--)
      edges.push({ from, to })
  }
  const delegations = edges.map(({ from, to }) => ({
    from,
    to,
    permissions: generatePermissions(random, aim, 1, 2),
    ...(random.chance(0.85) && { depth: random.chance(0.8) ? 5 : random.between(0, 5) }),
    ...(random.chance(0.12) && { expiresAt: instant() }),
    ...(random.chance(0.08) && { revoked: true }),
  }))
  const flagged = (probability: number) => (random.chance(probability) ? [random.pick(everybody)] : [])
  return {
    state: { agents, delegations, revoked: flagged(0.03), suspended: flagged(0.03) },
    aim: {
      ...aim,
      agents: everybody,
      roots: [...aim.roots, ...names],
      edges: [...aim.edges, ...edges],
      instants: [...aim.instants, ...instants],
      amounts: [...aim.amounts, 1_600_000_000n, 2_000_000_000n],
      counts: [...aim.counts, 60, 6],
    },
  }
}

function generatePermissions(random: Random, aim: Aim, least: number, most: number): readonly unknown[] {
  return Array.from({ length: random.between(least, most) }, () => {
    const theme = random.chance(0.75) ? aim.themes[0] : random.pick(aim.themes)
    return {
      resource: generateResourcePattern(random, theme),
      actions: random.chance(0.4) ? ['*'] : random.shuffle([theme.action, ...random.some(['read', 'write'], 0, 1)]),
      ...(random.chance(0.6) && { constraints: generateConstraints(random) }),
    }
  })
}

function generateResourcePattern(random: Random, { resource }: Theme): string {
  const segments = resource.split(':')
  const isPlain = segments.every((segment) => /^[A-Za-z0-9_.@-]+$/.test(segment))
  if (!isPlain || random.chance(0.4)) return '**'
  if (segments.length > 1 && random.chance(0.4)) return segments.with(-1, random.pick(['*', '**'])).join(':')
  return resource
}

function generateConstraints(random: Random): unknown {
  const constraints: Record<string, unknown> = {}
  const maybe = (probability: number, key: string, value: () => unknown) => {
    if (random.chance(probability)) constraints[key] = value()
  }
  const count = () => random.pick([60, 2000, 2, 1, 0])
  maybe(0.2, 'maxCallsPerMinute', count)
  maybe(0.1, 'maxCallsPerHour', count)
  maybe(0.1, 'maxCallsPerDay', count)
  maybe(0.2, 'budgetUsdPerDay', () => random.pick([2, 0.5, 10, 0, 1e-9, 9_000_000_000]))
  maybe(0.1, 'budgetUsdPerMonth', () => random.pick([2, 40.5]))
  if ('budgetUsdPerDay' in constraints || 'budgetUsdPerMonth' in constraints) maybe(0.5, 'throttlePerMinute', count)
  maybe(0.15, 'allowedHoursUTC', () => random.pick(['09:00-18:00', '00:00-24:00', '22:00-11:00']))
  maybe(0.1, 'timeWindow', () =>
    random.pick([
      { start: '08:00', end: '12:00' },
      { start: '10:00', end: '10:01' },
    ]),
  )
  maybe(0.15, 'ipAllowlist', () => random.some(CIDRS, 1, 3).map(({ text }) => text))
  maybe(0.12, 'requireApproval', () => random.chance(0.8))
  maybe(0.12, 'argPatterns', () =>
    random.pick([{ path: '[a-z/]*' }, { 'deep.x': '(a|b)+' }, { mode: 'a.*', path: '.*' }]),
  )
  return constraints
}
