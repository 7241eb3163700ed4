import { expect, test } from 'vitest'
import { jsonPlace } from '../../../compiler/model/json-place.ts'
import { createPermissionReader } from '../../../compiler/model/permission.ts'

const HOLDER = { kind: 'runtime agent', name: 'a' } as const
const READ = { resource: 'mcp:a', actions: ['read'] }

function lower(permissions: unknown, constraints: unknown) {
  const reader = createPermissionReader()
  const read = reader.readConstraints(jsonPlace(constraints, 'constraints'), HOLDER)
  return { limits: read.limits, grants: reader.read(jsonPlace(permissions), HOLDER, read) }
}

test('limits of the whole agent are apart from its grants, with a meter for all of them', () => {
  const { limits, grants } = lower([READ, { ...READ, constraints: { maxCallsPerDay: 2 } }], {
    maxCallsPerDay: 5,
    budgetUsdPerDay: 2,
  })
  expect(limits.map(({ kind, windows }) => ({ kind, windows }))).toEqual([
    { kind: 'rate', windows: [{ window: 'day', count: 5n }] },
    { kind: 'budget', windows: [{ window: 'day', capNanoUsd: 2_000_000_000n }] },
  ])
  expect(grants.map(({ id, limits: own }) => ({ id, own: own?.map(({ windows }) => windows) }))).toEqual([
    { id: 0, own: undefined },
    { id: 1, own: [[{ window: 'day', count: 2n }]] },
  ])
  expect(new Set([...limits, ...grants.flatMap(({ limits: own = [] }) => own)].map(({ key }) => key)).size).toBe(3)
})

test('limits of the whole agent keep their meter when its permissions change', () => {
  const key = (permissions: unknown) => lower(permissions, { maxCallsPerDay: 5 }).limits.map((limit) => limit.key)
  const everything = { resource: '**', actions: ['*'], constraints: { maxCallsPerDay: 5 } }
  expect(key([everything])).toEqual(key([]))
  expect(lower([everything], { maxCallsPerDay: 5 }).grants[0]?.limits?.[0]?.key).not.toBe(key([])[0])
})

test('conditions of the whole agent hold beside those of each permission', () => {
  const { grants } = lower([{ ...READ, constraints: { ipAllowlist: ['10.0.0.0/8'] } }, READ], {
    allowedHoursUTC: '09:00-18:00',
    requireApproval: true,
  })
  expect(grants.map(({ when = [], approval }) => ({ kinds: when.map(({ kind }) => kind), approval }))).toEqual([
    { kinds: ['ip-in', 'time-in'], approval: {} },
    { kinds: ['time-in'], approval: {} },
  ])
})

test('parts of a permission are charged to the meters of the whole', () => {
  const { grants } = lower([{ resource: '**', actions: ['*'], constraints: { maxCallsPerDay: 2 } }, READ], {
    requireApprovalFor: ['payments:write'],
  })
  expect(grants.map(({ id, approval, actions, exceptActions }) => ({ id, approval, actions, exceptActions }))).toEqual([
    { id: 0, approval: {}, actions: ['write'], exceptActions: undefined },
    { id: 1, approval: undefined, actions: ['write'], exceptActions: undefined },
    { id: 2, approval: undefined, actions: undefined, exceptActions: ['write'] },
    { id: 3, approval: undefined, actions: ['read'], exceptActions: undefined },
  ])
  expect(new Set(grants.flatMap(({ limits = [] }) => limits.map(({ key }) => key))).size).toBe(1)
})

test('constraints of an agent that nobody knows are faults', () => {
  expect(() => lower([], { maxCallsPerSecond: 5 })).toThrow('constraints.maxCallsPerSecond: is unknown here')
  expect(() => lower([{ ...READ, constraints: { requireApprovalFor: [] } }], {})).toThrow(
    'requireApprovalFor: is unknown',
  )
  expect(() => lower([], { throttlePerMinute: 5 })).toThrow('throttles a budget, and there is none')
})
