/** What a policy's assertions come to, as findings beside those of `checkPolicy`. */
import type { AssertDeclaration, Diagnostic, PolicyFile, Span } from '../../grammar/index.ts'
import type { LocatedAssertion, SourceMap } from '../front/index.ts'
import type { AssertionModel } from '../model/index.ts'
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

function assertionFindings(proved: ProvedAssertion, analyzed: AnalyzedPolicy): readonly Diagnostic[] {
  const { proof, path, span, text, assertion } = proved
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
          label: refutationLabel(assertion, proof),
          ...(proof.counterexample && {
            secondary: grantingRules(proof.counterexample, analyzed.map),
            notes: notesOf(proof.counterexample),
          }),
          help: suggestion(proved, proof, analyzed.files),
        },
      ]
  }
}

type Refuted = Extract<Proof, { readonly kind: 'refuted' }>

function refutationLabel(assertion: AssertionModel, { because, counterexample }: Refuted): string {
  if (counterexample === undefined) return nobodyLabel(assertion)
  const { request } = counterexample.example
  const via = request.via === undefined ? '' : ` via ${request.via.join(', ')}`
  const what = `\`${request.agent}\`${via} may ${request.action} on ${request.resource}`
  if (assertion.kind !== 'within') return what
  return because === 'limit-wider'
    ? `${what} beyond the limits of \`${assertion.outer}\``
    : `${what}, which \`${assertion.outer}\` does not hold`
}

function nobodyLabel(assertion: AssertionModel): string {
  if (assertion.kind !== 'some') return 'nobody can'
  const { who } = assertion
  switch (who.kind) {
    case 'anybody':
      return 'nobody can'
    case 'runtime':
      return 'no agent made at run time can'
    case 'agents':
      return who.names.length === 1 ? `\`${who.names.join()}\` cannot` : 'none of them can'
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

function suggestion({ assertion, path, span }: ProvedAssertion, proof: Refuted, files: readonly PolicyFile[]): string {
  const file = files.find((candidate) => candidate.path === path)
  const node = file?.declarations.find(
    (declaration) => declaration.kind === 'assert' && declaration.start === span.start,
  )
  const rule = file && node?.kind === 'assert' ? guardrail(node.assertion, file) : undefined
  switch (assertion.kind) {
    case 'never':
      return assertion.who.kind === 'anybody' && rule !== undefined
        ? `\`${rule}\` makes it true for everybody, or narrow the grants above`
        : 'narrow the grants above; a `forbid` would hold for everybody'
    case 'only':
      return proof.counterexample?.example.state === undefined
        ? 'narrow the grants above, or name the agent in the assertion'
        : 'narrow the grants above: whoever uses the API can make such an agent or delegation'
    case 'some':
      return 'grant it, take away what denies it, or remove the assertion'
    case 'within':
      return `narrow the grants above, or widen those of \`${assertion.outer}\``
    case 'every':
      return rule === undefined ? 'add a guardrail for it, or narrow the grants above' : `\`${rule}\` makes it true`
  }
}

/** The guardrail that makes a `never * can` or an `every` true; `undefined` where it does not stand on one line. */
function guardrail(assertion: AssertDeclaration['assertion'], { text }: PolicyFile): string | undefined {
  if (assertion.kind === 'within') return undefined
  const at = (span: Span) => text.slice(span.start, span.end)
  const scope = at(assertion.scope)
  const when = assertion.when === undefined ? '' : ` when ${at(assertion.when)}`
  const rule = (): string => {
    if (assertion.kind === 'can' || assertion.needs === 'denied') return `forbid ${scope}${when}`
    const needs = at(assertion.needs)
    if (assertion.needs.kind === 'approval') return `require ${needs.replace(/^needs\s+/, '')} for ${scope}`
    return when === '' ? `require ${needs} for ${scope}` : `forbid ${scope}${when} unless ${needs}`
  }
  const written = rule()
  return written.includes('\n') ? undefined : written
}
