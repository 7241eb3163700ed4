/** What may be wrong with limits and approvals. */
import type { ApprovalNode, BudgetNode, PolicyFile, RateNode, Span } from '../../grammar/index.ts'
import { lineText } from '../front/index.ts'
import type { ApprovalModel, BudgetModel, LimitModel, RateModel } from '../model/index.ts'
import { replaceAt } from './mutate-edit.ts'

export type ClauseMutation =
  | 'drop-limit'
  | 'shift-rate'
  | 'raise-budget'
  | 'drop-throttle'
  | 'drop-approval'
  | 'change-approver'
  | 'drop-within'

/** `clause` is `undefined` where it is taken away. */
export interface ClauseMutant<C> {
  readonly kind: ClauseMutation
  readonly span: Span
  readonly said: string
  readonly clause: C | undefined
}

export function limitMutants(
  limit: LimitModel,
  node: RateNode | BudgetNode,
  file: PolicyFile,
): readonly ClauseMutant<LimitModel>[] {
  const dropped = {
    kind: 'drop-limit',
    span: node,
    said: `without \`${lineText(file, node)}\``,
    clause: undefined,
  } as const
  if (limit.kind === 'rate') return node.kind === 'rate' ? [dropped, ...rateMutants(limit, node)] : []
  return node.kind === 'budget' ? [dropped, ...budgetMutants(limit, node, file)] : []
}

function rateMutants(limit: RateModel, node: RateNode): readonly ClauseMutant<LimitModel>[] {
  return limit.windows.flatMap(({ window, count }, index) =>
    [count + 1n, count - 1n].flatMap((other): readonly ClauseMutant<LimitModel>[] => {
      if (other < 0n) return []
      const windows = replaceAt(limit.windows, index, { window, count: other })
      const span = node.windows[index]?.count ?? node
      const said = `\`${count} per ${window}\` becomes \`${other} per ${window}\``
      return [{ kind: 'shift-rate', span, said, clause: { ...limit, windows } }]
    }),
  )
}

const CENT = 10_000_000n

function budgetMutants(limit: BudgetModel, node: BudgetNode, file: PolicyFile): readonly ClauseMutant<LimitModel>[] {
  const raised = limit.windows.map(({ window, capNanoUsd }, index): ClauseMutant<LimitModel> => {
    const windows = replaceAt(limit.windows, index, { window, capNanoUsd: capNanoUsd + CENT })
    const amount = node.windows[index]?.amount ?? node
    const said = `\`${lineText(file, amount)} USD per ${window}\` is a cent more`
    return { kind: 'raise-budget', span: amount, said, clause: { ...limit, windows } }
  })
  if (node.throttle === undefined) return raised
  const { throttle: _, ...free } = limit
  const said = `without \`${lineText(file, node.throttle)}\``
  return [...raised, { kind: 'drop-throttle', span: node.throttle, said, clause: free }]
}

/** Somebody whom nobody is. */
export const NO_APPROVER = 'nobody-approves-this'

export function approvalMutants(
  approval: ApprovalModel,
  node: ApprovalNode,
  file: PolicyFile,
): readonly ClauseMutant<ApprovalModel>[] {
  const { by, withinMs, ...others } = approval
  const mutants: ClauseMutant<ApprovalModel>[] = [
    { kind: 'drop-approval', span: node, said: `without \`${lineText(file, node)}\``, clause: undefined },
  ]
  if (node.by !== undefined) {
    const text = lineText(file, node.by)
    const rest = withinMs === undefined ? others : { ...others, withinMs }
    mutants.push(
      { kind: 'change-approver', span: node.by, said: `anybody approves instead of ${text}`, clause: rest },
      {
        kind: 'change-approver',
        span: node.by,
        said: `somebody else approves instead of ${text}`,
        clause: { ...rest, by: NO_APPROVER },
      },
    )
  }
  if (node.within !== undefined) {
    const said = `without \`within ${lineText(file, node.within)}\``
    mutants.push({
      kind: 'drop-within',
      span: node.within,
      said,
      clause: by === undefined ? others : { ...others, by },
    })
  }
  return mutants
}
