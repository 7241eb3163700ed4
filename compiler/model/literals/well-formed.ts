/** Texts that can be written as UTF-8: no half of a surrogate pair stands alone. */

/** Whether `text` is one. */
export const isWellFormed: (text: string) => boolean = wellFormedBy(String.prototype)

interface Texts {
  readonly length: number
  /** Younger than the oldest platform that we run on. */
  readonly isWellFormed?: (this: string) => boolean
}

function wellFormedBy({ isWellFormed: native }: Texts): (text: string) => boolean {
  if (native !== undefined) return (text) => native.call(text)
  return (text) => !/\p{Surrogate}/u.test(text)
}
