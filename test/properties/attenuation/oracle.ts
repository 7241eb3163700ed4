/**
 * What must be true of whatever is allowed, told from the data of a world and by nothing that the product consists of: no
 * parser, no model, no reference.
 *
 * It is a bound from above. It does not say what must be allowed, nor which grant is chosen; given the grants that were
 * chosen and the meters that are charged, it says what each factor of the chain had to have for that.
 */
import { type Asked, opens, type Person, spares } from './condition.ts'
import { BASE, nowOf, type Question } from './question.ts'
import { covers } from './scope.ts'
import {
  type Agent,
  type Approval,
  type Delegation,
  findAgent,
  type Grant,
  idOf,
  type Limit,
  mostOf,
  ownGrants,
  PACE,
  type World,
} from './world.ts'

/** What was decided, as far as the oracle needs it. */
export interface Answer {
  readonly decision: string
  readonly allowed: boolean
  readonly reason: string
  readonly reservations: readonly Reservation[]
  /** Numbers of the grants that were chosen: the root's, one for each hop, then those of boundaries; -1 for run time. */
  readonly chosen: readonly number[]
}

export interface Reservation {
  readonly key: string
  readonly window: string
  readonly amount: string
  readonly limit: string
  readonly unit: string
}

/** A world as it is asked: with the numbers that its policy gives to grants. */
export interface Numbered {
  readonly world: World
  readonly numbers: ReadonlyMap<Grant, number>
}

const MOST_HOPS = 5

/** Why the answer gives more than somebody of the chain holds; nothing when it does not. */
export function breachOf(numbered: Numbered, question: Question, answer: Answer): string | undefined {
  if (!answer.allowed) return answer.reservations.length > 0 ? 'a denial charges meters' : undefined
  const { world } = numbered
  const { chain } = question
  const people = chain.flatMap((name) => findAgent(world, name) ?? [])
  const unknown = chain.find((name) => findAgent(world, name) === undefined)
  if (unknown !== undefined) return `\`${unknown}\` is nobody`
  if (new Set(chain).size < chain.length) return 'somebody stands in the chain twice'
  if (chain.length - 1 > MOST_HOPS) return `${chain.length - 1} hops`
  return (
    breachOfStatus(world, people, question) ??
    breachOfDepth(world, people) ??
    breachOfGuardrails(world, people, question) ??
    new Bill(numbered, people, question, answer).breach()
  )
}

function breachOfStatus(world: World, people: readonly Agent[], { facts }: Question): string | undefined {
  const now = nowOf(facts, world.weeks)
  for (const { name, expiresAt } of people) {
    if (world.revoked.has(name)) return `\`${name}\` is revoked`
    if (world.suspended.has(name)) return `\`${name}\` is suspended`
    if (expiresAt !== undefined && !(now !== undefined && now < expiresAt)) return `\`${name}\` has expired`
  }
  return undefined
}

/** How many hops may leave a principal; the root must say so, others may leave it open. */
function breachOfDepth({ boundary }: World, people: readonly Agent[]): string | undefined {
  const hops = people.length - 1
  for (const [index, { name, isRuntime, mayDelegate }] of people.entries()) {
    const left = hops - index
    const box = boundary?.mayDelegate ?? 0
    const stated = isRuntime ? Math.min(mayDelegate ?? box, box) : (mayDelegate ?? (index === 0 ? 0 : left))
    if (left > 0 && stated < left) return `\`${name}\` may not delegate ${left} hops deep`
  }
  return undefined
}

function breachOfGuardrails(world: World, people: readonly Agent[], question: Question): string | undefined {
  const { action, resource } = question.facts
  for (const person of people) {
    const asked = askAbout(world, person, question)
    for (const forbid of world.forbids.filter((rule) => covers(rule, action, resource))) {
      const isSpared = forbid.when.length > 0 && spares(forbid.when, asked)
      const isExcepted = forbid.unless.length > 0 && opens(forbid.unless, asked)
      if (!isSpared && !isExcepted) return `it is forbidden to \`${person.name}\``
    }
    for (const { when, approval } of world.requires.filter((rule) => covers(rule, action, resource))) {
      if (approval === undefined && !opens(when, asked)) return `\`${person.name}\` lacks what is required`
      if (approval !== undefined && !isApproved(approval, asked)) return 'a required approval is missing'
    }
  }
  return undefined
}

