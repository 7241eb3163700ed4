/**
 * Whether an assertion holds for all requests. Language reference, section 13.
 *
 * Every assertion is a question whether some chain has access to something: `never`, `only` and `every` hold when nobody
 * has, `some` when somebody has, `within` when nothing is left of what the one can do without what the other holds.
 */
import {
  type Box,
  EVERY_REQUEST,
  grantBox,
  restrictToTrue,
  type Subject,
  subtractBox,
  type Universe,
  widerLimits,
  withApproval,
} from '../algebra/index.ts'
import type {
  AssertionModel,
  CanAssertion,
  EveryAssertion,
  GrantModel,
  LimitModel,
  WithinAssertion,
} from '../model/index.ts'
import { type AccessBox, type Beside, questionBox } from './access.ts'
import type { Chain } from './chain.ts'
import { type FoundAccess, findAccess, type Inquiry, type PolicyUnderAnalysis, type Unknown } from './subject.ts'

export type Proof =
  /** It holds for every request. `example` shows a `some`. */
  | { readonly kind: 'proved'; readonly example?: FoundAccess }
  /** It does not. `counterexample` is a request that the engine allows; a `some` that fails has none. */
  | { readonly kind: 'refuted'; readonly counterexample?: FoundAccess; readonly because: Refutation }
  | Unknown

/** What a counterexample shows. */
export type Refutation = 'allowed' | 'nobody-can' | 'not-held' | 'limit-wider'

/** Decides an assertion about the policy. */
export function proveAssertion(policy: PolicyUnderAnalysis, assertion: AssertionModel): Proof {
  return policy.ask((inquiry) => {
    switch (assertion.kind) {
      case 'never':
      case 'only':
        return refuteAccess(policy, inquiry, chainsAsked(inquiry, assertion), (chain) =>
          questionsOf(assertion, actingSubject(chain), inquiry.universe),
        )
      case 'every':
        return refuteAccess(policy, inquiry, chainsOfAll(inquiry), (chain) =>
          unmet(assertion, actingSubject(chain), inquiry.universe),
        )
      case 'some':
        return proveSome(policy, inquiry, assertion)
      case 'within':
        return proveWithin(policy, inquiry, assertion)
    }
  })
}

/** Chains of those who, by the assertion, must not. */
function chainsAsked({ chains }: Inquiry, { kind, who }: CanAssertion): Iterable<Chain> {
  const isOnly = kind === 'only'
  switch (who.kind) {
    case 'anybody':
      return isOnly ? [] : chains.toAll({ isWanted: () => true, runtime: true })
    case 'runtime':
      return chains.toAll({ isWanted: () => isOnly, runtime: !isOnly })
    case 'agents': {
      const names = new Set(who.names)
      return chains.toAll({ isWanted: (name) => names.has(name) !== isOnly, runtime: isOnly })
    }
  }
}

function chainsOfAll({ chains }: Inquiry): Iterable<Chain> {
  return chains.toAll({ isWanted: () => true, runtime: true })
}

function actingSubject(chain: Chain): Subject {
  return chain.principals.at(-1)?.subject ?? { kind: 'any', place: 'acting' }
}

/** Proved when no chain has access to any of its questions. */
function refuteAccess(
  policy: PolicyUnderAnalysis,
  inquiry: Inquiry,
  chains: Iterable<Chain>,
  questions: (chain: Chain) => readonly Box[],
): Proof {
  let doubt: Unknown | undefined
  for (const chain of chains) {
    for (const query of questions(chain)) {
      const found = findAccess(policy, inquiry, chain, query)
      if (found?.kind === 'found') return { kind: 'refuted', counterexample: found, because: 'allowed' }
      doubt ??= found
    }
  }
  return doubt ?? { kind: 'proved' }
}

/** `never` and `every` count a fact that is not there as meeting the condition. */
function questionsOf(assertion: CanAssertion, subject: Subject, universe: Universe): readonly Box[] {
  const query = questionBox(assertion, subject, 'counts', universe)
  return query === undefined ? [] : [query]
}

