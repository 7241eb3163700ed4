/** What a policy's assertions come to, as findings beside those of `checkPolicy`. */
import type { Diagnostic } from '../../grammar/index.ts'
import type { LocatedAssertion, SourceMap } from '../front/index.ts'
import type { AnalyzedPolicy } from './analyzed-policy.ts'
import { type Proof, proveAssertion } from './prove.ts'
import { requestText } from './request-text.ts'
import type { FoundAccess, PolicyUnderAnalysis } from './subject.ts'

/** Proves every `assert`. KV4110 for one that is false, KV9001 for *unknown*. */
export function analyzeAssertions(
  policy: PolicyUnderAnalysis,
  analyzed: AnalyzedPolicy,
): { readonly diagnostics: readonly Diagnostic[]; readonly assertions: readonly ProvedAssertion[] } {
  const assertions = analyzed.assertions.map((located) => ({
    ...located,
    proof: proveAssertion(policy, located.assertion),
  }))
  return { assertions, diagnostics: assertions.flatMap((proved) => assertionFindings(proved, analyzed)) }
}

export interface ProvedAssertion extends LocatedAssertion {
  readonly proof: Proof
}

function assertionFindings(proved: ProvedAssertion, { map }: AnalyzedPolicy): readonly Diagnostic[] {
  const { proof, path, span, text } = proved
  switch (proof.kind) {
    case 'proved':
      return []
    case 'unknown':
      return [
        {
          code: 'KV9001',
          severity: 'warning',
          message: `not proved: \`${text}\``,
          path,
          span,
          label: 'neither proved nor refuted',
          notes: [{ key: 'unknown', text: proof.why }],
          help: 'write fewer overlapping grants or simpler patterns; what is unknown is never taken for proved',
        },
      ]
    case 'refuted':
      return [
        {
          code: 'KV4110',
          severity: 'error',
          message: 'this assertion does not hold',
          path,
          span,
          label: refutationLabel(proof),
          ...(proof.counterexample && {
            secondary: grantingRules(proof.counterexample, map),
            notes: notesOf(proof.counterexample),
          }),
          help: suggestion(proved),
        },
      ]
  }
}

function refutationLabel({ because, counterexample }: Extract<Proof, { readonly kind: 'refuted' }>): string {
  if (counterexample === undefined) return 'nobody can'
  const { request } = counterexample.example
  const via = request.via === undefined ? '' : ` via ${request.via.join(', ')}`
  const what = `\`${request.agent}\`${via} may ${request.action} on ${request.resource}`
  switch (because) {
    case 'not-held':
      return `${what}, which is not held`
    case 'limit-wider':
      return `${what} more often than is held`
    default:
      return what
  }
}

function grantingRules({ access }: FoundAccess, map: SourceMap): NonNullable<Diagnostic['secondary']> {
  const ids = new Set(access.grants.map(({ id }) => id))
  return [...ids].flatMap((id) => {
    const rule = map.rules[id]
    return rule === undefined ? [] : [{ path: rule.path, span: rule.span, label: 'granted here' }]
  })
}

function notesOf({ example }: FoundAccess): NonNullable<Diagnostic['notes']> {
  const made = example.state?.agents ?? []
  const given = example.state?.delegations ?? []
  const runtime = [
    ...made.map(({ name, type, owner }) => `${type} agent \`${name}\`${owner === undefined ? '' : ` of \`${owner}\``}`),
    ...given.map(({ from, to }) => `a delegation ${from} -> ${to}`),
  ]
  return [
    { key: 'witness', text: requestText(example.request) },
    ...(runtime.length > 0 ? [{ key: 'made through the API', text: runtime.join(', ') }] : []),
  ]
}

/** The guardrail that would make the assertion true. */
function suggestion({ assertion, text }: ProvedAssertion): string {
  const scope = / can ([\s\S]*)$/.exec(text)?.[1] ?? /^every ([\s\S]*?) (?:needs|is denied)/.exec(text)?.[1] ?? ''
  switch (assertion.kind) {
    case 'never':
      return assertion.who.kind === 'anybody'
        ? `\`forbid ${scope}\` makes it true for everybody, or narrow the grants above`
        : 'narrow the grants above; a `forbid` holds for everybody'
    case 'only':
      return 'narrow the grants above, or name the agent in the assertion'
    case 'some':
      return 'grant it, or remove the assertion'
    case 'within':
      return 'narrow the grants above, or widen those of the outer agent'
    case 'every': {
      if (assertion.needs.kind === 'denied') return `\`forbid ${scope}\` makes it true`
      const demand = / needs ([\s\S]*)$/.exec(text)?.[1] ?? ''
      const [plain = scope] = scope.split(' when ')
      return `\`require ${demand} for ${plain}\` makes it true`
    }
  }
}
