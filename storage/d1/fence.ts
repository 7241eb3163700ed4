/**
 * Transactions over D1, which has none that a program could hold open: only the statements of one `batch` are a transaction.
 *
 * Each project has a stamp, one row with a random number. A transaction reads the stamp beside every row that it reads, keeps what it
 * writes to itself, and ends with one batch:
 *
 *     the fence    replace the stamp by a new one if it is still the one that was read; a constraint fails if it is not
 *     the writes   in the order in which they were made
 *
 * So all that it read is of one state, and whatever it writes is written on top of that state, or not at all. A conditional UPDATE would
 * not do: one that finds no row stops no batch. A transaction whose fence does not hold is run again from its beginning.
 *
 * The new stamp also tells what came of a batch whose answer was lost: if it is there, the batch was done.
 */

/** Values: the project. Gives the stamp, null for a project that has none, and the database's time in milliseconds since 1970. */
export const READ_FENCE =
  "SELECT (SELECT stamp FROM kavach_fences WHERE project = ?) AS stamp, unixepoch('subsec') * 1000 AS now"

/** Values: the project, and again, the stamp that was read, and the new one. What does not hold leaves null, which the column does not take. */
export const WRITE_FENCE = `INSERT INTO kavach_fences (project, stamp)
  VALUES (?, CASE WHEN (SELECT stamp FROM kavach_fences WHERE project = ?) IS ? THEN ? END)
  ON CONFLICT (project) DO UPDATE SET stamp = excluded.stamp`

export interface Fence {
  readonly stamp: number | null
  readonly now: number
}

/** A number that no two transactions have in common: 48 random bits. */
export function newStamp(random: (bytes: number) => Uint8Array): number {
  return random(6).reduce((number, byte) => number * 256 + byte, 0)
}
