/** Types of the runner, which itself uses nothing but the language and web standards. */
import type * as Door from '../../../engine-wasm/host/index.ts'

export interface SwapReport {
  readonly swaps: number
  readonly decisions: number
  /** Decisions that are not those of the policy in force. */
  readonly wrong: readonly object[]
  /** Codes of what may not be swapped in. */
  readonly refused: readonly string[]
  /** Generations of the two engines in the end. */
  readonly last: readonly number[]
  /** How an agent is answered that was revoked before all swaps. */
  readonly revoked: string
}

/** Policy text of the even and of the odd generations. */
export const POLICIES: readonly string[]

export function swapUnderLoad(
  door: typeof Door,
  about: { readonly images: readonly Uint8Array[]; readonly engine: WebAssembly.Module; readonly swaps: number },
): Promise<SwapReport>

/** One of the questions, by any number; what is wrong with the answer while a generation is in force, if anything is. */
export function askOne(engine: Door.Engine, number: number, generation: number): object | undefined

/** The image with another generation, and the digest that belongs to it. */
export function withGeneration(image: Uint8Array, generation: number, digest: Door.Digest): Uint8Array
