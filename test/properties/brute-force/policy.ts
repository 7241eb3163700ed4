/** Questions about whole policies: what is proved of an assertion, against trying every chain and every request. */
import {
  analyze,
  type Counterexample,
  type PolicyUnderAnalysis,
  proveAssertion,
} from '../../../compiler/analyze/index.ts'
import { checkPolicy, type LocatedAssertion } from '../../../compiler/front/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import type { Random } from '../generate/random.ts'
import { askReference, createSubject } from '../subject.ts'
import { type Assertion, askedAt, generateAssertion, holds, isAsked, textOfAssertion } from './assertion.ts'
import { allowedAt, type Chain, chainsOf } from './chains.ts'
import { ALL_FACTS, type Facts } from './facts.ts'
import { isMatch, RESOURCES } from './pattern.ts'
import type { Scope } from './rule.ts'
import { generateWorld, textOfWorld, type World } from './world.ts'

export interface PolicyCase {
  readonly world: World
  readonly chains: readonly Chain[]
  readonly assertions: readonly Assertion[]
  readonly text: string
}

export function generateCase(random: Random, questions: number): PolicyCase {
  const world = generateWorld(random)
  const assertions = Array.from({ length: questions }, () => generateAssertion(random, world))
  const text = `${textOfWorld(world)}${assertions.map((assertion) => `${textOfAssertion(assertion)}\n`).join('')}`
  return { world, chains: chainsOf(world), assertions, text }
}

export type Outcome = 'proved' | 'refuted'

/** The outcomes on which both agree, one for each assertion, or the first fault. */
export function compareProofs(found: PolicyCase): { readonly outcomes: readonly Outcome[]; readonly fault?: string } {
  const { policy, assertions } = compile(found.text)
  const outcomes: Outcome[] = []
  for (const [index, assertion] of found.assertions.entries()) {
    const located = assertions[index]
    if (located === undefined) return { outcomes, fault: `assertion ${index} was lost` }
    const outcome = holds(assertion, found.world, found.chains) ? 'proved' : 'refuted'
    const proof = proveAssertion(policy, located.assertion)
    const place = `${textOfAssertion(assertion)}: tried ${outcome}, decided ${proof.kind}`
    if (proof.kind !== outcome) return { outcomes, fault: place }
    const shown = proof.kind === 'proved' ? proof.example : proof.counterexample
    if (shown !== undefined && !isShown(shown.example, assertion, found)) {
      return { outcomes, fault: `${place}, which ${JSON.stringify(shown.example)} does not show` }
    }
    outcomes.push(outcome)
  }
  return { outcomes }
}

function compile(text: string): {
  readonly policy: PolicyUnderAnalysis
  readonly assertions: readonly LocatedAssertion[]
} {
  const { file, diagnostics } = parsePolicy('a.kavach', text)
  const { model, assertions, diagnostics: findings } = checkPolicy([file])
  const errors = [...diagnostics, ...findings].filter(({ severity }) => severity === 'error')
  if (model === undefined) throw new TypeError(`${errors.map(({ message }) => message).join('; ')}\n${text}`)
  return { policy: analyze(model), assertions }
}

/** Whether the request is one that the chain may make, and one that the assertion asks about. */
function isShown({ request, state }: Counterexample, assertion: Assertion, { world, chains }: PolicyCase): boolean {
  const { resource, action, ip, now, approvedBy } = request
  const names = [...(request.via ?? []), request.agent]
  const made = new Map(state?.agents.map((agent) => [agent.name, agent]))
  const isSame = (chain: Chain) =>
    chain.length === names.length &&
    chain.every(({ name, type, owner, agent }, index) => {
      if (agent !== undefined) return name === names[index]
      const stated = made.get(names[index] ?? '')
      const isAny = world.bounds.agentAtoms.length === 0
      const isOwner = !world.bounds.agentAtoms.includes('ann') || kindOfOwner(stated?.owner) === owner
      const isType = !world.bounds.agentAtoms.includes('service') || stated?.type === type
      return stated !== undefined && (isAny || (isOwner && isType))
    })
  const facts: Facts = {
    action,
    ip,
    now: typeof now === 'string' ? Date.parse(now) : now,
    approver: approvedBy === undefined ? undefined : approvedBy.includes('boss') ? 'boss' : 'other',
  }
  const here = worldAt(world, resource)
  const asked = assertion.kind === 'within' ? assertion : scopeFor(assertion, resource)
  const chain = chains.find(isSame)?.map((member) => ({
    ...member,
    agent: here.agents.find(({ name }) => name === member.agent?.name),
  }))
  if (chain === undefined || !isAsked(asked, chain)) return false
  return (askedAt(asked, chain, here, facts) & allowedAt(chain, here, facts)) !== 0n
}

function kindOfOwner(owner: string | undefined): string | undefined {
  return owner === undefined || owner === 'ann' ? owner : 'zed'
}

/** The policy as the one resource sees it: a scope has it, or nothing. */
function worldAt(world: World, resource: string): World {
  const within = <R extends Scope>(rules: readonly R[]): readonly R[] => rules.map((rule) => scopeFor(rule, resource))
  const { boundary } = world
  return {
    ...world,
    agents: world.agents.map((agent) => ({ ...agent, grants: within(agent.grants) })),
    delegations: world.delegations.map((delegation) => ({ ...delegation, grants: within(delegation.grants) })),
    boundary: boundary && { ...boundary, grants: within(boundary.grants) },
    forbids: within(world.forbids),
    requires: within(world.requires),
  }
}

function scopeFor<R extends Scope>(rule: R, resource: string): R {
  return { ...rule, patterns: rule.patterns.some((pattern) => isMatch(pattern, resource)) ? ['**'] : [] }
}

/** A second opinion on the oracle: the reference evaluator, asked about random chains and requests. */
export function compareWithReference(random: Random, { world, chains, text }: PolicyCase): string | undefined {
  const chain = random.pick(chains)
  const facts = random.pick(ALL_FACTS)
  const index = random.below(RESOURCES.length)
  const everything = [{ resource: '**', actions: ['*'] }]
  const state = {
    agents: chain
      .filter(({ agent }) => agent === undefined)
      .map(({ name, type, owner }) => ({
        name,
        type,
        ...(owner !== undefined && { owner }),
        permissions: everything,
        mayDelegate: 5,
      })),
    delegations:
      world.boundary === undefined
        ? []
        : chain.slice(1).map(({ name }, hop) => ({
            from: chain[hop]?.name,
            to: name,
            permissions: everything,
            depth: 5,
          })),
  }
  const names = chain.map(({ name }) => name)
  const request = {
    agent: names.at(-1),
    ...(names.length > 1 && { via: names.slice(0, -1) }),
    action: facts.action,
    resource: RESOURCES[index],
    ...(facts.ip !== undefined && { ip: facts.ip }),
    ...(facts.now !== undefined && { now: facts.now }),
    ...(facts.approver !== undefined && { approvedBy: [facts.approver] }),
  }
  const subject = createSubject([{ path: 'a.kavach', text }], state)
  const { allowed, reason } = askReference(subject, request, false)
  const isAllowed = (allowedAt(chain, world, facts) & (1n << BigInt(index))) !== 0n
  if (allowed === isAllowed) return undefined
  return `the reference says ${reason}, the oracle ${isAllowed}: ${JSON.stringify({ request, state })}\n${text}`
}
