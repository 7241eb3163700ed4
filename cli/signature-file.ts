/** `NAME.sig.json` beside `NAME.wasm` and `NAME.img`. */
import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { loadBytes } from './files.ts'
import type { Terminal } from './terminal.ts'

/** The path of the signature of a compiled policy, as it was named. */
export function signaturePathOf(named: string): string {
  return join(dirname(named), `${nameOf(named)}.sig.json`)
}

/** `NAME` of `folder/NAME.wasm`. */
export function nameOf(named: string): string {
  return basename(named).replace(/\.(wasm|img)$/, '')
}

/** The bytes beside a compiled policy, or nothing. @throws {CliError} 66 when it may not be read */
export function findSignature(terminal: Terminal, named: string): Uint8Array | undefined {
  const shown = signaturePathOf(named)
  const path = resolve(terminal.cwd, shown)
  return existsSync(path) ? loadBytes(path, shown) : undefined
}
