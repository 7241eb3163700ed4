import { expect, test } from 'vitest'
import { isStagedFor, NO_ROLLOUT, readRollout, type Stage, writeRollout } from '../../../runtime/policy/rollout.ts'
import { siteOf } from '../site.ts'

const STAGE: Stage = { digest: 'd', generation: 2, percent: 0, agents: [] }
const IDS = Array.from({ length: 10_000 }, (_, i) => `agt_${i}`)

test('nothing is rolled out at first', async () => {
  const site = siteOf()
  expect(await site.read(readRollout)).toEqual(NO_ROLLOUT)
})

test('a rollout is read as it was written, and the later one has the higher version', async () => {
  const site = siteOf()
  const rollout = { enforced: { digest: 'e', generation: 1 }, shadow: 's', staged: { ...STAGE, agents: ['a'] } }
  const first = await site.change((change) => writeRollout(change, rollout))
  expect(await site.read(readRollout)).toEqual({ ...rollout, version: 1 })
  const second = await site.change((change) => writeRollout(change, { ...first, shadow: undefined }))
  expect(second.version).toBe(2)
  expect(await site.read(readRollout)).toEqual({ ...rollout, shadow: undefined, version: 2 })
})

test('a stage is for the agents it names, and for nobody whose name only begins or ends alike', () => {
  const stage = { ...STAGE, agents: ['planner'] }
  expect(['planner', 'plan', 'planner-2', ''].map((id) => isStagedFor(stage, id))).toEqual([true, false, false, false])
})

test('a stage is for about as many agents as it says, and all who are in at 10 percent are in at 20', () => {
  const inAt = (percent: number) => IDS.filter((id) => isStagedFor({ ...STAGE, percent }, id))
  expect(inAt(0)).toEqual([])
  expect(inAt(100)).toEqual(IDS)
  for (const percent of [1, 10, 20, 50, 99]) {
    const share = inAt(percent).length / IDS.length
    expect(Math.abs(share - percent / 100)).toBeLessThan(0.02)
  }
  const twenty = new Set(inAt(20))
  expect(inAt(10).every((id) => twenty.has(id))).toBe(true)
})

test('two stages are not for the same agents', () => {
  const inOf = (digest: string) => IDS.filter((id) => isStagedFor({ ...STAGE, digest, percent: 10 }, id))
  const first = new Set(inOf('one'))
  const both = inOf('two').filter((id) => first.has(id))
  expect(both.length).toBeLessThan(IDS.length * 0.02)
})
