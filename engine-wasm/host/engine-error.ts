/** Why an engine, an image or a record cannot be used. Denials are decisions, never errors. */
import type { SigningFault } from './signed-fault.ts'
import { wordsOf } from './words.ts'

/** Statuses of the module from 0 downwards (docs/abi.md). */
const STATUSES = wordsOf(
  'ok too-large bad-magic bad-version bad-length bad-digest bad-offset bad-order old-generation same-generation name-taken no-image',
)

type Status = typeof STATUSES extends readonly (infer Name)[] ? Name : never

/** What the module says, or the loader finds itself. */
export type EngineErrorCode =
  | Exclude<Status, 'ok'>
  | 'bad-module'
  | 'busy'
  | 'engine-fault'
  | 'superseded'
  | 'bad-name'
  | SigningFault

/** Thrown by loading, reloading, `putRecord` and `setFlag`; the engine stays as it was. Programs branch on `code`. */
export class EngineError extends Error {
  readonly code: EngineErrorCode

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EngineError'
    this.code = code
  }
}

/** Returns a status that is a success, and throws one that is not. */
export function succeeded(status: number, what = 'the image'): number {
  if (status >= 0) return status
  const code = STATUSES[-status] as EngineErrorCode // Statuses of images end where the list does, and `ok` is 0.
  throw new EngineError(code, `${what} is refused: ${code}`)
}
