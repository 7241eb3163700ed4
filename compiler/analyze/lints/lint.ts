/** What every lint of this folder is given, and the grants of a policy by who holds them. */

import type { Diagnostic, GrantNode, PolicyFile } from '../../../grammar/index.ts'
import type { Subject } from '../../algebra/index.ts'
import { type GrantModel, roleGrants } from '../../model/index.ts'
import type { AnalyzedPolicy } from '../analyzed-policy.ts'
import { subjectOf } from '../chain.ts'
import type { Inquiry, PolicyUnderAnalysis } from '../subject.ts'

/** One lint: looks at the whole policy. What it says is certain; a question that takes too much work is left out. */
export type Lint = (context: LintContext) => void

export interface LintContext {
  readonly policy: PolicyUnderAnalysis
  readonly analyzed: AnalyzedPolicy
  readonly holders: readonly Holder[]
  readonly report: (diagnostic: Diagnostic) => void
  /** The statement of a grant and its file; nothing for a grant of another policy. */
  readonly nodeOf: (grant: GrantModel) => { readonly file: PolicyFile; readonly node: GrantNode } | undefined
  /** Runs a question that may use up its budget; then `undefined`. */
  readonly ask: <T>(question: (inquiry: Inquiry) => T) => T | undefined
}

/** Grants that are alternatives of each other. */
export interface Holder {
  readonly subject: Subject
  /** Those that are written here, in source order. */
  readonly own: readonly GrantModel[]
  /** Those that come with roles. */
  readonly inherited: readonly GrantModel[]
}

/** Roles, agents, delegations and the boundary. */
export function holdersOf({ model, map }: AnalyzedPolicy): readonly Holder[] {
  const agents = new Map(model.agents.map((agent) => [agent.name, agent]))
  const anybody: Subject = { kind: 'any', place: 'acting' }
  const roles = model.roles.map(({ name, grants }) => {
    const isOwn = ({ id }: GrantModel) => map.rules[id]?.holder.name === name
    return { subject: anybody, own: grants.filter(isOwn), inherited: grants.filter((grant) => !isOwn(grant)) }
  })
  return [
    ...roles,
    ...model.agents.map((agent) => ({
      subject: subjectOf(agent),
      own: agent.grants,
      inherited: roleGrants(model, agent),
    })),
    ...model.delegations.map(({ to, grants }) => {
      const receiver = agents.get(to)
      return { subject: receiver === undefined ? anybody : subjectOf(receiver), own: grants, inherited: [] }
    }),
    ...(model.boundary === undefined ? [] : [{ subject: anybody, own: model.boundary.grants, inherited: [] }]),
  ]
}
