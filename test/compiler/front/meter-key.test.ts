import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { meterKeys } from '../../../compiler/front/index.ts'
import { parse, type Sources } from './findings.ts'

function keys(sources: Sources): readonly string[] {
  return [...meterKeys(parse(sources)).values()]
}

function hash(identity: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16)
}

const HEAD = 'policy p\nautonomous agent b {}\n'

describe('the KEY of a clause', () => {
  it('is the hash of what the clause is about', () => {
    expect(
      keys(`policy p
role r { allow write, read, write on b, "a b":*, b rate 1 per day each resource rate 2 per day each resource }
service agent s {
  limit rate 1 per day each owner
  limit budget 1 USD per day
  allow * on ** when not args."x y" in ["b", "a"] and trust >= 0.5 and time in hours mon-fri 09:00-18:00 rate 1 per day
}
delegate s -> r { limit rate 1 per day }
boundary runtime { limit rate 1 per day }
limit rate 1 per day for read on a each tenant
limit budget 1 USD per day for * on a
`),
    ).toEqual([
      hash(['role', 'r', 'rate', ['read', 'write'], ['"a b":*', 'b'], [], 'resource', 0]),
      hash(['role', 'r', 'rate', ['read', 'write'], ['"a b":*', 'b'], [], 'resource', 1]),
      hash(['agent', 's', 'rate', '*', ['**'], [], 'owner', 0]),
      hash(['agent', 's', 'budget', '*', ['**'], [], '', 0]),
      hash([
        'agent',
        's',
        'rate',
        '*',
        ['**'],
        ['not args."x y" in ["a", "b"]', 'time in hours 31 540-1080', 'trust >= 500000000'],
        '',
        0,
      ]),
      hash(['delegation', 's -> r', 'rate', '*', ['**'], [], '', 0]),
      hash(['boundary', 'runtime', 'rate', '*', ['**'], [], '', 0]),
      hash(['policy', '', 'rate', ['read'], ['a'], [], 'tenant', 0]),
      hash(['policy', '', 'budget', '*', ['a'], [], '', 0]),
    ])
  })

  it.each([
    ['allow read on a rate 1 per day', 'allow read on a rate 2 per hour, 3 per month'],
    ['allow read, write on a, b rate 1 per day', 'allow write, read on b, a, a rate 1 per day'],
    [
      'allow read on a when ip in cidr [::1, ::2] rate 1 per day',
      'allow read on a when ip in cidr [::2, ::1] rate 1 per day',
    ],
    [
      'allow read on a when trust >= 1 and cost <= 1 rate 1 per day',
      'allow read on a when cost <= 1.0 and trust >= 1 rate 1 per day',
    ],
    ['limit budget 1 USD per day', 'limit budget 9 USD per month throttle at 80% to 6 per minute'],
    ['allow read on a rate 1 per day', 'allow read on a needs approval estimate 1 USD rate 1 per day'],
    ['allow read on a when args.x = true rate 1 per day', 'allow read on a when args."x" = true rate 1 per day'],
  ])('stays: %s, %s', (before, after) => {
    expect(keys(`${HEAD}service agent s { ${before} }\n`)).toEqual(
      keys(`${HEAD}// moved\n\nservice agent s { ${after} }\n`),
    )
  })

  it.each([
    ['allow read on a rate 1 per day', 'allow write on a rate 1 per day'],
    ['allow read on a rate 1 per day', 'allow * on a rate 1 per day'],
    ['allow read on a rate 1 per day', 'allow read on a:* rate 1 per day'],
    ['allow read on a rate 1 per day', 'allow read on a rate 1 per day each resource'],
    ['allow read on a rate 1 per day', 'allow read on a when trust >= 1 rate 1 per day'],
    ['allow read on a when trust >= 1 rate 1 per day', 'allow read on a when not trust >= 1 rate 1 per day'],
    ['limit rate 1 per day', 'limit budget 1 USD per day'],
    ['limit rate 1 per day', 'limit rate 1 per day each tenant'],
  ])('changes: %s, %s', (before, after) => {
    expect(keys(`${HEAD}service agent s { ${before} }\n`)).not.toEqual(keys(`${HEAD}service agent s { ${after} }\n`))
  })

  it('differs between all clauses of a policy', () => {
    const clause = 'limit rate 1 per day'
    const all = keys({
      'a.kavach': `${HEAD}service agent s { ${clause} ${clause} }\ndelegate s -> b { ${clause} }\ndelegate s -> b { ${clause} }\n`,
      'b.kavach': `service agent t { ${clause} }\nboundary runtime { ${clause} }\n${clause} for * on **\n${clause} for * on **\n`,
    })
    expect([all.length, new Set(all).size]).toEqual([8, 8])
  })
})