/** The requests of an `every` that lack what it demands. */
function unmet(assertion: EveryAssertion, subject: Subject, universe: Universe): readonly Box[] {
  const query = questionBox(assertion, subject, 'counts', universe)
  if (query === undefined) return []
  const { needs } = assertion
  switch (needs.kind) {
    case 'denied':
      return [query]
    case 'approval': {
      const met = withApproval(EVERY_REQUEST, needs.approval, universe)
      return met === undefined ? [query] : subtractBox(query, met, universe)
    }
    case 'condition': {
      const met = restrictToTrue(EVERY_REQUEST, needs.when, subject, universe)
      return met === undefined ? [query] : subtractBox(query, met, universe)
    }
  }
}

function proveSome(policy: PolicyUnderAnalysis, inquiry: Inquiry, assertion: CanAssertion): Proof {
  const { chains, universe } = inquiry
  const { who } = assertion
  const names = who.kind === 'agents' ? new Set(who.names) : undefined
  const asked = chains.toAll({
    isWanted: (name) => (names === undefined ? who.kind === 'anybody' : names.has(name)),
    runtime: who.kind !== 'agents',
  })
  let doubt: Unknown | undefined
  for (const chain of asked) {
    const query = questionBox(assertion, actingSubject(chain), 'does not count', universe)
    const found = query && findAccess(policy, inquiry, chain, query)
    if (found?.kind === 'found') return { kind: 'proved', example: found }
    doubt ??= found
  }
  return doubt ?? { kind: 'refuted', because: 'nobody-can' }
}

/** Everything that the inner agent's chains can do lies in what the outer one holds, limits included. */
function proveWithin(policy: PolicyUnderAnalysis, inquiry: Inquiry, { inner, outer }: WithinAssertion): Proof {
  const { chains, universe } = inquiry
  const home = chains.alone(outer)
  if (home === undefined) return { kind: 'unknown', why: `no agent is called ${outer}` }
  const held = ownGrants(home, universe)
  const limits = home.principals.flatMap((principal) => principal.limits)
  const questions: readonly { readonly because: Refutation; readonly beside: Beside }[] = [
    { because: 'not-held', beside: { always: boxesOf(held) } },
    {
      because: 'limit-wider',
      beside: { always: [], of: (access) => boxesOf(held.filter(({ grant }) => isLimitKept(access, grant, limits))) },
    },
  ]
  // A chain that begins at the outer agent has its grants as a factor, and is charged to its meters. What an agent made at
  // run time lends is the boundary's, which speaks for itself in `never runtime can`.
  const lent = chains.to(inner).filter(({ principals: [root] }) => root?.name !== outer && root?.isRuntime === false)
  let doubt: Unknown | undefined
  for (const { because, beside } of questions) {
    for (const chain of lent) {
      const found = findAccess(policy, inquiry, chain, EVERY_REQUEST, beside)
      if (found?.kind === 'found') return { kind: 'refuted', counterexample: found, because }
      doubt ??= found
    }
  }
  return doubt ?? { kind: 'proved' }
}

function isLimitKept(access: AccessBox, grant: GrantModel, limits: readonly LimitModel[]): boolean {
  return widerLimits(access.limits, [...limits, ...(grant.limits ?? [])]).length === 0
}

interface HeldBox {
  readonly grant: GrantModel
  readonly box: Box
}

function boxesOf(held: readonly HeldBox[]): readonly Box[] {
  return held.map(({ box }) => box)
}

function ownGrants(chain: Chain, universe: Universe): readonly HeldBox[] {
  return chain.factors.flatMap(({ grants }) =>
    grants.flatMap(({ grant, subject }) => {
      const box = grantBox(grant, subject, universe)
      return box === undefined ? [] : [{ grant, box }]
    }),
  )
}
