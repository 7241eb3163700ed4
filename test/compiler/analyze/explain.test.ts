/** Explanations agree with the engine: over random policies, and case by case. */
import { expect, test } from 'vitest'
import { createUniverse } from '../../../compiler/algebra/index.ts'
import { explainRequest, type RequestExplanation } from '../../../compiler/analyze/index.ts'
import { parseState } from '../../../compiler/model/index.ts'
import type { EngineRequest, LiveEngine } from '../../../engine-wasm/host/index.ts'
import { loadCases } from '../../corpus/case-file.ts'
import { checkCase, makeSubject } from '../../corpus/subject.ts'
import { randomCase } from './explain-agreement.ts'
import { modelOf } from './sound.ts'

/** Policies and requests of each; the generator is that of the differential test. */
const POLICIES = 12
const REQUESTS = 10

/** A rule by whose it is and what failed; policy grants by their ids too. */
function rulesOf({ factors }: RequestExplanation): ReadonlySet<string> {
  return new Set(
    factors.flatMap(({ candidates, holder }) =>
      candidates
        .filter(({ delegation }) => delegation?.fault === undefined)
        .map(({ failed }) => `${holder.name}: ${failed.join()}`),
    ),
  )
}

function engineRules(engine: LiveEngine, request: object): ReadonlySet<string> {
  const asked = { ...(request as EngineRequest), readings: ('readings' in request && request.readings) || {} }
  const { rules } = engine.explain(asked as EngineRequest, { charge: 'caller' })
  return new Set(rules.map(({ holder, failed }) => `${holder}: ${failed.join()}`))
}

const STATUS = new Set(['agent-unknown', 'agent-revoked', 'agent-suspended', 'agent-expired'])

test('an explanation has the decision of the engine and the rules that the engine met', () => {
  const reasons = new Set<string>()
  for (let number = 0; number < POLICIES; number++) {
    const { text, stateJson, model, state, subject, requests } = randomCase(number, REQUESTS)
    const { engine } = subject
    const universe = createUniverse()
    for (const request of requests) {
      const where = `case ${number}\n${text}\n${JSON.stringify(stateJson)}\n${JSON.stringify(request)}`
      const explained = explainRequest(model, request, { state, engine, universe })
      const { decision, fault, guards, factors, change, chain } = explained
      reasons.add(decision.reason)
      const asked = { ...Object(request), readings: Object(request).readings ?? {} }
      expect(decision, where).toEqual(engine.decide(asked, { charge: 'caller' }))
      expect(fault !== undefined, where).toBe(decision.reason === 'invalid-request')
      if (fault !== undefined || chain === undefined) continue
      const isAlive = chain.members.every(({ status }) => status === 'active')
      expect(isAlive && !chain.isTooLong, where).toBe(!STATUS.has(decision.reason) && chain.hops.length <= 5)
      if (!isAlive || chain.isTooLong) continue
      expect(rulesOf(explained), where).toEqual(engineRules(engine, asked))
      const denying = guards
        .filter(({ kind, denies }) => kind === 'forbid' && denies.length > 0)
        .map(({ rule }) => rule.id)
      if (decision.reason === 'forbidden' && decision.guard !== undefined) {
        const required = guards.filter(({ kind, denies }) => kind === 'require' && denies.length > 0)
        expect([...denying, ...required.map(({ rule }) => rule.id)], where).toContain(decision.guard)
      }
      if (denying.length > 0) expect(decision.decision, where).toBe('deny')
      if (decision.allowed) {
        expect(
          factors.every(({ isSatisfied, isRequired }) => isSatisfied || !isRequired),
          where,
        ).toBe(true)
        const charged = (decision.charged ?? [decision.grant ?? -1]).filter((id) => id >= 0)
        const satisfied = factors.flatMap(({ candidates }) => candidates.filter(({ failed }) => failed.length === 0))
        expect(
          satisfied.map(({ grant }) => grant.id),
          where,
        ).toEqual(expect.arrayContaining([...charged]))
        expect(change, where).toBeUndefined()
      }
      if (change?.kind === 'found') {
        for (const { request: opened } of change.changes) {
          const again = { readings: {}, ...opened }
          expect(engine.decide(again as EngineRequest, { charge: 'caller' }).allowed, where).toBe(true)
        }
      }
    }
  }
  expect(reasons.size).toBeGreaterThan(8)
}, 600_000)

