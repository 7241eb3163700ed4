/** What the page asks its workers, and what they answer. All of it can be cloned. */

/** What is typed: a policy, a request, which is JSON, and what was made at run time, JSON as `--state` of the commands takes it or nothing. */
export interface Inputs {
  readonly text: string
  readonly state: string
  readonly request: string
}

export type Ask =
  /** Checks, compiles and tests. */
  | { readonly kind: 'check'; readonly text: string }
  | ({ readonly kind: 'decide' } & Inputs)
  /** Proves delegations and assertions. */
  | { readonly kind: 'prove'; readonly text: string }
  /** Explains the decision of a request. */
  | ({ readonly kind: 'explain' } & Inputs)

/** Whether something else is typed by now than what was sent. */
export function isStale(ask: Ask, now: Inputs): boolean {
  if (ask.text !== now.text) return true
  return 'request' in ask && (ask.request !== now.request || ask.state !== now.state)
}

export type Answer =
  | ({ readonly kind: 'check' } & Checked)
  | ({ readonly kind: 'decide' } & Decided)
  | ({ readonly kind: 'prove' } & Proved)
  | ({ readonly kind: 'explain' } & Explained)
  /** Something in the worker failed that should not. */
  | { readonly kind: 'failed'; readonly message: string }

/** Every answer to an ask of a kind. */
export type AnswerTo<K extends Ask['kind']> = Extract<Answer, { readonly kind: K }>

/** A place of the text, in UTF-16 units. */
export interface Place {
  readonly start: number
  readonly end: number
}

export interface TextChange extends Place {
  readonly text: string
}

/** A finding with the text that `kavach check` prints for it. */
export interface Finding extends Place {
  /** `KV....` */
  readonly code: string
  readonly severity: 'error' | 'warning'
  readonly printed: string
  /** A change that is certainly right. */
  readonly fix: { readonly title: string; readonly changes: readonly TextChange[] } | undefined
}

export interface Checked {
  readonly findings: readonly Finding[]
  readonly milliseconds: number
  /** Absent while the policy has errors. */
  readonly policy: CompiledPolicy | undefined
}

export interface CompiledPolicy {
  readonly name: string
  readonly generation: number
  readonly rules: number
  /** `NAME.wasm`, `NAME.img` and `NAME.d.ts`. */
  readonly module: Uint8Array<ArrayBuffer>
  readonly image: Uint8Array<ArrayBuffer>
  readonly types: string
  /** Names to choose from. */
  readonly agents: readonly string[]
  readonly actions: readonly string[]
  readonly tests: readonly TestRow[]
}

export interface TestRow extends Place {
  readonly title: string
  readonly row: string
  readonly isPassed: boolean
  /** `deny because no-grant`. */
  readonly expected: string
  readonly got: string
  /** As the form takes it. */
  readonly request: string
}

export interface Proved {
  readonly findings: readonly Finding[]
  readonly milliseconds: number
  /** Absent while the policy has errors. */
  readonly proofs: readonly ProofRow[] | undefined
}

export interface ProofRow {
  readonly verdict: 'proved' | 'refuted' | 'unknown'
  /** The statement, as written. */
  readonly text: string
  /** Where it stands; delegations have no place. */
  readonly start: number | undefined
  /** In short, what breaks it, or why nobody can tell; the findings have it in full. */
  readonly note: string | undefined
  /** A request that breaks it, and what must have been made at run time for it. */
  readonly witness: { readonly request: string; readonly state: string } | undefined
}

export type Decided =
  | { readonly fault: string }
  | {
      readonly verdict: string
      readonly reason: string
      readonly isAllowed: boolean
      /** The decision as JSON. */
      readonly json: string
      /** Nanoseconds of one decision, the mean of many. */
      readonly nanoseconds: number
      /** The rules that decided. */
      readonly rules: readonly RuleRow[]
    }

export interface RuleRow extends Place {
  readonly text: string
  readonly line: number
}

export type Explained =
  | { readonly fault: string }
  | {
      /** For those who may read the policy, a sentence a line. */
      readonly administrator: string
      readonly caller: string
      /** Requests that would be allowed, and how they differ. */
      readonly changes: readonly { readonly text: string; readonly request: string }[]
      /** Why no change of the request was found. */
      readonly noChange: string | undefined
      /** Edits of the policy that open it. */
      readonly edits: readonly EditRow[]
      readonly milliseconds: number
    }

export interface EditRow {
  /** `+ allow read on mcp:docs:**` with the line where it goes. */
  readonly text: string
  /** What it opens besides. */
  readonly also: readonly string[]
  readonly changes: readonly TextChange[]
}
