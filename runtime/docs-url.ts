/** Errors of one host lead to the pages that its option `docsBaseUrl` names. */
import { isPromise } from './awaitable.ts'
import { KavachError } from './errors.ts'

/** The same error, with its `docs_url` below the base. */
export function leadTo(error: unknown, docsBaseUrl: string | undefined): unknown {
  if (docsBaseUrl !== undefined && error instanceof KavachError) error.docs_url = `${docsBaseUrl}#${error.code}`
  return error
}

/**
 * The same object, whose functions throw and reject with errors that lead below the base: those of its parts too, those of
 * objects that functions return at once, and streams.
 */
export function explainAt<T extends object>(api: T, docsBaseUrl: string | undefined): T {
  return docsBaseUrl === undefined ? api : (explained(api, docsBaseUrl, new Map()) as T) // It has the members of `api`.
}

type Callable = (...args: readonly unknown[]) => unknown

function explained(api: object, base: string, done: Map<object, object>): object {
  const known = done.get(api)
  if (known !== undefined) return known
  const copy = {}
  done.set(api, copy)
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(api))) {
    const { value } = descriptor
    if (typeof value === 'function') descriptor.value = explainedCall(value, base)
    else if (isPart(value)) descriptor.value = explained(value, base, done)
    Object.defineProperty(copy, name, descriptor)
  }
  return copy
}

function explainedCall(call: Callable, base: string): Callable {
  return (...args) => {
    try {
      const result = call(...args)
      if (isPromise(result)) {
        return result.catch((error: unknown) => {
          throw leadTo(error, base)
        })
      }
      if (isStream(result)) return explainedStream(result, base)
      return isPart(result) ? explained(result, base, new Map()) : result
    } catch (error) {
      throw leadTo(error, base)
    }
  }
}

async function* explainedStream(stream: AsyncIterable<unknown>, base: string): AsyncGenerator<unknown> {
  try {
    yield* stream
  } catch (error) {
    throw leadTo(error, base)
  }
}

/** Plain objects are parts of an API; what has a class is a value. */
function isPart(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
