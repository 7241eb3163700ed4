import { describe, expect, it } from 'vitest'
import { createAuthority, createUniverse, decideDelegation } from '../../../compiler/algebra/index.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import { type DelegationModel, type PolicyModel, parseState } from '../../../compiler/model/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'

const POLICY = `policy p
autonomous agent planner {
  allow read, write on docs:**
  allow execute on deploy:prod needs approval by "lead"
  may delegate depth 2
}
autonomous agent loner { allow read on docs:** }
delegated agent helper {}
delegated agent other {}
delegate planner -> helper { allow read on docs:** depth 1 }
boundary runtime {
  allow read on docs:**
  allow write on docs:drafts:** when ip in cidr [10.0.0.0/8]
  limit rate 10 per minute
  may delegate depth 1
}
`

function modelOf(text: string): PolicyModel {
  const { model, diagnostics } = checkPolicy([parsePolicy('p.kavach', text).file])
  if (model === undefined) throw new Error(JSON.stringify(diagnostics))
  return model
}

interface Asked {
  readonly from: string
  readonly to: string
  readonly permissions: readonly object[]
  readonly depth?: number
  readonly expiresAt?: number
}

/** What a host asks before it stores `asked`, with `made` in its store. */
function decide(asked: Asked, made: object = {}) {
  const universe = createUniverse()
  const state = parseState(made)
  const question = parseState({ delegations: [asked] })
  if (!state.ok || !question.ok) throw new Error('malformed')
  const [delegation] = question.value.delegations
  const authority = createAuthority(modelOf(POLICY), (steps) => universe.budget.spend(steps), state.value)
  const answer = decideDelegation(authority, delegation as DelegationModel, universe) // It was in the list.
  if (answer.kind !== 'escalates') return answer.kind
  const { excess, answer: wider } = answer
  return `${excess}: ${wider.witness?.action} ${wider.witness?.resource}`
}

const READ = { resource: 'docs:**', actions: ['read'] }
const WRITE = { resource: 'docs:**', actions: ['write'] }

describe('a delegation made at run time', () => {
  it('gives what the delegator holds, whoever receives it', () => {
    expect(decide({ from: 'planner', to: 'other', permissions: [READ, WRITE] })).toBe('within')
    expect(decide({ from: 'helper', to: 'other', permissions: [READ] })).toBe('within')
  })

  it('is refused with a witness where it gives more', () => {
    expect(decide({ from: 'planner', to: 'other', permissions: [{ resource: '**', actions: ['read'] }] })).toBe(
      'requests: read a',
    )
    expect(decide({ from: 'helper', to: 'other', permissions: [WRITE] })).toBe('requests: write docs:a')
  })

  it('restates an approval that the delegator needs', () => {
    const deploy = { resource: 'deploy:prod', actions: ['execute'] }
    expect(decide({ from: 'planner', to: 'other', permissions: [deploy] })).toBe('requests: execute deploy:prod')
  })

  it('is void from an agent that may not delegate, and to a name that nobody has', () => {
    expect(decide({ from: 'loner', to: 'other', permissions: [READ] })).toBe('void')
    expect(decide({ from: 'planner', to: 'nobody', permissions: [READ] })).toBe('void')
  })

  it('is passed on no deeper than the delegator may', () => {
    expect(decide({ from: 'planner', to: 'other', permissions: [READ], depth: 1 })).toBe('within')
    expect(decide({ from: 'planner', to: 'other', permissions: [READ], depth: 2 })).toBe('depth: read docs:a')
    expect(decide({ from: 'helper', to: 'other', permissions: [READ], depth: 1 })).toBe('depth: read docs:a')
  })
})

describe('an agent made at run time', () => {
  const clerk = { name: 'clerk', type: 'autonomous', permissions: [READ, WRITE] }

  it('passes on nothing outside the boundary, whatever its record says', () => {
    expect(decide({ from: 'clerk', to: 'other', permissions: [READ] }, { agents: [clerk] })).toBe('within')
    expect(decide({ from: 'clerk', to: 'other', permissions: [WRITE] }, { agents: [clerk] })).toBe(
      'requests: write docs:a',
    )
  })

  it('keeps the conditions of the boundary', () => {
    const drafts = { resource: 'docs:drafts:**', actions: ['write'] }
    const office = { ...drafts, constraints: { ipAllowlist: ['10.1.0.0/16'] } }
    expect(decide({ from: 'clerk', to: 'other', permissions: [drafts] }, { agents: [clerk] })).toBe(
      'requests: write docs:drafts:a',
    )
    expect(decide({ from: 'clerk', to: 'other', permissions: [office] }, { agents: [clerk] })).toBe('within')
  })

  it('delegates as deep as the boundary says', () => {
    const made = { agents: [{ ...clerk, mayDelegate: 5 }] }
    expect(decide({ from: 'clerk', to: 'other', permissions: [READ], depth: 1 }, made)).toBe('depth: read docs:a')
    expect(
      decide({ from: 'clerk', to: 'other', permissions: [READ] }, { agents: [{ ...clerk, mayDelegate: 0 }] }),
    ).toBe('void')
  })

  it('passes on what it received, until that ends', () => {
    const made = {
      agents: [{ name: 'relay', type: 'delegated', permissions: [] }],
      delegations: [{ from: 'planner', to: 'relay', permissions: [READ], depth: 1, expiresAt: 2_000_000_000_000 }],
    }
    const asked = { from: 'relay', to: 'other', permissions: [READ] }
    expect(decide(asked, made)).toBe('within')
    expect(decide({ ...asked, expiresAt: 1_900_000_000_000 }, made)).toBe('within')
    expect(decide({ ...asked, expiresAt: 2_100_000_000_000 }, made)).toBe('expiry: read docs:a')
    const [given] = made.delegations
    expect(decide(asked, { ...made, delegations: [{ ...given, revoked: true }] })).toBe('requests: read docs:a')
    expect(decide(asked, { ...made, delegations: [{ ...given, depth: 0 }] })).toBe('requests: read docs:a')
  })
})

it('the compiler asks the same of a delegation in policy text', () => {
  const model = modelOf(POLICY)
  const universe = createUniverse()
  const authority = createAuthority(model, (steps) => universe.budget.spend(steps))
  expect(model.delegations.map((delegation) => decideDelegation(authority, delegation, universe).kind)).toEqual([
    'within',
  ])
})

it('a loop of delegations gives nobody anything', () => {
  const model = modelOf(`policy p
delegated agent a {}
delegated agent b {}
delegate a -> b { allow read on x depth 1 }
delegate b -> a { allow read on x depth 1 }
`)
  const universe = createUniverse()
  const authority = createAuthority(model, (steps) => universe.budget.spend(steps))
  expect(model.delegations.map((delegation) => decideDelegation(authority, delegation, universe).kind)).toEqual([
    'void',
    'void',
  ])
})
