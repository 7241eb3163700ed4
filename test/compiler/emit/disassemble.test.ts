import { expect, test } from 'vitest'
import { disassemble, emitImage, emitState } from '../../../compiler/emit/index.ts'
import { parseState } from '../../../compiler/model/index.ts'
import { modelOf } from './model.ts'

test('a policy is printed whole', () => {
  const image = emitImage(
    modelOf(`
set here = cidr [10.0.0.0/8, 2001:db8::/32]
role reader { allow read on doc:** }
autonomous agent writer {
  owner "team"
  roles reader
  expires at 2027-01-01T00:00:00Z
  allow write, append on doc:a, log:*
    when ip in here and not time in hours mon-fri 09:00-17:00 and args.n <= 1.5 and len.text <= 10
    needs approval by "boss" within 1h
    rate 3 per day each resource
    estimate 0.25 USD
  limit budget 2.00 USD per day throttle at 80% to 6 per minute
  may delegate depth 2
}
service agent robot {}
delegate writer -> robot {
  allow * on doc:*:x when args.flag = true and args.mode in ["a", "b"] and agent.type in [service]
  expires in 30m
  depth 1
}
forbid delete on ** unless trust >= 90
require approval for write on doc:a
limit rate 9 per minute for * on ** each tenant
boundary runtime { allow read on doc:a when args only [x] }`),
  )
  expect(disassemble(image)).toMatchSnapshot()
})

test('records are printed too', () => {
  const permissions = [
    { resource: 'doc:*', actions: ['*'], constraints: { maxCallsPerDay: 5, allowedHoursUTC: '22:00-06:00' } },
  ]
  const made = parseState({
    agents: [{ name: 'rt', type: 'delegated', permissions }],
    delegations: [{ from: 'rt', to: 'other', permissions, revoked: true, expiresAt: 86_400_000 }],
  })
  expect(made.ok && emitState(made.value).map(disassemble).join('\n')).toMatchSnapshot()
})

test('what is damaged is not printed', () => {
  const image = emitImage(modelOf('autonomous agent a { allow read on x }')).slice()
  image[200] = (image[200] ?? 0) ^ 1
  expect(() => disassemble(image)).toThrow('its digest does not fit its bytes')
})
