/** The engine that the package carries, for runtimes that compile WebAssembly from bytes. */
import { ENGINE_BASE64 } from './engine-bytes.ts'
import { compileBytes } from './source.ts'

let compiled: WebAssembly.Module | undefined

/** The engine without a policy, compiled once. */
export function carriedEngine(): WebAssembly.Module {
  compiled ??= compileBytes(Uint8Array.from(atob(ENGINE_BASE64), (character) => character.charCodeAt(0)))
  return compiled
}
