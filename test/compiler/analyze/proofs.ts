/** Policies by their text, and what their assertions come to. */
import { analyze, type PolicyUnderAnalysis, type Proof, proveAssertion } from '../../../compiler/analyze/index.ts'
import { checkPolicy, type LocatedAssertion } from '../../../compiler/front/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'

/** @throws {TypeError} when the policy has errors */
export function policyOf(
  text: string,
  options: { readonly steps?: number } = {},
): { readonly policy: PolicyUnderAnalysis; readonly assertions: readonly LocatedAssertion[] } {
  const { file, diagnostics } = parsePolicy('a.kavach', text)
  const { model, assertions, diagnostics: findings } = checkPolicy([file])
  const errors = [...diagnostics, ...findings].filter(({ severity }) => severity === 'error')
  if (model === undefined || errors.length > 0) throw new TypeError(errors.map(({ message }) => message).join('; '))
  return { policy: analyze(model, options), assertions }
}

/** One proof for each assertion of the text. */
export function proofsOf(text: string): readonly Proof[] {
  const { policy, assertions } = policyOf(text)
  return assertions.map(({ assertion }) => proveAssertion(policy, assertion))
}

/** A proof in a line: what it came to, and the request that shows it. */
export function summaryOf(proof: Proof): unknown {
  switch (proof.kind) {
    case 'proved':
      return proof.example === undefined ? 'proved' : { proved: proof.example.example.request }
    case 'refuted':
      return proof.counterexample === undefined
        ? { refuted: proof.because }
        : { refuted: proof.because, by: proof.counterexample.example.request }
    case 'unknown':
      return { unknown: proof.why }
  }
}

export function summariesOf(text: string): readonly unknown[] {
  return proofsOf(text).map(summaryOf)
}
