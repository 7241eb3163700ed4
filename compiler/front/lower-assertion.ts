/** From `assert` statements to the model of what they say. */
import type { AssertDeclaration, WhoNode } from '../../grammar/index.ts'
import type { AssertionModel, Who } from '../model/index.ts'
import { lineText } from './line-text.ts'
import { type LoweringInput, lowerApproval, lowerCondition, lowerScope } from './lower.ts'

/** An assertion and where it was written. */
export interface LocatedAssertion {
  readonly assertion: AssertionModel
  readonly path: string
  readonly span: { readonly start: number; readonly end: number }
  /** As written, on one line, without `assert` and without comments. */
  readonly text: string
}

/** The assertions of a policy without errors, in source order. */
export function lowerAssertions(input: Pick<LoweringInput, 'policy' | 'regexes'>): readonly LocatedAssertion[] {
  return input.policy.files.flatMap((file) =>
    file.declarations.flatMap((node) => {
      if (node.kind !== 'assert') return []
      const { start, end } = node
      const text = lineText(file, node).replace(/^assert /, '')
      return [{ assertion: lowerAssertion(input, node), path: file.path, span: { start, end }, text }]
    }),
  )
}

function lowerAssertion(
  input: Pick<LoweringInput, 'policy' | 'regexes'>,
  { assertion }: AssertDeclaration,
): AssertionModel {
  if (assertion.kind === 'within') {
    return { kind: 'within', inner: assertion.inner.text, outer: assertion.outer.text }
  }
  const when = assertion.when && { when: lowerCondition(input, assertion.when) }
  const scope = lowerScope(assertion.scope)
  if (assertion.kind === 'can') return { kind: assertion.quantifier, who: lowerWho(assertion.who), ...scope, ...when }
  const { needs } = assertion
  if (needs === 'denied') return { kind: 'every', ...scope, ...when, needs: { kind: 'denied' } }
  return {
    kind: 'every',
    ...scope,
    ...when,
    needs:
      needs.kind === 'approval'
        ? { kind: 'approval', approval: lowerApproval(needs) }
        : { kind: 'condition', when: lowerCondition(input, needs) },
  }
}

function lowerWho({ who, names }: WhoNode): Who {
  switch (who) {
    case 'any':
      return { kind: 'anybody' }
    case 'runtime':
      return { kind: 'runtime' }
    case 'names':
      return { kind: 'agents', names: names.map(({ text }) => text) }
  }
}
