/** The engine that the package carries, for runtimes that compile WebAssembly from bytes. */
import { ENGINE_BASE64 } from './engine-bytes.ts'

let compiled: WebAssembly.Module | undefined

/** The engine without a policy, compiled once. */
export function carriedEngine(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(ENGINE_BASE64), (character) => character.charCodeAt(0)))
  return compiled
}