function askAbout(world: World, person: Person, { facts }: Question): Asked {
  return { facts, now: nowOf(facts, world.weeks), person, sets: world.sets }
}

function isApproved({ by, withinMs }: Approval, { facts, now }: Asked): boolean {
  const { approvedBy, approvedAt } = facts
  if (by === undefined ? approvedBy.length === 0 : !approvedBy.includes(by)) return false
  if (withinMs === undefined || approvedAt === undefined) return true
  return approvedAt !== 'malformed' && now !== undefined && now < BASE + approvedAt + withinMs
}

/** The delegations of a hop that can be used for `left` more hops. */
export function usableDelegations(world: World, question: Question, hop: number): readonly Delegation[] {
  const { chain, since, facts } = question
  const pair = idOf({ from: chain[hop - 1] ?? '', to: chain[hop] ?? '' })
  if (world.revoked.has(pair)) return []
  const left = chain.length - 1 - hop
  const now = nowOf(facts, world.weeks)
  const asked = since[hop - 1] ?? facts.since
  const opened = typeof asked === 'number' ? BASE + asked : undefined
  return world.delegations.filter((delegation) => {
    const { isRuntime, isRevoked, depth, expiresAt, expiresIn } = delegation
    if (idOf(delegation) !== pair || isRevoked || (depth ?? 0) < left) return false
    if (isRuntime && (world.dropped.has(pair) || (world.boundary?.mayDelegate ?? 0) < left)) return false
    if (expiresAt !== undefined && !(now !== undefined && now < expiresAt)) return false
    if (expiresIn === undefined) return true
    return now !== undefined && opened !== undefined && now < opened + expiresIn
  })
}

/** A grant that is held in a factor, with all that calls under it are charged. */
interface Held {
  readonly grant: Grant
  readonly holder: Agent
  readonly limits: readonly Limit[]
  /** Made at run time, by delegation: the boundary of the holder holds too. */
  readonly isBoxed: boolean
}

/** What an allowed answer took, against what it had to take. */
class Bill {
  private readonly numbered: Numbered
  private readonly people: readonly Agent[]
  private readonly question: Question
  private readonly answer: Answer
  private readonly amount: number

  constructor(numbered: Numbered, people: readonly Agent[], question: Question, answer: Answer) {
    this.numbered = numbered
    this.people = people
    this.question = question
    this.answer = answer
    const { cost } = question.facts
    const estimates = [...numbered.numbers].flatMap(([grant, number]) =>
      answer.chosen.includes(number) ? [grant.estimate] : [],
    )
    this.amount = cost === undefined ? Math.max(0, ...estimates) : Math.round(cost * 1e9)
  }

  breach(): string | undefined {
    const { people, answer } = this
    const { world } = this.numbered
    for (const [index, person] of people.entries()) {
      const held = index === 0 ? this.ownOf(person) : this.handedTo(person, index)
      if (!held.some((one) => this.isChosen(one, answer.chosen[index]) && this.isPaid(one))) {
        return `nothing that \`${person.name}\` holds at place ${index} allows it and is charged`
      }
      const box = world.boundary
      const limits = [...person.limits, ...(person.isRuntime ? (box?.limits ?? []) : [])]
      if (!limits.every((limit) => this.isCharged(limit, person)))
        return `the limits of \`${person.name}\` are not charged`
      if (person.isRuntime && !this.isInBoundary(person)) return `the boundary does not allow it to \`${person.name}\``
    }
    const { action, resource } = this.question.facts
    for (const { limit } of world.limits.filter((rule) => covers(rule, action, resource))) {
      const isPaid = limit.each === 'agent' || limit.each === 'owner' ? people : people.slice(0, 1)
      if (!isPaid.every((person) => this.isCharged(limit, person, limit.each ?? 'everybody'))) {
        return 'a guardrail is not charged'
      }
    }
    return undefined
  }

  private ownOf(holder: Agent): readonly Held[] {
    return ownGrants(this.numbered.world, holder).map((grant) => ({
      grant,
      holder,
      limits: grant.limits,
      isBoxed: false,
    }))
  }

