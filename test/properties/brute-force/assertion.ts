/** Assertions over the small universe: their text, and whether they hold, by trying every chain and every request. */
import type { Random } from '../generate/random.ts'
import { allowedAt, type Chain, type Member, ownAt } from './chains.ts'
import { ALL_FACTS, type Atom, type Facts, truthOf } from './facts.ts'
import { generateApproval, generateCondition, generateScope } from './generate.ts'
import type { ResourceSet } from './pattern.ts'
import { type Approval, isApproved, type Scope, scopeAt, textOfApproval, textOfCondition, textOfScope } from './rule.ts'
import type { World } from './world.ts'

export type Assertion =
  | (Scope & {
      readonly kind: 'never' | 'only' | 'some'
      readonly who: '*' | 'runtime' | readonly string[]
      readonly when: readonly Atom[]
    })
  | (Scope & { readonly kind: 'every'; readonly when: readonly Atom[]; readonly needs: Needs })
  | { readonly kind: 'within'; readonly inner: string; readonly outer: string }

type Needs =
  | { readonly kind: 'approval'; readonly approval: Approval }
  | { readonly kind: 'condition'; readonly when: readonly Atom[] }
  | { readonly kind: 'denied' }

export function generateAssertion(random: Random, { bounds, agents }: World): Assertion {
  const scope = generateScope(random, bounds)
  const when = random.chance(0.5) ? [] : generateCondition(random, bounds, 1)
  const names = agents.map(({ name }) => name)
  const kind = random.weighted({ never: 4, only: 2, some: 3, every: 3, within: 3 })
  switch (kind) {
    case 'never':
    case 'only':
    case 'some': {
      const who = random.chance(0.7) ? random.some(names, 1, 2) : random.pick(['*', 'runtime'] as const)
      return { ...scope, kind, who, when }
    }
    case 'every': {
      const needs = random.weighted({ approval: 2, condition: 3, denied: 1 })
      switch (needs) {
        case 'approval':
          return { ...scope, kind, when, needs: { kind: needs, approval: generateApproval(random) } }
        case 'condition':
          return { ...scope, kind, when, needs: { kind: needs, when: generateCondition(random, bounds, 1) } }
        case 'denied':
          return { ...scope, kind, when, needs: { kind: needs } }
      }
      break
    }
    case 'within':
      return { kind, inner: random.pick(names), outer: random.pick(names) }
  }
}

export function textOfAssertion(assertion: Assertion): string {
  if (assertion.kind === 'within') return `assert ${assertion.inner} within ${assertion.outer}`
  const when = assertion.when.length > 0 ? ` when ${textOfCondition(assertion.when)}` : ''
  if (assertion.kind === 'every') return `assert every ${textOfScope(assertion)}${when} ${textOfNeeds(assertion.needs)}`
  const who = typeof assertion.who === 'string' ? assertion.who : assertion.who.join(', ')
  return `assert ${assertion.kind} ${who} can ${textOfScope(assertion)}${when}`
}

function textOfNeeds(needs: Needs): string {
  switch (needs.kind) {
    case 'approval':
      return `needs ${textOfApproval(needs.approval)}`
    case 'condition':
      return `needs ${textOfCondition(needs.when)}`
    case 'denied':
      return 'is denied'
  }
}

/** Whether the assertion holds: language reference, section 13. */
export function holds(assertion: Assertion, world: World, chains: readonly Chain[]): boolean {
  const isFound = chains.some(
    (chain) =>
      isAsked(assertion, chain) &&
      ALL_FACTS.some((facts) => {
        const asked = askedAt(assertion, chain, world, facts)
        return asked !== 0n && (asked & allowedAt(chain, world, facts)) !== 0n
      }),
  )
  return isFound === (assertion.kind === 'some')
}

/** Whether the assertion speaks of the chain. */
export function isAsked(assertion: Assertion, chain: Chain): boolean {
  const acting = chain.at(-1)
  const root = chain[0]
  if (acting === undefined || root === undefined) return false
  switch (assertion.kind) {
    case 'every':
      return true
    case 'within':
      return acting.name === assertion.inner && root.name !== assertion.outer && root.agent !== undefined
    case 'never':
    case 'some':
      return isOneOf(assertion.who, acting)
    case 'only':
      return !isOneOf(assertion.who, acting)
  }
}

function isOneOf(who: '*' | 'runtime' | readonly string[], { name, agent }: Member): boolean {
  if (who === '*') return true
  return who === 'runtime' ? agent === undefined : agent !== undefined && who.includes(name)
}

/** The requests that would show something: that the assertion is false, or that a `some` is true. */
export function askedAt(assertion: Assertion, chain: Chain, world: World, facts: Facts): ResourceSet {
  const acting = chain.at(-1)
  if (acting === undefined) return 0n
  if (assertion.kind === 'within') {
    const outer = world.agents.find(({ name }) => name === assertion.outer)
    return outer === undefined ? 0n : ~ownAt({ ...outer, agent: outer }, facts)
  }
  const truth = truthOf(assertion.when, facts, acting)
  // A fact that is not there meets the condition, but that of `some`.
  const isMet = assertion.kind === 'some' ? truth === true : truth !== false
  if (!isMet || (assertion.kind === 'every' && isGiven(assertion.needs, facts, acting))) return 0n
  return scopeAt(assertion, facts)
}

function isGiven(needs: Needs, facts: Facts, acting: Member): boolean {
  switch (needs.kind) {
    case 'approval':
      return isApproved(needs.approval, facts)
    case 'condition':
      return truthOf(needs.when, facts, acting) === true
    case 'denied':
      return false
  }
}
