/**
 * Mutants of a policy: the policy with one small mistake in it, of the kinds that people make.
 *
 * A set of tests that passes on a mutant would not have noticed the mistake. Mutants are models; the text is not changed.
 */

import type { AgentDeclaration, DelegationDeclaration, LimitNode, PolicyFile, Span } from '../../grammar/index.ts'
import { lineText } from '../front/index.ts'
import type { AtomModel, GrantModel, LimitModel, ScopeModel } from '../model/index.ts'
import { type AtomMutation, atomMutants } from './mutate-atom.ts'
import { approvalMutants, type ClauseMutation, limitMutants } from './mutate-clause.ts'
import {
  type Edit,
  editAgent,
  editBoundary,
  editDelegation,
  editForbid,
  editGrant,
  editGuardrailLimit,
  editRequire,
  replaceAt,
} from './mutate-edit.ts'
import { type ScopeMutation, scopeMutants } from './mutate-scope.ts'
import { type Place, placeOf, type Site, setsOf, sitesOf, type WrittenPolicy } from './mutate-site.ts'

export type Mutation =
  | AtomMutation
  | ScopeMutation
  | ClauseMutation
  | 'drop-rule'
  | 'drop-unless'
  | 'drop-estimate'
  | 'drop-delegation'
  | 'drop-role'
  | 'raise-depth'
  | 'later-expiry'

export interface Mutant {
  readonly kind: Mutation
  readonly place: Place
  /** Id of the rule; absent for members of agents, delegations and the boundary. */
  readonly rule: number | undefined
  /** What is wrong with it: ``without `ip in office` ``. */
  readonly said: string
  readonly edit: Edit
}

/** All mutants, in the order of the text; the same for the same text. */
export function mutantsOf(policy: WrittenPolicy): readonly Mutant[] {
  const parts = { policy, sets: setsOf(policy.files), grants: grantsById(policy) }
  return sitesOf(policy).flatMap((site) => mutantsAt(site, parts))
}

interface Parts {
  readonly policy: WrittenPolicy
  readonly sets: ReturnType<typeof setsOf>
  readonly grants: ReadonlyMap<number, GrantModel>
}

/** The grants of a policy, whoever holds them. */
export function grantsById({ model }: Pick<WrittenPolicy, 'model'>): ReadonlyMap<number, GrantModel> {
  const { roles, agents, delegations, boundary } = model
  const holders = [...roles, ...agents, ...delegations, ...(boundary ? [boundary] : [])]
  return new Map(holders.flatMap(({ grants }) => grants).map((grant) => [grant.id, grant]))
}

function mutantsAt(site: Site, parts: Parts): readonly Mutant[] {
  const { forbids, requires, limits, agents, delegations, boundary } = parts.policy.model
  switch (site.kind) {
    case 'grant':
      return grantMutants(site, parts)
    case 'forbid':
      return forbidMutants(site, byId(forbids, site.id), parts)
    case 'require':
      return requireMutants(site, byId(requires, site.id), parts)
    case 'limit-all':
      return guardrailLimitMutants(site, byId(limits, site.id))
    case 'agent':
      return agentMutants(site, agents.find(({ name }) => name === site.node.name.text)?.limits ?? [], parts)
    case 'delegation':
      return delegationMutants(site, delegations[site.index]?.limits ?? [])
    case 'boundary': {
      const edit = (change: ReturnType<typeof limitsChange>) => editBoundary(change)
      return [
        ...memberLimits(site.file, site.node.members, boundary?.limits ?? [], edit),
        ...site.node.members.flatMap((member) =>
          member.kind === 'may'
            ? deeper(site.file, member.depth, 'may delegate depth', (mayDelegate) =>
                editBoundary((it) => ({ ...it, mayDelegate })),
              )
            : [],
        ),
      ]
    }
  }
}

