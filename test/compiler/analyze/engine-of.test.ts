import { expect, it } from 'vitest'
import { decideWith, engineWith, lastingImage } from '../../../compiler/analyze/engine-of.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'

const TEXT = `policy p
service agent a { allow read on x rate 5 per minute }
boundary runtime { allow read on y }
`
const { model } = checkPolicy([parsePolicy('p.kavach', TEXT).file])
if (model === undefined) throw new Error('the policy is not sound')
const image = lastingImage({ ...model, notBefore: 4e12, notAfter: 5e12 })

it('answers whatever the time', () => {
  expect(decideWith(engineWith(image, {}), { agent: 'a', action: 'read', resource: 'x' }).reason).toBe('allowed')
})

it('knows who was made at run time, and refuses what is no state', () => {
  const permissions = [{ resource: '**', actions: ['*'] }]
  const engine = engineWith(image, { agents: [{ name: 'r', type: 'service', permissions }] })
  const reasons = ['x', 'y'].map((resource) => decideWith(engine, { agent: 'r', action: 'read', resource }).reason)
  expect(reasons).toEqual(['no-grant', 'allowed'])
  expect(() => engineWith(image, { agents: 1 })).toThrow(RangeError)
})

it('reads 0 of a meter that the request does not mention', () => {
  const engine = engineWith(image, {})
  const asked = { agent: 'a', action: 'read', resource: 'x' }
  const used = (minute: string) => decideWith(engine, { ...asked, readings: { used: { minute } } }).decision
  expect([decideWith(engine, asked).decision, used('4'), used('5')]).toEqual(['allow', 'allow', 'limited'])
})
