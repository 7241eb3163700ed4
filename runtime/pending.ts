/**
 * An object that can be used while it is being made: each method waits until it is there. The object is awaitable too, and then
 * gives itself, without its `then`: an object whose `then` resolves to itself would be awaited for ever.
 */

type Method = (...args: never[]) => unknown

/**
 * What an object will have: `method` for what returns a promise, `stream` for what returns an async iterable, a list of these
 * for a part, and the thing itself where it is there from the beginning.
 */
export type Shape<T> = {
  readonly [K in keyof T]: T[K] extends Method
    ? 'method' | 'stream' | T[K]
    : T[K] extends object
      ? Shape<T[K]> | 'later'
      : T[K] | 'later'
}

/**
 * The object, before it is there. Whatever the opening rejects with, every method rejects with. A member that is `later` throws
 * what `early` makes until the object was awaited.
 */
export function pendingObject<T extends object>(
  shape: Shape<T>,
  opening: Promise<T>,
  early: (member: string) => Error,
): T & PromiseLike<T> {
  // An opening that failed is told to whoever awaits it or calls a method, and to nobody else.
  opening.catch(() => undefined)
  const object = partOf(shape as Nested, (made) => made, opening, early)
  const opened = opening.then((made) => {
    delete object.then
    for (const [name, value] of Object.entries(Object.getOwnPropertyDescriptors(made))) {
      Object.defineProperty(object, name, { ...value, configurable: true })
    }
    return object
  })
  opened.catch(() => undefined)
  Object.defineProperty(object, 'then', {
    configurable: true,
    value: (...handlers: Parameters<typeof opened.then>) => opened.then(...handlers),
  })
  // It has every member of the shape, and the shape has every member of `T`.
  return object as unknown as T & PromiseLike<T>
}

interface Nested {
  readonly [name: string]: 'method' | 'stream' | 'later' | Nested | Method
}

type Part = { [name: string]: unknown }

function partOf(
  shape: Nested,
  find: (made: Part) => Part,
  opening: Promise<object>,
  early: (member: string) => Error,
): Part {
  const part: Part = {}
  // What is opened has the members that the shape says.
  const opened = () => opening.then((made) => find(made as Part))
  for (const [name, kind] of Object.entries(shape)) {
    if (kind === 'method') {
      part[name] = async (...args: never[]) => {
        const made = await opened()
        return (made[name] as Method)(...args)
      }
    } else if (kind === 'stream') {
      part[name] = async function* (...args: never[]) {
        const made = await opened()
        yield* (made[name] as (...args: never[]) => AsyncIterable<unknown>)(...args)
      }
    } else if (kind === 'later') {
      Object.defineProperty(part, name, {
        configurable: true,
        enumerable: true,
        get: () => {
          throw early(name)
        },
      })
    } else if (typeof kind === 'object') {
      part[name] = partOf(kind, (made) => find(made)[name] as Part, opening, early)
    } else part[name] = kind
  }
  return part
}