/** A rule that was numbered is in the model. */
export function byId<T extends { readonly id: number }>(rules: readonly T[], id: number): T {
  const rule = rules.find((other) => other.id === id)
  if (rule === undefined) throw new RangeError('this rule is not in the model')
  return rule
}

type SiteOf<K extends Site['kind']> = Extract<Site, { readonly kind: K }>

function grantMutants({ file, node, id }: SiteOf<'grant'>, { grants, sets }: Parts): readonly Mutant[] {
  const grant = grants.get(id)
  if (grant === undefined) return []
  const at = (span: Span) => ({ place: placeOf(file, span), rule: id })
  const { when = [], limits = [] } = grant
  const rates = node.clauses.filter((clause) => clause.kind === 'rate')
  const approval = node.clauses.find((clause) => clause.kind === 'approval')
  const estimate = node.clauses.find((clause) => clause.kind === 'estimate')
  return [
    { ...at(node), kind: 'drop-rule', said: 'without this grant', edit: editGrant(id, () => undefined) },
    ...scopeMutants(grant, node.scope, file).map(({ kind, span, said, scope }) => ({
      ...at(span),
      kind,
      said,
      edit: editGrant(id, (it) => ({ ...it, ...scope })),
    })),
    ...(node.when?.atoms ?? []).flatMap((atomNode, index) => {
      const atom = when[index]
      return (atom === undefined ? [] : atomMutants(atom, atomNode, file, sets)).map((mutant) => ({
        ...at(mutant.span),
        kind: mutant.kind,
        said: mutant.said,
        edit: editGrant(id, (it) => withCondition(it, 'when', replaceAt(when, index, mutant.atom))),
      }))
    }),
    ...rates.flatMap((rate, index) => {
      const limit = limits[index]
      return (limit === undefined ? [] : limitMutants(limit, rate, file)).map(({ kind, span, said, clause }) => ({
        ...at(span),
        kind,
        said,
        edit: editGrant(id, (it) => ({ ...it, limits: replaceAt(limits, index, clause) })),
      }))
    }),
    ...(approval === undefined || grant.approval === undefined
      ? []
      : approvalMutants(grant.approval, approval, file).map(({ kind, span, said, clause }) => ({
          ...at(span),
          kind,
          said,
          edit: editGrant(id, ({ approval: _, ...it }) => (clause === undefined ? it : { ...it, approval: clause })),
        }))),
    ...(estimate === undefined
      ? []
      : [
          {
            ...at(estimate),
            kind: 'drop-estimate',
            said: `without \`${lineText(file, estimate)}\``,
            edit: editGrant(id, ({ estimateNanoUsd: _, ...it }) => it),
          } as const,
        ]),
  ]
}

/** The rule with other atoms; a condition without atoms is none. */
export function withCondition<K extends 'when' | 'unless', T extends { readonly [P in K]?: readonly AtomModel[] }>(
  rule: T,
  name: K,
  atoms: readonly AtomModel[],
): T {
  if (atoms.length > 0) return { ...rule, [name]: atoms }
  const { [name]: _, ...rest } = rule
  return rest as T // The member is optional in every T.
}

