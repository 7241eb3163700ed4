import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type PolicyFile, parsePolicy, printPolicy } from '../../grammar/index.ts'
import { Random } from '../properties/generate/random.ts'
import { generatePolicy } from './generate-policy.ts'
import { meaningOf, parseSound } from './outline.ts'

function format(text: string): string {
  return printPolicy(parseSound(text))
}

function commentsOf({ text, comments }: PolicyFile): string[] {
  return comments.map(({ start, end }) => text.slice(start, end).trimEnd())
}

describe('random policies', () => {
  const policies = fc.noShrink(fc.integer()).map((seed) => generatePolicy(new Random(seed), 12))

  test('parse without findings', () => {
    fc.assert(
      fc.property(policies, (text) => parsePolicy('p', text).diagnostics.length === 0),
      { numRuns: 400 },
    )
  })

  test('mean the same when printed', () => {
    fc.assert(
      fc.property(policies, (text) => {
        const file = parseSound(text)
        expect(meaningOf(parseSound(printPolicy(file)))).toEqual(meaningOf(file))
      }),
      { numRuns: 400 },
    )
  })

  test('keep every comment, in order, when printed', () => {
    fc.assert(
      fc.property(policies, (text) => {
        const file = parseSound(text)
        expect(commentsOf(parseSound(printPolicy(file)))).toEqual(commentsOf(file))
      }),
      { numRuns: 400 },
    )
  })

  test('are printed as they are once they were printed', () => {
    fc.assert(
      fc.property(policies, (text) => {
        const once = format(text)
        expect(format(once)).toBe(once)
      }),
      { numRuns: 400 },
    )
  })
})

test('the policies of this project mean the same when printed', () => {
  const files = readdirSync('policies', { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.kavach'),
  )
  expect(files.length).toBeGreaterThan(15)
  for (const name of files) {
    const file = parseSound(readFileSync(`policies/${name}`, 'utf8'))
    const printed = printPolicy(file)
    expect(meaningOf(parseSound(printed))).toEqual(meaningOf(file))
    expect(commentsOf(parseSound(printed))).toEqual(commentsOf(file))
    expect(format(printed)).toBe(printed)
  }
})

describe('the one form', () => {
  test('has one blank between tokens and two for each step to the right', () => {
    expect(
      format(
        'policy   acme generation 7\nset s=cidr[10.0.0.0/8,::1]\nset h=hours  mon-fri 09:00 - 18:00 ,sat 10:00-11:00\nrole r includes a ,b{allow read,write on x,y when ip in s rate 1 per day}service agent z{}',
      ),
    ).toMatchInlineSnapshot(`
      "policy acme generation 7
      set s = cidr [10.0.0.0/8, ::1]
      set h = hours mon-fri 09:00-18:00, sat 10:00-11:00

      role r includes a, b {
        allow read, write on x, y when ip in s rate 1 per day
      }

      service agent z {
      }
      "
    `)
  })

  test('keeps one empty line where there were some, and puts blocks apart', () => {
    expect(
      format(
        '\n\nset a = cidr [::1]\n\n\n\nset b = cidr [::1]\nrole r {\n\n  allow read on x\n\n\n  allow read on y\n\n}\nforbid * on x\n',
      ),
    ).toMatchInlineSnapshot(`
      "set a = cidr [::1]

      set b = cidr [::1]

      role r {
        allow read on x

        allow read on y
      }

      forbid * on x
      "
    `)
  })

  test('keeps comments where they stand', () => {
    expect(
      format(
        '// top\n\n// of the policy\npolicy p // name\nrole r { // opens\n// first\nallow read // action\non x // pattern\n  when ip in a // when\n// before and\nand ip in b\n// last\n} // closed\n// end',
      ),
    ).toMatchInlineSnapshot(`
      "// top

      // of the policy
      policy p // name

      role r { // opens
        // first
        allow read // action
            on x // pattern
          when ip in a // when
            // before and
            and ip in b
        // last
      } // closed
      // end
      "
    `)
  })

  test('breaks a statement into clauses where its author did', () => {
    expect(
      format(
        'role r {\nallow read on x when ip in a rate 1 per day\nallow read on x\nwhen ip in a rate 1 per day needs approval by "x" within 1h estimate 1 USD\n}\nlimit budget 1 USD per day throttle at 80% to 6 per minute\nfor * on ** each agent\nassert every * on x\nis denied\nrequire ip in a for\n* on x',
      ),
    ).toMatchInlineSnapshot(`
      "role r {
        allow read on x when ip in a rate 1 per day
        allow read on x
          when ip in a
          rate 1 per day
          needs approval by "x" within 1h
          estimate 1 USD
      }

      limit budget 1 USD per day
        throttle at 80% to 6 per minute
        for * on **
        each agent
      assert every * on x
        is denied
      require ip in a for * on x
      "
    `)
  })

  test('breaks what is too wide', () => {
    const ranges = Array.from({ length: 12 }, (_, index) => `10.${index}.0.0/16`).join(', ')
    const atoms = Array.from({ length: 6 }, (_, index) => `args.argument_${index} matches set_number_${index}`).join(
      ' and ',
    )
    expect(format(`set s = cidr [${ranges}]\nforbid * on ** when ${atoms} unless ip in s`)).toMatchInlineSnapshot(`
      "set s = cidr [
        10.0.0.0/16,
        10.1.0.0/16,
        10.2.0.0/16,
        10.3.0.0/16,
        10.4.0.0/16,
        10.5.0.0/16,
        10.6.0.0/16,
        10.7.0.0/16,
        10.8.0.0/16,
        10.9.0.0/16,
        10.10.0.0/16,
        10.11.0.0/16
      ]
      forbid * on **
        when args.argument_0 matches set_number_0
          and args.argument_1 matches set_number_1
          and args.argument_2 matches set_number_2
          and args.argument_3 matches set_number_3
          and args.argument_4 matches set_number_4
          and args.argument_5 matches set_number_5
        unless ip in s
      "
    `)
  })

  test('lines up the verdicts of a test and leaves its rows whole', () => {
    const row = `allow read on ${'x'.repeat(60)} with { b: [ 1,{}], "c d" :null } at 2026-04-01T10:00:00Z because allowed`
    expect(
      format(`test "t" as a trust 5 cost 1 USD { ${row} limited read on x used 5 per day }`),
    ).toMatchInlineSnapshot(`
      "test "t" as a trust 5 cost 1 USD {
        allow   read on xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx with { b: [1, {}], "c d": null } at 2026-04-01T10:00:00Z because allowed
        limited read on x used 5 per day
      }
      "
    `)
  })

  test('breaks the facts of a row and JSON where their author did', () => {
    expect(
      format(
        'test "t" as a\nvia b at 2026-04-01T10:00:00Z { deny read on x with {\na: 1, b: [\n2] }\nbecause no-grant }',
      ),
    ).toMatchInlineSnapshot(`
      "test "t" as a
          via b
          at 2026-04-01T10:00:00Z {
        deny read on x
          with {
            a: 1,
            b: [
              2
            ]
          }
          because no-grant
      }
      "
    `)
  })

  test('keeps literals as they were written', () => {
    const text =
      'catalog c from "\\u0041\\/"\n\nrole r {\n  allow "read" on "x":y rate 1_000 per day estimate 0.50 USD\n}\n'
    expect(format(text)).toBe(text)
  })

  test('of nothing is nothing', () => {
    expect(format('')).toBe('')
    expect(format('\n \t\r\n')).toBe('')
    expect(format('// only a comment  ')).toBe('// only a comment\n')
  })
})
