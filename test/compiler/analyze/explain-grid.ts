/**
 * A small universe of requests: a few values of every fact, one for each thing that the policies made here can ask of it, so
 * that what holds of all requests holds of these.
 */
import { Random } from '../../properties/generate/random.ts'

export const IPS = [undefined, '10.0.0.1', '192.0.2.1', '203.0.113.1'] as const
export const TRUSTS = [undefined, 10, 50, 90] as const
export const MODES = [undefined, 'a', 'b', 'c'] as const
export const NUMBERS = [undefined, 1, 9] as const
/** By day and by night, on a Monday and on a Saturday. */
export const TIMES = [
  '2026-01-05T10:00:00Z',
  '2026-01-05T20:00:00Z',
  '2026-01-10T10:00:00Z',
  '2026-01-10T20:00:00Z',
] as const
export const APPROVERS = [undefined, ['boss'], ['cfo'], ['boss', 'cfo']] as const
export const EXTRAS = [undefined, 1] as const
export const ACTIONS = ['read', 'write'] as const
export const RESOURCES = ['a:x', 'a:y', 'b:x'] as const

export interface GridFacts {
  readonly ip: (typeof IPS)[number]
  readonly trust: (typeof TRUSTS)[number]
  readonly now: (typeof TIMES)[number]
  readonly approvedBy: (typeof APPROVERS)[number]
  /** Absent: a call without arguments. */
  readonly args: GridArguments | undefined
}

export interface GridArguments {
  readonly mode: (typeof MODES)[number]
  readonly n: (typeof NUMBERS)[number]
  readonly extra: (typeof EXTRAS)[number]
}

/** Every combination of facts. */
export function gridOf(): readonly GridFacts[] {
  const args: (GridArguments | undefined)[] = [undefined]
  for (const mode of MODES) for (const n of NUMBERS) for (const extra of EXTRAS) args.push({ mode, n, extra })
  const all: GridFacts[] = []
  for (const ip of IPS)
    for (const trust of TRUSTS)
      for (const now of TIMES)
        for (const approvedBy of APPROVERS)
          for (const given of args) all.push({ ip, trust, now, approvedBy, args: given })
  return all
}

/** The members of a request; what is absent is not there. */
export function membersOf({ ip, trust, now, approvedBy, args }: GridFacts): object {
  const given = args && Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined))
  return {
    now,
    ...(ip !== undefined && { ip }),
    ...(trust !== undefined && { trust }),
    ...(approvedBy !== undefined && { approvedBy }),
    ...(given && { args: given }),
  }
}

/** How many facts differ; `undefined` from arguments to none. A later week has every time again. */
export function distanceOf(from: GridFacts, to: GridFacts): number | undefined {
  if (from.args !== undefined && to.args === undefined) return undefined
  const approvals = JSON.stringify(from.approvedBy) === JSON.stringify(to.approvedBy) ? 0 : 1
  const plain = Number(from.ip !== to.ip) + Number(from.trust !== to.trust) + Number(from.now !== to.now)
  return plain + approvals + argumentDistance(from.args, to.args)
}

function argumentDistance(from: GridArguments | undefined, to: GridArguments | undefined): number {
  if (to === undefined) return 0
  const own = from ?? { mode: undefined, n: undefined, extra: undefined }
  const changed = Number(own.mode !== to.mode) + Number(own.n !== to.n) + Number(own.extra !== to.extra)
  // An empty object of arguments is one change, arguments in it are counted alone.
  return from === undefined && changed === 0 ? 1 : changed
}

const ATOMS = [
  'ip in cidr [10.0.0.0/8]',
  'ip in cidr [10.0.0.0/8, 192.0.2.0/24]',
  'not ip in cidr [10.0.0.0/8]',
  'time in hours mon-fri 09:00-18:00',
  'time in hours daily 19:00-21:00',
  'not time in hours mon-fri 00:00-24:00',
  'trust >= 50',
  'trust <= 20',
  'not trust <= 60',
  'args.mode in ["a"]',
  'args.mode in ["a", "b"]',
  'not args.mode = "a"',
  'args.n <= 5',
  'not args.n <= 5',
  'args only [mode]',
  'args only [mode, n]',
]

/** Up to `most` conditions that may contradict each other. */
export function conditionOf(random: Random, most: number): string {
  const atoms = random.some(ATOMS, 0, most)
  return atoms.length === 0 ? '' : ` when ${atoms.join(' and ')}`
}

const NEEDS = ['', '', '', ' needs approval', ' needs approval by "boss"', ' needs approval by "cfo"']
const SCOPES = ['read on a:*', 'write on a:x', 'read, write on **', 'write on *:x', 'read on b:x']

function grantOf(random: Random): string {
  return `  allow ${random.pick(SCOPES)}${conditionOf(random, 3)}${random.pick(NEEDS)}\n`
}

function guardOf(random: Random): string {
  const unless = random.chance(0.4) ? conditionOf(random, 1).replace(/^ when/, ' unless') : ''
  const [, condition] = conditionOf(random, 1).split(' when ')
  const require = condition === undefined ? 'approval by "boss"' : condition
  return random.chance(0.5)
    ? `forbid ${random.pick(SCOPES)}${conditionOf(random, 2)}${unless}\n`
    : `require ${require} for ${random.pick(SCOPES)}\n`
}

function list(random: Random, from: number, to: number, item: (random: Random) => string): string {
  return Array.from({ length: random.between(from, to) }, () => item(random)).join('')
}

/** Agents `p`, `q` and `r`, delegations between them, guardrails, and perhaps a boundary. */
export function policyOf(seed: number): string {
  const random = new Random(seed)
  const agents = ['p', 'q'].map(
    (name) =>
      `autonomous agent ${name} {\n  may delegate depth ${random.between(0, 2)}\n${list(random, 1, 3, grantOf)}}\n`,
  )
  const delegations = [
    ['p', 'q'],
    ['q', 'r'],
    ['p', 'r'],
  ].flatMap(([from, to]) =>
    random.chance(0.7)
      ? [`delegate ${from} -> ${to} {\n  depth ${random.between(0, 1)}\n${list(random, 1, 2, grantOf)}}\n`]
      : [],
  )
  const boundary = random.chance(0.3) ? `boundary runtime {\n${list(random, 1, 2, grantOf)}}\n` : ''
  return `policy grid\n${agents.join('')}delegated agent r {\n}\n${delegations.join('')}${list(random, 0, 2, guardOf)}${boundary}`
}

/** Every chain of the three agents: root first, the agent last. */
export const CHAINS = [
  ['p'],
  ['q'],
  ['r'],
  ['p', 'q'],
  ['q', 'r'],
  ['p', 'r'],
  ['p', 'q', 'r'],
  ['q', 'p'],
  ['r', 'p'],
  ['r', 'q'],
] as const