  private handedTo(holder: Agent, hop: number): readonly Held[] {
    return usableDelegations(this.numbered.world, this.question, hop).flatMap((delegation) =>
      delegation.grants.map((grant) => ({
        grant,
        holder,
        limits: [...grant.limits, ...delegation.limits],
        isBoxed: delegation.isRuntime,
      })),
    )
  }

  private isChosen({ grant }: Held, number: number | undefined): boolean {
    return number !== undefined && (this.numbered.numbers.get(grant) ?? -1) === number
  }

  private isPaid({ grant, holder, limits, isBoxed }: Held): boolean {
    return (
      this.isOpen(grant, holder) &&
      limits.every((limit) => this.isCharged(limit, holder)) &&
      (!isBoxed || this.isInBoundary(holder))
    )
  }

  private isOpen(grant: Grant, holder: Agent): boolean {
    const { world } = this.numbered
    const { cost, action, resource } = this.question.facts
    const asked = askAbout(world, holder, this.question)
    return (
      covers(grant, action, resource) &&
      opens(grant.when, asked) &&
      (grant.approval === undefined || isApproved(grant.approval, asked)) &&
      (cost !== undefined || grant.estimate <= this.amount)
    )
  }

  /** Whether one of the boundary's grants that were chosen is open to the holder, and charged with its limits. */
  private isInBoundary(holder: Agent): boolean {
    const { boundary } = this.numbered.world
    if (boundary === undefined) return false
    const chosen = this.answer.chosen.slice(this.people.length)
    return (
      boundary.limits.every((limit) => this.isCharged(limit, holder)) &&
      boundary.grants.some((grant) =>
        chosen.some((number) => {
          const held = { grant, holder, limits: grant.limits, isBoxed: false }
          return this.isChosen(held, number) && this.isPaid(held)
        }),
      )
    )
  }

  /** Whether every window of the limit is charged, under a key that names the holder, and has room for it. */
  private isCharged(limit: Limit, holder: Agent, each: string = limit.each ?? 'holder'): boolean {
    const scope = this.scopeOf(each, holder)
    const isMoney = limit.kind === 'budget'
    let isThrottled = false
    for (const [index, window] of limit.windows.entries()) {
      const most = mostOf(limit, index) * (isMoney ? 1e9 : 1)
      const used = this.chargeOf({ window, scope, most, amount: isMoney ? this.amount : 1, isMoney, isPace: false })
      if (used === undefined) return false
      if (limit.throttleAt !== undefined && used >= Math.floor((most * limit.throttleAt) / 100)) isThrottled = true
    }
    if (!isThrottled) return true
    const pace = { window: 'minute', scope, most: limit.most + PACE, amount: 1, isMoney: false, isPace: true }
    return this.answer.decision === 'throttle' && this.chargeOf(pace) !== undefined
  }

  /** What the meter read before, when it is charged and has room. */
  private chargeOf(meter: {
    readonly window: string
    readonly scope: string
    readonly most: number
    readonly amount: number
    readonly isMoney: boolean
    readonly isPace: boolean
  }): number | undefined {
    const { window, scope, most, amount, isMoney, isPace } = meter
    const end = `${isPace ? 'p' : ''}/${window}${scope}`
    const taken = this.answer.reservations.find(
      ({ key, limit }) => limit === String(most) && key.slice(16) === end && /^[0-9a-f]{16}$/.test(key.slice(0, 16)),
    )
    if (taken?.amount !== String(amount) || taken.unit !== (isMoney ? 'nanoUsd' : 'calls')) return undefined
    const { used, spent, meters } = this.question.readings
    const reading = meters[taken.key] ?? (isMoney ? spent : used)[window] ?? 0
    const units = isMoney ? Math.round(reading * 1e9) : reading
    return units < most && units + amount <= most ? units : undefined
  }

  private scopeOf(each: string, { name, owner }: Agent): string {
    const { tenant, resource } = this.question.facts
    const part = (word: string, value: string | undefined) =>
      value === undefined ? `/${word}` : `/${word}=${encodeURIComponent(value)}`
    switch (each) {
      case 'everybody':
        return ''
      case 'owner':
        return part('owner', owner)
      case 'tenant':
        return part('tenant', tenant)
      case 'resource':
        return `${part('agent', name)}${part('resource', resource)}`
      default:
        return part('agent', name)
    }
  }
}
