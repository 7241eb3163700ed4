/** Types of the runner, which itself uses nothing but the language and web standards. */
import type * as Door from '../../../engine-wasm/host/index.ts'
import type { SwapReport } from '../swap/runner.mjs'

export interface Asked {
  /** Anything may be asked. */
  readonly request: unknown
  readonly options: Door.DecideOptions
}

export interface Question extends Asked {
  /** The whole decision and the whole explanation, as JSON. */
  readonly decision: string
  readonly explanation: string
}

/** A policy and what was made at run time; bytes are base64. */
export interface Subject {
  readonly name: string
  readonly image: string
  readonly records: readonly string[]
  readonly revoked: readonly string[]
  readonly suspended: readonly string[]
  readonly questions: readonly Question[]
}

/** What questions.ts writes. */
export interface Data {
  readonly sets: { readonly golden: readonly Subject[]; readonly corpus: readonly Subject[] }
  readonly swap: { readonly images: readonly string[]; readonly count: number }
  /** A compiled policy. */
  readonly module: string
}

export interface Answers {
  /** How many answers of each kind there were. */
  readonly asked: { readonly [kind: string]: number }
  /** Of all answers, one after the other. */
  readonly digest: string
  readonly differences: readonly object[]
}

export interface Report {
  readonly answers: Answers
  readonly swap: SwapReport
  /** The name of the policy, or how its bytes were refused. */
  readonly bytes: string | { readonly [member: string]: unknown }
}

export function askEverything(
  door: typeof Door,
  gzipped: Uint8Array<ArrayBuffer>,
  modules: { readonly engine: WebAssembly.Module; readonly policy: WebAssembly.Module },
): Promise<Report>

export function openLive(door: typeof Door, subject: Omit<Subject, 'questions'>): Door.LiveEngine

export function bytesOf(base64: string): Uint8Array
