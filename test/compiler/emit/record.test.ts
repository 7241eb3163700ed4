import { expect, test } from 'vitest'
import { emitAgentRecord, emitDelegationsRecord, emitImage, emitState } from '../../../compiler/emit/index.ts'
import {
  createPermissionReader,
  jsonPlace,
  parseState,
  type RuntimeAgent,
  type State,
} from '../../../compiler/model/index.ts'
import { H_KIND, KIND_AGENT, KIND_DELEGATIONS, S_DELEGATIONS } from '../../../engine-wasm/format/layout.ts'
import { type EngineRequest, loadLiveEngine, type Reservation } from '../../../engine-wasm/host/index.ts'
import { encodeRequest } from '../../fuzz/encode-request.ts'
import { Instance } from '../../fuzz/instance.ts'
import { describeAnswer } from '../../fuzz/subject.ts'
import { modelOf, sectionOf } from './model.ts'

function stateOf(json: unknown): State {
  const parsed = parseState(json)
  if (!parsed.ok) throw new TypeError(parsed.message)
  return parsed.value
}

const PERMISSIONS = [{ resource: 'doc:**', actions: ['read'] }]
const AGENT = { name: 'rt', type: 'service', permissions: PERMISSIONS }
const STATE = stateOf({
  agents: [AGENT, { ...AGENT, name: 'other' }],
  delegations: [
    { from: 'root', to: 'rt', permissions: [] },
    { from: 'rt', to: 'other', permissions: PERMISSIONS },
    { from: 'root', to: 'rt', permissions: PERMISSIONS },
  ],
})
const POLICY = emitImage(
  modelOf(
    'autonomous agent root { allow read on doc:** may delegate depth 1 }\nboundary runtime { allow read on doc:a }',
  ),
)
const OPEN = emitImage(modelOf('boundary runtime { allow * on ** may delegate depth 5 }'))
const LENT = { from: 'rt', to: 'leaf', permissions: [{ resource: 'doc:a', actions: ['read'] }] }

function kindOf(record: Uint8Array): number {
  return new DataView(record.buffer, record.byteOffset).getUint32(H_KIND, true)
}

test('a state is a record for each agent, then one for each pair', () => {
  const records = emitState(STATE)
  expect(records.map(kindOf)).toEqual([KIND_AGENT, KIND_AGENT, KIND_DELEGATIONS, KIND_DELEGATIONS])
  expect(records.map((record) => sectionOf(record, S_DELEGATIONS, 1).count)).toEqual([0, 0, 2, 1])
})

test('the same agent gives the same bytes, whoever was made before it', () => {
  const [first] = emitState(STATE)
  const alone = stateOf({ agents: [AGENT] }).agents[0]
  expect(alone && emitAgentRecord(alone)).toEqual(first)
})

test('the engine answers by them, within the boundary', () => {
  const instance = new Instance()
  instance.load(POLICY)
  for (const record of emitState(STATE)) {
    instance.put(record)
    expect(instance.exports.overlay_put(record.length)).toBeGreaterThan(0)
  }
  const ask = (agent: string, resource: string, via?: readonly string[]): string => {
    return describeAnswer(
      instance.ask(encodeRequest({ agent, action: 'read', resource, via }, false) ?? new Uint8Array()),
    )
  }
  expect(ask('rt', 'doc:a')).toBe('allow allowed')
  expect(ask('rt', 'doc:b')).toBe('deny no-grant')
  expect(ask('rt', 'doc:a', ['root'])).toBe('allow allowed')
  expect(ask('rt', 'doc:b', ['root'])).toBe('deny no-grant')
})

test('a record holds one pair', () => {
  const [first, second] = STATE.delegations
  expect(() => emitDelegationsRecord([])).toThrow('a record holds the delegations of one pair of agents')
  expect(() => emitDelegationsRecord([first, second].filter((one) => one !== undefined))).toThrow(
    'a record holds the delegations of one pair of agents',
  )
})

test('the limits of an agent made at run time are charged by every call, through every grant and every chain', () => {
  const reader = createPermissionReader()
  const holder = { kind: 'runtime agent', name: 'rt' } as const
  const constraints = reader.readConstraints(jsonPlace({ maxCallsPerDay: 5 }), holder)
  const permissions = [
    { resource: 'doc:a', actions: ['read'] },
    { resource: 'doc:a', actions: ['write'] },
  ]
  const agent: RuntimeAgent = {
    name: 'rt',
    type: 'service',
    grants: reader.read(jsonPlace(permissions), holder, constraints),
    limits: constraints.limits,
  }
  const engine = loadLiveEngine(OPEN)
  engine.putRecord(emitAgentRecord(agent))
  for (const record of emitState(stateOf({ agents: [{ ...AGENT, name: 'leaf' }], delegations: [LENT] }))) {
    engine.putRecord(record)
  }
  const charged = (request: EngineRequest): readonly string[] => {
    const keys: string[] = []
    const meters = {
      read: () => ({}),
      take: (all: readonly Reservation[]) => {
        keys.push(...all.map(({ key, limit }) => `${key} ${limit}`))
        return true
      },
    }
    engine.decide({ now: 0, ...request }, { meters })
    return keys
  }
  const key = `${constraints.limits[0]?.key}/day/agent=rt 5`
  expect(charged({ agent: 'rt', action: 'read', resource: 'doc:a' })).toEqual([key])
  expect(charged({ agent: 'rt', action: 'write', resource: 'doc:a' })).toEqual([key])
  expect(charged({ agent: 'leaf', action: 'read', resource: 'doc:a', via: ['rt'] })).toEqual([key])
})

test('of all actions but some, the engine grants every one that is not named', () => {
  const reader = createPermissionReader()
  const holder = { kind: 'runtime agent', name: 'rt' } as const
  const constraints = reader.readConstraints(jsonPlace({ requireApprovalFor: ['doc:a:write', 'zap'] }), holder)
  const permissions = [
    { resource: '**', actions: ['*'] },
    // More names than have a bit of their own in a rule.
    { resource: 'other', actions: Array.from({ length: 40 }, (_, n) => `act${n}`) },
  ]
  const engine = loadLiveEngine(OPEN)
  const grants = reader.read(jsonPlace(permissions), holder, constraints)
  engine.putRecord(emitAgentRecord({ name: 'rt', type: 'service', grants }))
  const ask = (action: string, resource: string) => engine.decide({ agent: 'rt', action, resource }).decision
  expect([ask('write', 'doc:a'), ask('write', 'doc:a:b'), ask('zap', 'doc:b')]).toEqual([
    'approval',
    'approval',
    'approval',
  ])
  expect([ask('write', 'doc:b'), ask('read', 'doc:a'), ask('act39', 'x'), ask('never-heard-of', 'doc:a')]).toEqual([
    'allow',
    'allow',
    'allow',
    'allow',
  ])
})
