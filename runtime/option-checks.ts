/** What is said of options that are not as they must be; each fault names the path of the option. */
import { KavachError } from './errors.ts'

/** The members that there are, so that the compiler misses none. */
export type Members<T> = { readonly [K in keyof Required<T>]: true }

/** An option that is misspelt would be no option. @throws {KavachError} KVCH_E_CONFIG_INVALID, here and below */
export function assertKnownOptions(path: string, options: object, known: { readonly [name: string]: true }): void {
  if (typeof options !== 'object' || options === null) failOption(path, 'must be an object')
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name))
  if (unknown === undefined) return
  const names = Object.keys(known).join(', ')
  failOption(path === '' ? unknown : `${path}.${unknown}`, `there is no such option; known are ${names}`)
}

const KINDS = { list: 'a list', boolean: '`true` or `false`', string: 'a text', function: 'a function' }

/** An option of another kind would be read as something that nobody meant: `enabled: 'no'` would be yes. */
export function assertOptionKind(path: string, value: unknown, kind: keyof typeof KINDS): void {
  if (value === undefined || (kind === 'list' ? Array.isArray(value) : typeof value === kind)) return
  failOption(path, `must be ${KINDS[kind]}`)
}

/** A whole number above 0; `standard` where none was given. */
export function countOption(value: number | undefined, path: string, standard: number): number {
  if (value === undefined) return standard
  return Number.isSafeInteger(value) && value > 0 ? value : failOption(path, 'must be a whole number above 0')
}

export function failOption(path: string, message: string): never {
  throw new KavachError('KVCH_E_CONFIG_INVALID', `${path}: ${message}`, { details: { path } })
}
