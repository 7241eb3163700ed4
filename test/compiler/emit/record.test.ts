import { expect, test } from 'vitest'
import { emitAgentRecord, emitDelegationsRecord, emitImage, emitState } from '../../../compiler/emit/index.ts'
import { parseState, type State } from '../../../compiler/model/index.ts'
import { H_KIND, KIND_AGENT, KIND_DELEGATIONS, S_DELEGATIONS } from '../../../engine-wasm/format/layout.ts'
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