function forbidMutants(
  { file, node, id }: SiteOf<'forbid'>,
  rule: ScopeModel & { readonly when?: readonly AtomModel[]; readonly unless?: readonly AtomModel[] },
  { sets }: Parts,
): readonly Mutant[] {
  const at = (span: Span) => ({ place: placeOf(file, span), rule: id })
  const conditions = (['when', 'unless'] as const).flatMap((name) => {
    const atoms = rule[name] ?? []
    return (node[name]?.atoms ?? []).flatMap((atomNode, index) => {
      const atom = atoms[index]
      return (atom === undefined ? [] : atomMutants(atom, atomNode, file, sets)).flatMap((mutant) => {
        const changed = replaceAt(atoms, index, mutant.atom)
        // The same as without the clause, or without the rule.
        if (changed.length === 0 && name === 'unless') return []
        return [
          {
            ...at(mutant.span),
            kind: mutant.kind,
            said: mutant.said,
            edit: editForbid(id, (it) => withCondition(it, name, changed)),
          },
        ]
      })
    })
  })
  return [
    { ...at(node), kind: 'drop-rule', said: 'without this `forbid`', edit: editForbid(id, () => undefined) },
    ...scopeMutants(rule, node.scope, file).map(({ kind, span, said, scope }) => ({
      ...at(span),
      kind,
      said,
      edit: editForbid(id, (it) => ({ ...it, ...scope })),
    })),
    ...conditions,
    ...(node.unless === undefined
      ? []
      : [
          {
            ...at(node.unless),
            kind: 'drop-unless',
            said: `without \`unless ${lineText(file, node.unless)}\``,
            edit: editForbid(id, ({ unless: _, ...it }) => it),
          } as const,
        ]),
  ]
}

function requireMutants(
  { file, node, id }: SiteOf<'require'>,
  rule: Parts['policy']['model']['requires'][number],
  { sets }: Parts,
): readonly Mutant[] {
  const at = (span: Span) => ({ place: placeOf(file, span), rule: id })
  const { requirement } = node
  const { when = [] } = rule
  const clauses =
    requirement.kind === 'approval'
      ? approvalMutants(rule.approval ?? {}, requirement, file).flatMap(({ kind, span, said, clause }) =>
          // Without its approval there is no rule, which is a mutant of its own.
          clause === undefined
            ? []
            : [{ ...at(span), kind, said, edit: editRequire(id, (it) => ({ ...it, approval: clause })) }],
        )
      : requirement.atoms.flatMap((atomNode, index) => {
          const atom = when[index]
          return (atom === undefined ? [] : atomMutants(atom, atomNode, file, sets)).flatMap((mutant) => {
            const changed = replaceAt(when, index, mutant.atom)
            if (changed.length === 0) return []
            const edit = editRequire(id, (it) => ({ ...it, when: changed }))
            return [{ ...at(mutant.span), kind: mutant.kind, said: mutant.said, edit }]
          })
        })
  return [
    { ...at(node), kind: 'drop-rule', said: 'without this `require`', edit: editRequire(id, () => undefined) },
    ...scopeMutants(rule, node.scope, file).map(({ kind, span, said, scope }) => ({
      ...at(span),
      kind,
      said,
      edit: editRequire(id, (it) => ({ ...it, ...scope })),
    })),
    ...clauses,
  ]
}

function guardrailLimitMutants(
  { file, node, id }: SiteOf<'limit-all'>,
  rule: Parts['policy']['model']['limits'][number],
): readonly Mutant[] {
  const at = (span: Span) => ({ place: placeOf(file, span), rule: id })
  return [
    ...limitMutants(rule.limit, node.limit, file).map(({ kind, span, said, clause }) => ({
      ...at(clause === undefined ? node : span),
      kind: clause === undefined ? ('drop-rule' as const) : kind,
      said: clause === undefined ? 'without this `limit`' : said,
      edit: editGuardrailLimit(id, (it) => (clause === undefined ? undefined : { ...it, limit: clause })),
    })),
    ...scopeMutants(rule, node.scope, file).map(({ kind, span, said, scope }) => ({
      ...at(span),
      kind,
      said,
      edit: editGuardrailLimit(id, (it) => ({ ...it, ...scope })),
    })),
  ]
}

type Holder = { readonly limits?: readonly LimitModel[] }

function limitsChange(index: number, clause: LimitModel | undefined): <T extends Holder>(holder: T) => T {
  return (holder) => ({ ...holder, limits: replaceAt(holder.limits ?? [], index, clause) })
}

