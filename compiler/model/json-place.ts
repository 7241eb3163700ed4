/** A value inside JSON that knows its path, so that whatever is wrong with it can be found. */
import { isWellFormed } from './literals/well-formed.ts'

/** What is wrong, with the path before it. Thrown while a state is read, and caught where the reading began. */
export class StateFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StateFault'
  }
}

/** Each reader throws a `StateFault` when the value is of another kind. */
export interface JsonPlace {
  readonly value: unknown
  /** Its members by name, `null` ones left out. Only `names` may occur. */
  object<N extends string>(names: readonly N[]): { readonly [K in N]?: JsonPlace }
  /** All members of an object with free names, in their order. */
  entries(): readonly (readonly [string, JsonPlace])[]
  list(): readonly JsonPlace[]
  /** Well-formed UTF-16, not empty. */
  text(): string
  /** A whole number from 0 to 2^53 - 1. */
  count(): number
  flag(): boolean
  fail(message: string): never
  missing(name: string): never
}

/** The value `value` at `path`; the root's path is empty. */
export function jsonPlace(value: unknown, path = ''): JsonPlace {
  const fail = (message: string): never => {
    throw new StateFault(path === '' ? message : `${path}: ${message}`)
  }
  const within = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const record = (): Readonly<Record<string, unknown>> =>
    isRecord(value) ? value : fail(path === '' ? 'it must be an object' : 'must be an object')
  return {
    value,
    object: <N extends string>(names: readonly N[]) => {
      const members: { [K in N]?: JsonPlace } = {}
      for (const [name, member] of Object.entries(record())) {
        const known = names.find((candidate) => candidate === name)
        if (known === undefined) throw new StateFault(`${within(name)}: is unknown here; known are ${names.join(', ')}`)
        if (member !== null && member !== undefined) members[known] = jsonPlace(member, within(name))
      }
      return members
    },
    entries: () => Object.entries(record()).map(([name, member]) => [name, jsonPlace(member, within(name))] as const),
    list: () =>
      Array.isArray(value)
        ? value.map((item: unknown, index) => jsonPlace(item, `${path}[${index}]`))
        : fail('must be a list'),
    text: () => {
      if (typeof value !== 'string' || value === '') return fail('must be a string that is not empty')
      return isWellFormed(value) ? value : fail('must not hold half of a surrogate pair')
    },
    count: () =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
        ? value
        : fail('must be a whole number, 0 or more'),
    flag: () => (typeof value === 'boolean' ? value : fail('must be `true` or `false`')),
    fail,
    missing: (name) => {
      throw new StateFault(`${within(name)}: is missing`)
    },
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
