import { describe, expect, test } from 'vitest'
import {
  describeForbid,
  describeGrant,
  describeGuardrailLimit,
  describeRequire,
} from '../../../compiler/analyze/describe-rule.ts'
import type { PolicyModel } from '../../../compiler/model/index.ts'
import { render } from '../../properties/generate/piece.ts'
import { filesOf, generatePolicy } from '../../properties/generate/policy.ts'
import { Random } from '../../properties/generate/random.ts'
import { modelOf, soundFiles } from './sound.ts'

function rulesOf(model: PolicyModel) {
  const grants = [...model.agents, ...model.delegations, ...model.roles].flatMap((holder) => holder.grants)
  return [
    ...grants.map((rule) => ({ rule, phrase: describeGrant(rule), isGrant: true })),
    ...model.forbids.map((rule) => ({ rule, phrase: describeForbid(rule), isGrant: false })),
    ...model.requires.map((rule) => ({ rule, phrase: describeRequire(rule), isGrant: false })),
    ...model.limits.map((rule) => ({ rule, phrase: describeGuardrailLimit(rule), isGrant: false })),
  ]
}

test.each([
  'allow read, "é x" on mcp:wiki:{a,b*}:**, "odd name":* when ip in cidr [10.0.0.0/8, 192.0.2.7] and not trust <= -1.5',
  'allow * on ** when args.a."b c" in ["x", "y"] and len.t <= 5 and args.n in [1, 2.5] and args only [a, "b c"]',
  'allow * on a:* rate 3 per minute, 20 per day each resource needs approval by "role:x" within 15m estimate 0.25 USD',
  'forbid * on a when args.at in hours mon-fri 22:00-06:00 unless agent.type in [service, delegated]',
  'require approval for write on a',
  'require trust >= 40 and agent.owner in ["ann"] for write on a',
  'limit budget 2 USD per day, 40.5 USD per month throttle at 80% to 6 per minute for * on ** each tenant',
])('%s is written as it was read', (text) => {
  const isGrant = text.startsWith('allow')
  const model = modelOf(isGrant ? `autonomous agent bot { ${text} }` : text)
  expect(rulesOf(model).map(({ phrase }) => phrase)).toEqual([{ text, isExact: true }])
})

test('a regex is not invented', () => {
  const [rule] = rulesOf(modelOf('forbid * on a when args.x matches /ab+/'))
  expect(rule?.phrase).toEqual({
    text: 'forbid * on a when args.x matches a regex of 4 states, whose text is not known',
    isExact: false,
  })
})

describe('rules of random policies', () => {
  test('read back as they were, when their text is exact', () => {
    let read = 0
    for (let seed = 0; seed < 60; seed++) {
      const { model } = soundFiles(filesOf(render(generatePolicy(new Random(seed)).piece)))
      for (const { rule, phrase, isGrant } of rulesOf(model)) {
        if (!phrase.isExact) continue
        const again = rulesOf(modelOf(isGrant ? `autonomous agent bot { ${phrase.text} }` : phrase.text))
        expect(withoutIdentity(again[0]?.rule), phrase.text).toEqual(withoutIdentity(rule))
        read++
      }
    }
    expect(read).toBeGreaterThan(400)
  })
})

/** Rules without what depends on where they stand. */
function withoutIdentity(rule: unknown): unknown {
  const text = JSON.stringify(rule, (name, value) => {
    if (name === 'id' || name === 'key') return undefined
    return typeof value === 'bigint' ? `${value}n` : value
  })
  return JSON.parse(text)
}