/** The mutants of a holder's own limits. */
function memberLimits(
  file: PolicyFile,
  members: readonly { readonly kind: string }[],
  limits: readonly LimitModel[],
  edit: (change: ReturnType<typeof limitsChange>) => Edit,
): readonly Mutant[] {
  return members.filter(isLimit).flatMap((member, index) => {
    const limit = limits[index]
    return (limit === undefined ? [] : limitMutants(limit, member.limit, file)).map(({ kind, span, said, clause }) => ({
      kind,
      said,
      rule: undefined,
      place: placeOf(file, span),
      edit: edit(limitsChange(index, clause)),
    }))
  })
}

function isLimit(member: { readonly kind: string }): member is LimitNode {
  return member.kind === 'limit'
}

const MAX_DEPTH = 5

function deeper(
  file: PolicyFile,
  depth: Span & { readonly value: bigint },
  clause: string,
  edit: (depth: number) => Edit,
): readonly Mutant[] {
  const value = Number(depth.value)
  if (value >= MAX_DEPTH) return []
  const said = `\`${clause} ${value}\` becomes \`${clause} ${value + 1}\``
  return [{ kind: 'raise-depth', place: placeOf(file, depth), rule: undefined, said, edit: edit(value + 1) }]
}

const DAY_MS = 86_400_000
const SECOND_MS = 1000

function agentMutants(
  { file, node }: { readonly file: PolicyFile; readonly node: AgentDeclaration },
  limits: readonly LimitModel[],
  { policy }: Parts,
): readonly Mutant[] {
  const name = node.name.text
  const roleIndex = new Map(policy.model.roles.map((role, index) => [role.name, index]))
  return [
    ...memberLimits(file, node.members, limits, (change) => editAgent(name, change)),
    ...node.members.flatMap((member): readonly Mutant[] => {
      switch (member.kind) {
        case 'may':
          return deeper(file, member.depth, 'may delegate depth', (mayDelegate) =>
            editAgent(name, (it) => ({ ...it, mayDelegate })),
          )
        case 'expires-at':
          return later(
            file,
            member,
            'a day later',
            editAgent(name, (it) => ({ ...it, expiresAt: member.at.ms + DAY_MS })),
          )
        case 'roles':
          return member.roles.map((role) => ({
            kind: 'drop-role',
            place: placeOf(file, role),
            rule: undefined,
            said: `without the role \`${role.text}\``,
            edit: editAgent(name, (it) => ({
              ...it,
              roles: (it.roles ?? []).filter((index) => index !== roleIndex.get(role.text)),
            })),
          }))
        default:
          return []
      }
    }),
  ]
}

function later(file: PolicyFile, member: Span, how: string, edit: Edit): readonly Mutant[] {
  return [
    {
      kind: 'later-expiry',
      place: placeOf(file, member),
      rule: undefined,
      said: `\`${lineText(file, member)}\` is ${how}`,
      edit,
    },
  ]
}

function delegationMutants(
  { file, node, index }: { readonly file: PolicyFile; readonly node: DelegationDeclaration; readonly index: number },
  limits: readonly LimitModel[],
): readonly Mutant[] {
  return [
    {
      kind: 'drop-delegation',
      place: placeOf(file, node),
      rule: undefined,
      said: 'without this delegation',
      edit: editDelegation(index, () => undefined),
    },
    ...memberLimits(file, node.members, limits, (change) => editDelegation(index, change)),
    ...node.members.flatMap((member): readonly Mutant[] => {
      switch (member.kind) {
        case 'depth':
          return deeper(file, member.depth, 'depth', (depth) => editDelegation(index, (it) => ({ ...it, depth })))
        case 'expires-at':
          return later(
            file,
            member,
            'a day later',
            editDelegation(index, (it) => ({ ...it, expiresAt: member.at.ms + DAY_MS })),
          )
        case 'expires-in':
          return later(
            file,
            member,
            'a second longer',
            editDelegation(index, (it) => ({ ...it, expiresIn: member.duration.ms + SECOND_MS })),
          )
        default:
          return []
      }
    }),
  ]
}
