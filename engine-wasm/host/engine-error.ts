/** Why an engine, an image or a record cannot be used. Denials are decisions, never errors. */

/** Statuses of the module from 0 downwards (docs/abi.md), then what the loader itself finds. */
const CODES = [
  'ok',
  'too-large',
  'bad-magic',
  'bad-version',
  'bad-length',
  'bad-digest',
  'bad-offset',
  'bad-order',
  'old-generation',
  'same-generation',
  'name-taken',
  'no-image',
  'superseded',
  'bad-name',
  'bad-module',
  'busy',
  'engine-fault',
] as const

export type EngineErrorCode = Exclude<(typeof CODES)[number], 'ok'>

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
export function succeeded(status: number, what: string): number {
  if (status >= 0) return status
  // Statuses of the module end at -13, and `ok` is 0.
  const code = (CODES[-status] ?? 'bad-module') as EngineErrorCode
  throw new EngineError(code, `${what} is refused: ${code}`)
}
