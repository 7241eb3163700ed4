import { describe, expect, it } from 'vitest'
import { findings } from './findings.ts'

const delegating = (held: string, given: string, rest = '') => `policy p
autonomous agent a {
  ${held}
  may delegate depth 1
}
delegated agent b {}
delegate a -> b {
  ${given}
}
${rest}`

describe('KV4101: more than is held', () => {
  it('an action that is not held is named', () => {
    expect(findings(delegating('allow read on docs:**', 'allow read, write on docs:**'))).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:15 "write" \`a\` has no write on docs:a
        a.kavach:3:3 "allow read on docs:**" nearest grant
        witness: a  write  docs:a
        help: narrow it to \`allow read on docs:**\`, or let \`a\` hold more first
      "
    `)
  })

  it('`*` gives actions that nobody names', () => {
    expect(findings(delegating('allow read on docs:**', 'allow * on docs:**'))).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:9 "*" \`*\` is every action, and \`a\` has no act on docs:a
        a.kavach:3:3 "allow read on docs:**" nearest grant
        witness: a  act  docs:a
        help: narrow it to \`allow read on docs:**\`, or let \`a\` hold more first
      "
    `)
  })

  it('a pattern that is too wide is pointed at', () => {
    expect(findings(delegating('allow read on docs:a', 'allow read on docs:**'))).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:17 "docs:**" \`a\` has no read on docs:b
        a.kavach:3:3 "allow read on docs:a" nearest grant
        witness: a  read  docs:b
        help: narrow it to \`allow read on docs:a\`, or let \`a\` hold more first
      "
    `)
  })

  it('of several patterns the one that is too much is pointed at', () => {
    expect(findings(delegating('allow read on docs:a, docs:b', 'allow read on docs:a, docs:c'))).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:25 "docs:c" \`a\` has no read on docs:c
        a.kavach:3:3 "allow read on docs:a, docs:b" nearest grant
        witness: a  read  docs:c
        help: narrow it to \`allow read on docs:a\`, or let \`a\` hold more first
      "
    `)
  })

  it('of several actions on one pattern the one that is too much is pointed at', () => {
    expect(
      findings(delegating('allow read on docs:**\n  allow write on docs:drafts:*', 'allow read, write on docs:**')),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:9:15 "write" \`a\` has no write on docs:a
        a.kavach:4:3 "allow write on docs:drafts:*" nearest grant
        witness: a  write  docs:a
        help: narrow it to \`allow write on docs:drafts:*\`, or let \`a\` hold more first
      "
    `)
  })

  it('a condition that is left out is restated', () => {
    expect(
      findings(delegating('allow read on docs:** when trust >= 50', 'allow read on docs:**')),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:9 "read on docs:**" \`a\` may read on docs:a only under narrower conditions
        a.kavach:3:3 "allow read on docs:** when trust >= 50" nearest grant
        witness: a  read  docs:a  trust 0
        help: narrow it to \`allow read on docs:** when trust >= 50\`, or let \`a\` hold more first
      "
    `)
  })

  it('a condition that is weaker is pointed at', () => {
    expect(
      findings(
        delegating(
          'allow read on docs:** when trust >= 50',
          'allow read on docs:** when trust >= 40 and args.x = 1 rate 5 per minute',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:30 "trust >= 40 and args.x = 1" \`a\` may read on docs:a only under narrower conditions
        a.kavach:3:3 "allow read on docs:** when trust >= 50" nearest grant
        witness: a  read  docs:a  with {"x":1} trust 40
        help: narrow it to \`allow read on docs:** when trust >= 40 and args.x = 1 and trust >= 50 rate 5 per minute\`, or let \`a\` hold more first
      "
    `)
  })

  it('an approval that is left out is restated', () => {
    expect(
      findings(delegating('allow read on docs:** needs approval by "boss"', 'allow read on docs:**')),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:9 "read on docs:**" \`a\` may read on docs:a only with an approval
        a.kavach:3:3 "allow read on docs:** needs approval by \\"boss\\"" nearest grant
        witness: a  read  docs:a
        help: narrow it to \`allow read on docs:** needs approval by "boss"\`, or let \`a\` hold more first
      "
    `)
  })

  it('an approval by somebody else is pointed at', () => {
    expect(
      findings(
        delegating(
          'allow read on docs:** needs approval by "boss" within 2h',
          'allow read on docs:** needs approval by "lead" within 1h',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:25 "needs approval by \\"lead\\" within 1h" \`a\` may read on docs:a only with another approval
        a.kavach:3:3 "allow read on docs:** needs approval by \\"boss\\" within 2h" nearest grant
        witness: a  read  docs:a  approved by "lead"
        help: narrow it to \`allow read on docs:** needs approval by "boss" within 1h\`, or let \`a\` hold more first
      "
    `)
  })

  it('an approval that is good for longer is pointed at', () => {
    expect(
      findings(
        delegating(
          'allow read on docs:** needs approval within 1h',
          'allow read on docs:** needs approval by "lead" within 2h',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:25 "needs approval by \\"lead\\" within 2h" \`a\` may read on docs:a only with another approval
        a.kavach:3:3 "allow read on docs:** needs approval within 1h" nearest grant
        witness: a  read  docs:a  at 2026-01-05T00:00:00Z approved by "lead" approved at 2026-01-04T23:00:00Z
        help: narrow it to \`allow read on docs:** needs approval by "lead" within 1h\`, or let \`a\` hold more first
      "
    `)
  })

  it('condition and approval are restated, limits are inherited', () => {
    expect(
      findings(
        delegating(
          'allow read on docs:** when trust >= 50 and ip in cidr [10.0.0.0/8] rate 5 per minute needs approval',
          'allow read on docs:**',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:9 "read on docs:**" \`a\` may read on docs:a only under narrower conditions
        a.kavach:3:3 "allow read on docs:** when trust >= 50 and ip in cidr [10.0.0.0/8] rate 5 per minute needs approval" nearest grant
        witness: a  read  docs:a  trust 0
        help: narrow it to \`allow read on docs:** when trust >= 50 and ip in cidr [10.0.0.0/8] needs approval\`, or let \`a\` hold more first
      "
    `)
  })

  it('what is said of the delegator is not said again of the receiver', () => {
    expect(
      findings(
        delegating('allow read on docs:** when agent.type = autonomous and trust >= 50', 'allow read on docs:**'),
      ),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:9 "read on docs:**" \`a\` may read on docs:a only under narrower conditions
        a.kavach:3:3 "allow read on docs:** when agent.type = autonomous and trust >= 50" nearest grant
        witness: a  read  docs:a  trust 0
        help: narrow it to \`allow read on docs:** when trust >= 50\`, or let \`a\` hold more first
      "
    `)
  })

  it('where nothing is held the access must be given first', () => {
    expect(findings(delegating('', 'allow read on docs:**'))).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:9 "read on docs:**" \`a\` has no read on docs:a
        witness: a  read  docs:a
        help: give \`a\` the access first, or remove this line
      "
    `)
  })

  it('where nothing is in common nothing can be narrowed', () => {
    expect(findings(delegating('allow read on mail', 'allow write on docs'))).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:9 "write" \`a\` has no write on docs
        a.kavach:3:3 "allow read on mail" nearest grant
        witness: a  write  docs
        help: give \`a\` the access first, or remove it here
      "
    `)
  })

  it('patterns that only overlap leave nothing to write', () => {
    expect(findings(delegating('allow read on docs:*:a', 'allow read on docs:b:*'))).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:8:17 "docs:b:*" \`a\` has no read on docs:b:b
        a.kavach:3:3 "allow read on docs:*:a" nearest grant
        witness: a  read  docs:b:b
        help: give \`a\` the access first, or remove it here
      "
    `)
  })

  it('what spans lines is restated in words', () => {
    expect(
      findings(delegating('allow read on docs when trust >= 1 and args.x in [1,\n    2]', 'allow read on docs')),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:9:9 "read on docs" \`a\` may read on docs only under narrower conditions
        a.kavach:3:3 "allow read on docs when trust >= 1 and args.x in [1, 2]" nearest grant
        witness: a  read  docs  trust 0
        help: restate the conditions and the approvals of what is held
      "
    `)
  })

  it('what was received counts as it was given', () => {
    expect(
      findings(`policy p
autonomous agent a { allow read, write on docs:** may delegate depth 2 }
delegated agent b {}
delegated agent c {}
delegate a -> b { allow read on docs:** depth 1 }
delegate b -> c { allow read, write on docs:x }
`),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`b\` holds
        a.kavach:6:31 "write" \`b\` has no write on docs:x
        a.kavach:5:19 "allow read on docs:**" nearest grant
        witness: b  write  docs:x
        help: narrow it to \`allow read on docs:x\`, or let \`b\` hold more first
      "
    `)
  })

  it('every grant of a chain is restated', () => {
    expect(
      findings(`policy p
autonomous agent a { allow read on docs:** when trust >= 5 may delegate depth 2 }
delegated agent b {}
delegated agent c {}
delegate a -> b { allow read on docs:a when trust >= 5 and args.x = 1 needs approval by "boss" depth 1 }
delegate b -> c { allow * on docs:* }
`),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`b\` holds
        a.kavach:6:25 "*" \`*\` is every action, and \`b\` has no act on docs:a
        a.kavach:5:19 "allow read on docs:a when trust >= 5 and args.x = 1 needs approval by \\"boss\\"" nearest grant
        witness: b  act  docs:a
        help: narrow it to \`allow read on docs:a when trust >= 5 and args.x = 1 needs approval by "boss"\`, or let \`b\` hold more first
      "
    `)
  })

  it('two approvers are more than one grant can ask for', () => {
    expect(
      findings(`policy p
autonomous agent a { allow read on docs needs approval by "boss" may delegate depth 2 }
delegated agent b {}
delegated agent c {}
delegate a -> b { allow read on docs needs approval by "lead" depth 1 }
delegate b -> c { allow read on docs }
`),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:5:38 "needs approval by \\"lead\\"" \`a\` may read on docs only with another approval
        a.kavach:2:22 "allow read on docs needs approval by \\"boss\\"" nearest grant
        witness: a  read  docs  approved by "lead"
        help: narrow it to \`allow read on docs needs approval by "boss"\`, or let \`a\` hold more first
      error KV4101: this delegation gives more than \`b\` holds
        a.kavach:6:25 "read on docs" \`b\` may read on docs only with an approval
        a.kavach:5:19 "allow read on docs needs approval by \\"lead\\"" nearest grant
        witness: b  read  docs
        help: restate the conditions and the approvals of what is held
      "
    `)
  })

  it('grants of roles are held, and a set keeps its name', () => {
    expect(
      findings(`policy p
set office = cidr [10.0.0.0/8]
role reader { allow read on docs:** when ip in office }
autonomous agent a { roles reader may delegate depth 1 }
delegated agent b {}
delegate a -> b { allow read on docs:** }
`),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:6:25 "read on docs:**" \`a\` may read on docs:a only under narrower conditions
        a.kavach:3:15 "allow read on docs:** when ip in office" nearest grant
        witness: a  read  docs:a  from 0.0.0.1
        help: narrow it to \`allow read on docs:** when ip in office\`, or let \`a\` hold more first
      "
    `)
  })

  it('grants that are held together are one authority', () => {
    const held = `allow read on docs:a when trust >= 50
  allow read on docs:a when not trust >= 60
  allow write on docs:b`
    expect(findings(delegating(held, 'allow read on docs:a when trust >= 0\n  allow write on docs:b'))).toBe('\n\n')
    expect(
      findings(delegating(held, 'allow read on docs:a when trust >= 0\n  allow write on docs:a')),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        a.kavach:11:18 "docs:a" \`a\` has no write on docs:a
        a.kavach:5:3 "allow write on docs:b" nearest grant
        witness: a  write  docs:a
        help: give \`a\` the access first, or remove it here
      "
    `)
  })

  it('a file is named where the grant stands in another', () => {
    expect(
      findings({
        'a.kavach': 'policy p\nautonomous agent a {\n  allow read on docs:a\n  may delegate depth 1\n}\n',
        'b.kavach': 'delegated agent b {}\n\ndelegate a -> b {\n  allow read on docs:b\n}\n',
      }),
    ).toMatchInlineSnapshot(`
      "
      error KV4101: this delegation gives more than \`a\` holds
        b.kavach:4:17 "docs:b" \`a\` has no read on docs:b
        a.kavach:3:3 "allow read on docs:a" nearest grant
        witness: a  read  docs:b
        help: give \`a\` the access first, or remove it here
      "
    `)
  })

  it('who may not delegate gives nothing, which the checks say', () => {
    expect(
      findings(
        'policy p\nautonomous agent a { allow read on x }\ndelegated agent b {}\ndelegate a -> b { allow write on y }\n',
      ),
    ).toBe('\n\n')
  })
})

describe('KV4102: a limit that is never reached', () => {
  it('a rate above that of the grant', () => {
    expect(
      findings(delegating('allow read on docs:** rate 10 per minute', 'allow read on docs:** rate 60 per minute')),
    ).toMatchInlineSnapshot(`
      "
      warning KV4102: this limit is never reached: \`a\` has less
        a.kavach:8:25 "rate 60 per minute" at most 10 per minute are left to give
        help: every hop of a chain is charged; write a limit below that, or leave it out and the one above holds
      "
    `)
  })

  it('a longer window is judged by the shorter one above', () => {
    expect(
      findings(
        delegating(
          'allow read on docs:** rate 10 per minute',
          'allow read on docs:** rate 5 per minute each resource rate 1_000 per hour',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "
      warning KV4102: this limit is never reached: \`a\` has less
        a.kavach:8:57 "rate 1_000 per hour" at most 600 per hour are left to give
        help: every hop of a chain is charged; write a limit below that, or leave it out and the one above holds
      "
    `)
  })

  it('a limit of the delegation above one of the delegator, said once for all of its grants', () => {
    expect(
      findings(
        delegating(
          'limit rate 10 per minute\n  limit budget 2.00 USD per day\n  allow read, write on docs:**',
          'allow read on docs:**\n  allow write on docs:**\n  limit rate 60 per minute\n  limit budget 2.50 USD per day',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "
      warning KV4102: this limit is never reached: \`a\` has less
        a.kavach:12:3 "limit rate 60 per minute" at most 10 per minute are left to give
        help: every hop of a chain is charged; write a limit below that, or leave it out and the one above holds
      warning KV4102: this limit is never reached: \`a\` has less
        a.kavach:13:3 "limit budget 2.50 USD per day" at most 2 USD per day are left to give
        help: every hop of a chain is charged; write a limit below that, or leave it out and the one above holds
      "
    `)
  })

  it('a limit over grants that are held apart can be reached by all of them together', () => {
    const given = 'allow read on docs:**\n  allow write on docs:**\n  limit rate 60 per minute'
    const held = (write: string) => `allow read on docs:** rate 40 per minute\n  allow write on docs:**${write}`
    expect(findings(delegating(held(' rate 40 per minute'), given))).toBe('\n\n')
    expect(findings(delegating(held(''), given))).toBe('\n\n')
  })

  it('two ways of holding have two meters', () => {
    const held = 'allow read on docs:** rate 10 per minute\n  allow read on docs:a rate 10 per minute'
    expect(findings(delegating(held, 'allow read on docs:a rate 15 per minute'))).toBe('\n\n')
    expect(findings(delegating(held, 'allow read on docs:b rate 15 per minute'))).not.toBe('\n\n')
  })

  it('two roots that hold one role are counted each on its own', () => {
    const text = (second: string) => `policy p
role reader { allow read on docs rate 10 per minute }
autonomous agent r1 { roles reader may delegate depth 2 }
autonomous agent r2 { roles reader may delegate depth 2 }
delegated agent b {}
delegated agent c {}
delegate r1 -> b { allow read on docs depth 1 }
${second}
delegate b -> c { allow read on docs rate 15 per minute }
`
    expect(findings(text('delegate r2 -> b { allow read on docs depth 1 }'))).toBe('\n\n')
    expect(findings(text(''))).not.toBe('\n\n')
  })

  it('a limit below is no finding, nor one of money beside calls', () => {
    expect(
      findings(
        delegating(
          'limit rate 10 per minute\n  allow read on docs',
          'allow read on docs\n  limit budget 1.00 USD per day',
        ),
      ),
    ).toBe('\n\n')
    expect(
      findings(delegating('limit rate 10 per minute\n  allow read on docs', 'allow read on docs rate 10 per minute')),
    ).toBe('\n\n')
  })
})

describe('KV4103: longer than is held', () => {
  it('beyond the expiry of the delegator', () => {
    expect(
      findings(
        delegating(
          'expires at 2031-01-01T00:00:00Z\n  allow read on docs:**',
          'allow read on docs:**\n  expires at 2032-01-01T00:00:00Z',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "
      error KV4103: this delegation lasts longer than what \`a\` holds
        a.kavach:10:3 "expires at 2032-01-01T00:00:00Z" \`a\` holds this for a shorter time
        a.kavach:3:3 "expires at 2031-01-01T00:00:00Z" ends earlier
        witness: a  read  docs:a  at 2031-01-01T00:00:00Z
        help: let it expire no later, or leave its expiry out: a hop ends with those above it
      "
    `)
  })

  it('for longer than what was received', () => {
    expect(
      findings(`policy p
autonomous agent a { allow read on docs may delegate depth 2 }
delegated agent b {}
delegated agent c {}
delegate a -> b { allow read on docs depth 1 expires in 1h }
delegate b -> c { allow read on docs expires in 2h }
`),
    ).toMatchInlineSnapshot(`
      "
      error KV4103: this delegation lasts longer than what \`b\` holds
        a.kavach:6:38 "expires in 2h" \`b\` holds this for a shorter time
        a.kavach:5:46 "expires in 1h" ends earlier
        witness: b  read  docs
        help: let it expire no later, or leave its expiry out: a hop ends with those above it
      "
    `)
  })

  it('what is left out is inherited', () => {
    expect(findings(delegating('expires at 2031-01-01T00:00:00Z\n  allow read on docs', 'allow read on docs'))).toBe(
      '\n\n',
    )
  })
})

describe('KV4104: passed on too often', () => {
  it('deeper than `may delegate`', () => {
    expect(findings(delegating('allow read on docs:**', 'allow read on docs:**\n  depth 2'))).toMatchInlineSnapshot(`
      "
      error KV4104: this delegation may be passed on more often than \`a\` may pass it on
        a.kavach:9:3 "depth 2" deeper than \`a\` may delegate
        witness: a  read  docs:a
        help: lower its \`depth\`, or let \`a\` delegate deeper: let it say \`may delegate depth 3\`
      "
    `)
  })

  it('deeper than what was received', () => {
    const text = (b: string) => `policy p
autonomous agent a { allow read on doc may delegate depth 3 }
autonomous agent b { ${b} }
delegated agent c {}
delegate a -> b { allow read on doc depth 1 }
delegate b -> c { allow read on doc depth 1 }
`
    expect(findings(text(''))).toMatchInlineSnapshot(`
      "
      error KV4104: this delegation may be passed on more often than \`b\` may pass it on
        a.kavach:6:37 "depth 1" deeper than \`b\` may delegate
        witness: b  read  doc
        help: lower its \`depth\`, or let \`b\` delegate deeper: give what it received \`depth 2\`
      "
    `)
    expect(findings(text('may delegate depth 3'))).toContain('give what it received `depth 2` too')
  })
})

describe('KV9001: neither', () => {
  it('a question that takes too much work is no proof, even with `strict`', () => {
    const text = delegating(
      'allow read on docs:** when args.q matches /[abcd]*[ab][abcd]{10}/',
      'allow read on docs:** when args.q matches /[abcd]*[ac][abcd]{10}/',
    )
    expect(findings(text, { strict: true })).toMatchInlineSnapshot(`
      "
      warning KV9001: not proved: whether \`a\` holds all that it delegates
        a.kavach:7:1 "delegate a -> b" this delegation
        unknown: a case could be neither ruled out nor shown within the budget of the question
        help: write fewer overlapping grants or simpler patterns; what is unknown is never taken for proved
      "
    `)
  })
})
