import { expect, test } from 'vitest'
import { worstExit } from '../../cli/exit.ts'

test('of several exit codes the worst wins: 0 < 1 < 3 < 2 < what could not run', () => {
  const order = [0, 1, 3, 2, 64, 66, 70]
  for (const [i, a] of order.entries()) {
    for (const [j, b] of order.entries()) expect([a, b, worstExit(a, b)]).toEqual([a, b, order[Math.max(i, j)]])
  }
})
