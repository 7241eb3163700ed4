import { expect, test } from 'vitest'
import type { Row } from '../../../runtime/index.ts'
import { Witness } from '../../../storage/sqlite/witness.ts'
import { connectionOf, logRow, openStoreAt } from './files.ts'

const head = (size: number, epoch: number, mark = size - 1): Row<'heads'> => {
  return { size, frontier: Uint8Array.of(mark), time: 1, epoch }
}

/** A database with `size` rows in its log; row `n` has the leaf `n`, and the epoch is that of the last row. */
async function databaseWith(size: number) {
  const store = await openStoreAt(':memory:')
  for (let seq = 0; seq < size; seq++) await logRow(store, seq)
  return connectionOf(store)
}

test.each([
  ['nothing was seen', undefined, undefined, true],
  ['the same head', head(3, 2), undefined, true],
  ['the same head under an older epoch', head(3, 1), undefined, true],
  ['the same size with another frontier', head(3, 2, 9), undefined, false],
  ['a newer epoch was seen', head(3, 5), undefined, false],
  ['a longer log was seen', head(4, 2), undefined, false],
  ['a shorter log was seen, and its last row is ours', head(2, 1), { seq: 1, leaf: Uint8Array.of(1) }, true],
  ['a shorter log was seen, and its last row is another', head(2, 1), { seq: 1, leaf: Uint8Array.of(9) }, false],
  ['a shorter log was seen, and its last row was written by another process', head(2, 1), undefined, false],
  ['a shorter log was seen, and our last row is before its end', head(2, 1), { seq: 0, leaf: Uint8Array.of(0) }, false],
] as const)('%s', async (_, seen, mark, isContinued) => {
  const witness = new Witness()
  if (seen !== undefined) witness.see('default', seen)
  if (mark !== undefined) witness.mark('default', mark)
  expect(witness.isContinuedIn(await databaseWith(3))).toBe(isContinued)
})

test('a project that is gone is no continuation', async () => {
  const witness = new Witness()
  witness.see('other', head(0, 0))
  expect(witness.isContinuedIn(await databaseWith(3))).toBe(false)
})
