/** Values that may have to be awaited. A store that answers at once is not made to wait for the next microtask. */
import type { Awaitable } from './store.ts'

/** True for what has to be awaited. */
export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** `next` of the value: at once where it is there, and a promise otherwise. */
export function after<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return isPromise(value) ? value.then(next) : next(value)
}

/** Both values, once both are there. */
export function both<A, B>(a: Awaitable<A>, b: Awaitable<B>): Awaitable<readonly [A, B]> {
  return isPromise(a) || isPromise(b) ? Promise.all([a, b]) : [a, b]
}
