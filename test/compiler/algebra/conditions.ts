/** Conditions of every kind over few facts, requests at their edges, and the reference evaluator as the judge of both. */
import fc from 'fast-check'
import { grantBox, type Subject, type Universe } from '../../../compiler/algebra/index.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import type { GrantModel } from '../../../compiler/model/index.ts'
import { createReference } from '../../../compiler/reference/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'

const SETS = `set inner = cidr [10.0.0.0/8]
set mapped = cidr [::ffff:10.1.0.0/112, 2001:db8::/32]
set week = hours mon-fri 09:00-17:00
set night = hours sun 22:00-02:00
`

const ATOMS = [
  'ip in inner',
  'ip in mapped',
  'time in week',
  'time in night',
  'trust <= 5',
  'trust >= 5',
  'cost <= 0.5',
  'cost >= 1',
  'args.x = "v"',
  'args.x in ["", "vw"]',
  'args.x matches /v+w*/',
  'len.x <= 1',
  'len.x >= 2',
  'args.x <= 3',
  'args.x >= 3',
  'args.x = true',
  'args.x in inner',
  'args.x in week',
  'args.o.p = "v"',
  'args.o.p >= 0',
  'args.o = "v"',
  'args only [x]',
  'args only [x, o]',
  'args only []',
] as const

const atom = fc
  .tuple(fc.boolean(), fc.constantFrom(...ATOMS))
  .map(([isNegated, text]) => (isNegated ? `not ${text}` : text))
const approval = fc.constantFrom('', '', ' needs approval', ' needs approval by "boss"', ' needs approval within 1h')

/** A grant as it stands in a policy. */
export const grantText: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('*', 'read', 'read, write'),
    fc.constantFrom('**', 'x:*', 'x:{a,b}', 'x:a*'),
    fc.array(atom, { maxLength: 3 }),
    approval,
  )
  .map(([actions, pattern, atoms, needs]) => {
    return `allow ${actions} on ${pattern}${atoms.length > 0 ? ` when ${atoms.join(' and ')}` : ''}${needs}`
  })

const MONDAY = Date.parse('2026-01-05T09:00:00Z')

const value: fc.Arbitrary<unknown> = fc.constantFrom(
  ...['', 'v', 'vw', 'vvw', '10.1.2.3', '::ffff:10.9.9.9', '2026-01-05T09:00:00Z', 'q'],
  ...[3, 2.5, 3.5, MONDAY, true, false, null, 0, -1],
)

/** A request without its agent. */
export const request: fc.Arbitrary<{ readonly [member: string]: unknown }> = fc.record(
  {
    action: fc.constantFrom('read', 'write', 'delete'),
    resource: fc.constantFrom('x', 'x:a', 'x:ab', 'x:c', 'y:a'),
    ip: fc.constantFrom('10.1.2.3', '10.2.2.3', '::ffff:10.1.2.3', '::ffff:a01:203', '2001:db8::1', '::1', 'nowhere'),
    now: fc.constantFrom(
      MONDAY,
      MONDAY - 1,
      MONDAY - 7 * 3_600_000,
      MONDAY - 11 * 3_600_000,
      '2026-01-10T10:00:00Z',
      'x',
    ),
    trust: fc.constantFrom(5, 4.9999999999, 5.0000000001, '5'),
    cost: fc.constantFrom(0, 0.5, 0.75, 1),
    args: fc.oneof(
      fc.record({ x: value, o: fc.oneof(value, fc.record({ p: value })), z: value }, { requiredKeys: [] }),
      fc.record({ x: value }),
    ),
    approvedBy: fc.constantFrom(['boss'], ['other'], ['other', 'boss']),
    approvedAt: fc.constantFrom(MONDAY, MONDAY - 3_600_000, MONDAY - 3_599_999, 'x'),
  },
  { requiredKeys: ['action', 'resource'] },
)

export const HOLDER: Subject = { kind: 'known', type: 'service', owner: undefined }

export interface Held {
  readonly grants: readonly GrantModel[]
  /** Whether the grant at `index` allows the request: the reference evaluator's word. */
  readonly isAllowed: (index: number, request: object) => boolean
}

/** Grants by their texts. */
export function hold(texts: readonly string[]): Held {
  const agents = texts.map((text, index) => `service agent holder${index} { ${text} }\n`)
  const { file } = parsePolicy('a.kavach', `policy p\n${SETS}${agents.join('')}`)
  const { model, diagnostics } = checkPolicy([file])
  if (model === undefined) throw new TypeError(diagnostics.map(({ message }) => message).join('; '))
  const reference = createReference([file], {}, { keyOf: () => undefined, stateKeys: [] })
  return {
    grants: model.agents.flatMap(({ grants }) => grants),
    isAllowed: (index, asked) =>
      reference.decide({ ...asked, agent: `holder${index}` }, { possible: false }).decision === 'allow',
  }
}

export function boxesOf({ grants }: Held, universe: Universe): readonly ReturnType<typeof grantBox>[] {
  return grants.map((grant) => grantBox(grant, HOLDER, universe))
}
