import { expect, test } from 'vitest'
import { partOf } from '../../../compiler/analyze/diff-replay.ts'
import { emitImage } from '../../../compiler/emit/index.ts'
import { type EngineRequest, loadLiveEngine } from '../../../engine-wasm/host/index.ts'
import { render } from '../../properties/generate/piece.ts'
import { filesOf, generatePolicy } from '../../properties/generate/policy.ts'
import { Random } from '../../properties/generate/random.ts'
import { createRequests } from '../../properties/generate/request.ts'
import { soundFiles } from './sound.ts'

test('a part decides the requests of its chain as the whole policy does', () => {
  let allowed = 0
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed)
    const { piece, aim } = generatePolicy(random)
    const { model } = soundFiles(filesOf(render(piece)))
    const whole = loadLiveEngine(emitImage(model))
    // Anything may be asked: the engine promises to answer what is no request too.
    const ask = (engine: typeof whole, value: object) =>
      engine.decide({ ...value, readings: {} } as EngineRequest, { charge: 'caller' })
    const requests = createRequests(random, aim, ({ value }) => {
      const { decision, reservations = [] } = ask(whole, Object(value))
      return { decision, reservations: [...reservations] }
    })
    for (let count = 0; count < 15; count++) {
      const value: { agent?: unknown; via?: unknown } = Object(requests.next().value)
      const via = Array.isArray(value.via) ? value.via : []
      const names = [...via.map((hop: unknown) => (typeof hop === 'string' ? hop : Object(hop).agent)), value.agent]
      const part = loadLiveEngine(emitImage(partOf(model, new Set(names.map(String)))))
      const [expected, found] = [ask(whole, value), ask(part, value)]
      expect([found.decision, found.reason, found.grant]).toEqual([expected.decision, expected.reason, expected.grant])
      if (expected.allowed) allowed++
    }
  }
  expect(allowed).toBeGreaterThan(30)
}, 180_000)