test('an explanation of a question of the corpus has the decision and the rules of the engine', () => {
  let asked = 0
  for (const each of loadCases()) {
    const plain = each.questions.filter(({ mode }) => mode === 'plain')
    if (plain.length === 0) continue
    const checked = checkCase(each)
    const { engine } = makeSubject(each, checked)
    const parsed = parseState(each.state)
    if (checked.model === undefined || !parsed.ok) continue
    const universe = createUniverse()
    for (const { request, text } of plain) {
      const where = `${each.name}: ${text}`
      const options = { state: parsed.value, engine, universe, changes: false }
      const explained = explainRequest(checked.model, request, options)
      const { decision, fault, chain } = explained
      const members = typeof request === 'object' && request !== null ? request : {}
      const readings: unknown = 'readings' in members ? members.readings : undefined
      const full = Array.isArray(request) ? request : { ...members, readings: readings ?? {} }
      expect(decision, where).toEqual(engine.decide(full as EngineRequest, { charge: 'caller' }))
      expect(fault !== undefined, where).toBe(decision.reason === 'invalid-request')
      const isJudged = chain?.members.every(({ status }) => status === 'active') && !chain.isTooLong
      if (isJudged && decision.reason !== 'stale-policy')
        expect(rulesOf(explained), where).toEqual(engineRules(engine, full))
      asked++
    }
  }
  expect(asked).toBeGreaterThan(300)
}, 600_000)

const ACME = `
autonomous agent bot {
  owner "t"
  allow read on doc:** when ip in cidr [10.0.0.0/8] and args.mode in ["safe"]
  allow read on doc:** when trust >= 50
  allow write on doc:a needs approval by "boss"
  allow execute on tool:x rate 2 per day
}
forbid read on doc:secret
require trust >= 10 for write on doc:a
`
const READ = { agent: 'bot', action: 'read', resource: 'doc:a' }

test('the nearest grant is the one with the fewest failing kinds of condition', () => {
  const { decision, factors } = explainRequest(modelOf(ACME), { ...READ, trust: 40 })
  expect(decision.reason).toBe('trust-too-low')
  expect(factors[0]?.nearest).toMatchObject({ grant: { id: 1 }, failed: ['trust-too-low'] })
  expect(factors[0]?.candidates.map(({ failed }) => failed)).toEqual([
    ['ip-not-allowed', 'arg-mismatch'],
    ['trust-too-low'],
  ])
})

test('each condition is true, false, or unknown where the fact is missing', () => {
  const { factors } = explainRequest(modelOf(ACME), { ...READ, ip: '11.0.0.1' })
  const [first] = factors[0]?.candidates ?? []
  expect(first?.atoms.map(({ text, value }) => `${text}: ${value}`)).toEqual([
    'ip in cidr [10.0.0.0/8]: false',
    'args.mode in ["safe"]: unknown',
  ])
})

test('guardrails say whom they deny, and meters what they read', () => {
  const model = modelOf(ACME)
  const forbidden = explainRequest(model, { ...READ, resource: 'doc:secret', trust: 60 })
  expect(forbidden.guards).toMatchObject([{ kind: 'forbid', denies: ['bot'] }])
  expect(forbidden.change).toEqual({ kind: 'none' })
  const limited = explainRequest(model, {
    agent: 'bot',
    action: 'execute',
    resource: 'tool:x',
    readings: { used: { day: 2 } },
  })
  expect(limited.decision.reason).toBe('rate-limited')
  expect(limited.meters).toMatchObject([{ window: 'day', limit: '2', unit: 'calls', reading: 2 }])
})

test('a delegated agent that asks alone learns through whom it may', () => {
  const model = modelOf(
    'autonomous agent top { allow read on doc:** may delegate depth 1 } delegated agent bot {} delegate top -> bot { allow read on doc:a expires in 1h }',
  )
  const { decision, otherChains } = explainRequest(model, { ...READ, now: '2026-01-01T00:00:00Z' })
  expect(decision.reason).toBe('no-grant')
  expect(otherChains).toEqual([['top']])
  expect(explainRequest(model, { ...READ, resource: 'doc:b', now: 1 }).otherChains).toEqual([])
})

test('what is no request is explained by the member that is wrong', () => {
  const model = modelOf(ACME)
  const faults = [{}, { ...READ, cost: -1 }, { ...READ, via: 7 }, 3].map(
    (request) => explainRequest(model, request).fault,
  )
  expect(faults).toEqual([
    'agent is missing',
    'cost is no amount from 0 to 9000000000',
    'via is no list',
    'the request is no object',
  ])
})

test('a question that is too hard leaves the change unknown, and the decision stands', () => {
  const { decision, change } = explainRequest(modelOf(ACME), READ, { steps: 3 })
  expect(decision.reason).toBe('trust-too-low')
  expect(change?.kind).toBe('unknown')
})
