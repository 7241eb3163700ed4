/** Which file a connection has open, so that one put in its place is noticed: SQLite writes on into a file that was removed. */
import { statSync } from 'node:fs'

export interface FileIdentity {
  readonly dev: number
  readonly ino: number
}

/** Nothing when there is no file of this name. */
export function identityOf(path: string): FileIdentity | undefined {
  const found = statSync(path, QUIETLY)
  return found === undefined ? undefined : { dev: found.dev, ino: found.ino }
}

/** The number of an open file is not given to another, so it is the same file if the number is the same. */
export function isStill(path: string, { dev, ino }: FileIdentity): boolean {
  const found = statSync(path, QUIETLY)
  return found !== undefined && found.ino === ino && found.dev === dev
}

const QUIETLY = { throwIfNoEntry: false } as const
