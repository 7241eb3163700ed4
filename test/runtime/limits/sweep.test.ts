import { expect, test } from 'vitest'
import { KEPT_MS, openReservation, sweep } from '../../../runtime/limits/index.ts'
import { NOW, siteOf } from '../site.ts'

const OLD = NOW - KEPT_MS

test('what nobody will ask for again is removed, in small bites, and everything else stays', async () => {
  const site = siteOf()
  await site.change(async (change) => {
    await change.put('meters', [
      { key: 'a', windowStart: OLD - 2, used: 1 },
      { key: 'b', windowStart: OLD - 1, used: 1 },
      { key: 'c', windowStart: OLD - 1, used: 1 },
      { key: 'd', windowStart: OLD, used: 1 },
      { key: 'denials/agt_1', windowStart: 0, used: 3 },
    ])
    const answer = { agent: 'agt_1', digest: '', answer: '{}' }
    await change.put('answers', [
      { ...answer, key: 'old', expiresAt: NOW },
      { ...answer, key: 'new', expiresAt: NOW + 1 },
    ])
    for (const [seq, expiresAt] of [
      [1, OLD - 1],
      [2, OLD],
      [3, OLD - 1],
    ] as const) {
      await openReservation(change, { seq, agent: 'agt_1', amounts: [], expiresAt })
    }
    for (const [seq, state] of [
      [1, 'settled'],
      [2, 'expired'],
    ] as const) {
      const row = await change.get('reservations', { seq })
      if (row !== undefined) await change.put('reservations', [{ ...row, state }])
    }
  })
  const bite = () => site.change((change) => sweep(change, 2))
  expect([await bite(), await bite(), await bite()]).toEqual([4, 1, 0])
  expect(
    await site.read(async (reader) => ({
      meters: (await reader.find('meters', 'byWindow')).map(({ key }) => key),
      answers: (await reader.find('answers', 'key')).map(({ key }) => key),
      reservations: (await reader.find('reservations', 'key')).map(({ seq }) => seq),
    })),
  ).toEqual({ meters: ['denials/agt_1', 'd'], answers: ['new'], reservations: [2, 3] })
})
