/** The Cedar engine, as its makers ship it for Node. */
import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import type { CedarExport, CedarRequest } from '../../../compiler/analyze/index.ts'

/** What a test uses of it; their own types do not say `readonly`. */
interface CedarWasm {
  preparsePolicySet(id: string, policies: { readonly staticPolicies: string }): CedarParsed
  preparseSchema(name: string, schema: string): CedarParsed
  validate(call: {
    readonly schema: string
    readonly policies: { readonly staticPolicies: string }
    readonly validationSettings: { readonly mode: 'strict' }
  }): CedarValidated
  statefulIsAuthorized(call: object): CedarAnswer
}

type Failure = { readonly type: 'failure'; readonly errors: readonly { readonly message: string }[] }
type CedarParsed = { readonly type: 'success' } | Failure
type CedarValidated = { readonly type: 'success'; readonly validationErrors: readonly unknown[] } | Failure
type CedarAnswer =
  | {
      readonly type: 'success'
      readonly response: {
        readonly decision: 'allow' | 'deny'
        readonly diagnostics: { readonly reason: readonly string[]; readonly errors: readonly unknown[] }
      }
    }
  | Failure

// Node 20 aborts (`unreachable code` in its deoptimizer) some time after it has inlined a call of Cedar's module.
setFlagsFromString('--no-turbo-inline-js-wasm-calls')

const cedar: CedarWasm = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs')

/** Policies that Cedar has parsed and found valid. */
export interface CedarSubject {
  /** What Cedar says; `refused` when the mapping has no request for it. */
  readonly ask: (request: CedarRequest) => 'allow' | 'deny' | 'refused'
}

/** @throws {Error} when Cedar finds a fault in the text or the schema */
export function createCedar({ policies, schema }: CedarExport): CedarSubject {
  const staticPolicies = { staticPolicies: policies }
  assertFine(cedar.preparseSchema('schema', schema))
  assertFine(cedar.preparsePolicySet('policies', staticPolicies))
  const validated = cedar.validate({ schema, policies: staticPolicies, validationSettings: { mode: 'strict' } })
  if (validated.type === 'failure') throw new Error(JSON.stringify(validated))
  if (validated.validationErrors.length > 0) throw new Error(JSON.stringify(validated.validationErrors))
  return {
    ask: (request) => {
      if (request.kind === 'refused') return 'refused'
      const { kind: _, ...call } = request
      const answer = cedar.statefulIsAuthorized({
        ...call,
        preparsedPolicySetId: 'policies',
        preparsedSchemaName: 'schema',
        validateRequest: true,
      })
      if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
      const { decision, diagnostics } = answer.response
      // A policy that fails is skipped by Cedar: were it a `forbid`, more would be allowed.
      if (diagnostics.errors.length > 0) throw new Error(JSON.stringify(diagnostics.errors))
      return decision
    },
  }
}

function assertFine(parsed: CedarParsed): void {
  if (parsed.type === 'failure') throw new Error(JSON.stringify(parsed.errors))
}
