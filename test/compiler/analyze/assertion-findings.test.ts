import { describe, expect, it } from 'vitest'
import { findings } from './findings.ts'

const bot = (rest: string) => `policy p
service agent bot {
  allow read, write on docs:**
}
${rest}
`

describe('KV4110 of never', () => {
  it('of everybody, a `forbid` makes it true', () => {
    expect(findings(bot('assert never * can write on docs:a'))).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:5:1 "assert never * can write on docs:a" \`bot\` may write on docs:a
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  write  docs:a
        help: \`forbid write on docs:a\` makes it true for everybody, or narrow the grants above
      "
    `)
  })

  it('of everybody under a condition, so does a `forbid` under it', () => {
    expect(findings(bot('assert never * can * on docs:a when not trust >= 10'))).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:5:1 "assert never * can * on docs:a when not trust >= 10" \`bot\` may read on docs:a
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  read  docs:a  trust 0
        help: \`forbid * on docs:a when not trust >= 10\` makes it true for everybody, or narrow the grants above
      "
    `)
  })

  it('of one agent, a `forbid` would be too much', () => {
    expect(findings(bot('assert never bot can write on docs:a'))).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:5:1 "assert never bot can write on docs:a" \`bot\` may write on docs:a
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  write  docs:a
        help: narrow the grants above; a \`forbid\` would hold for everybody
      "
    `)
  })

  it('shows the chain, and every grant of it', () => {
    expect(
      findings(`policy p
autonomous agent a { allow read on docs may delegate depth 2 }
delegated agent b {}
delegate a -> b { allow read on docs }
assert never b can read on docs
`),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:5:1 "assert never b can read on docs" \`b\` via a may read on docs
        a.kavach:2:22 "allow read on docs" granted here
        a.kavach:4:19 "allow read on docs" granted here
        witness: b via a  read  docs
        help: narrow the grants above; a \`forbid\` would hold for everybody
      "
    `)
  })

  it('shows what must be made through the API for it', () => {
    expect(
      findings(
        bot(
          'boundary runtime { allow write on docs:** may delegate depth 1 }\nassert never runtime can write on docs:x',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:6:1 "assert never runtime can write on docs:x" \`runtime\` may write on docs:x
        a.kavach:5:20 "allow write on docs:**" granted here
        witness: runtime  write  docs:x
        made through the API: autonomous agent \`runtime\`
        help: narrow the grants above; a \`forbid\` would hold for everybody
      "
    `)
  })

  it('shows the owner of an agent made through the API where it matters', () => {
    expect(
      findings(`policy p
boundary runtime { allow write on docs when agent.owner = "ann" and agent.type = service }
assert never runtime can write on docs
`),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:3:1 "assert never runtime can write on docs" \`runtime\` may write on docs
        a.kavach:2:20 "allow write on docs when agent.owner = \\"ann\\" and agent.type = service" granted here
        witness: runtime  write  docs
        made through the API: service agent \`runtime\` of \`ann\`
        help: narrow the grants above; a \`forbid\` would hold for everybody
      "
    `)
  })

  it('shows delegations made through the API', () => {
    expect(
      findings(`policy p
service agent a { allow write on docs may delegate depth 1 }
service agent b {}
boundary runtime { allow write on docs may delegate depth 1 }
assert never b can write on docs
`),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:5:1 "assert never b can write on docs" \`b\` via a may write on docs
        a.kavach:2:19 "allow write on docs" granted here
        a.kavach:4:20 "allow write on docs" granted here
        witness: b via a  write  docs
        made through the API: a delegation a -> b
        help: narrow the grants above; a \`forbid\` would hold for everybody
      "
    `)
  })

  it('points into the files of the grants', () => {
    expect(
      findings({
        'a.kavach': 'policy p\nassert never * can read on x\n',
        'b.kavach': '\nservice agent s { allow read on x }\n',
      }),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:2:1 "assert never * can read on x" \`s\` may read on x
        b.kavach:2:19 "allow read on x" granted here
        witness: s  read  x
        help: \`forbid read on x\` makes it true for everybody, or narrow the grants above
      "
    `)
  })
})

describe('KV4110 of only', () => {
  it('names who can too', () => {
    expect(findings(bot('service agent other {}\nassert only other can write on docs:**'))).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:6:1 "assert only other can write on docs:**" \`bot\` may write on docs:a
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  write  docs:a
        help: narrow the grants above, or name the agent in the assertion
      "
    `)
  })

  it('who is made through the API cannot be named', () => {
    expect(
      findings(bot('boundary runtime { allow write on docs:y }\nassert only bot can write on docs:y')),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:6:1 "assert only bot can write on docs:y" \`runtime\` may write on docs:y
        a.kavach:5:20 "allow write on docs:y" granted here
        witness: runtime  write  docs:y
        made through the API: autonomous agent \`runtime\`
        help: narrow the grants above: whoever uses the API can make such an agent or delegation
      "
    `)
  })
})

describe('KV4110 of some', () => {
  it('says who cannot', () => {
    expect(
      findings(
        bot(`service agent other {}
assert some bot can read on mail
assert some bot, other can read on mail
assert some * can read on mail
assert some runtime can read on mail`),
      ),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:6:1 "assert some bot can read on mail" \`bot\` cannot
        help: grant it, take away what denies it, or remove the assertion
      error KV4110: this assertion does not hold
        a.kavach:7:1 "assert some bot, other can read on mail" none of them can
        help: grant it, take away what denies it, or remove the assertion
      error KV4110: this assertion does not hold
        a.kavach:8:1 "assert some * can read on mail" nobody can
        help: grant it, take away what denies it, or remove the assertion
      error KV4110: this assertion does not hold
        a.kavach:9:1 "assert some runtime can read on mail" no agent made at run time can
        help: grant it, take away what denies it, or remove the assertion
      "
    `)
  })
})

describe('KV4110 of every', () => {
  it('an approval is required of everybody', () => {
    expect(findings(bot('assert every write on docs:** needs approval'))).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:5:1 "assert every write on docs:** needs approval" \`bot\` may write on docs:a
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  write  docs:a
        help: \`require approval for write on docs:**\` makes it true
      "
    `)
  })

  it('an approval by somebody, and for a while', () => {
    expect(
      findings(
        bot('require approval for write on docs:**\nassert every write on docs:** needs approval by "boss" within 1h'),
      ),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:6:1 "assert every write on docs:** needs approval by \\"boss\\" within 1h" \`bot\` may write on docs:a
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  write  docs:a  approved by "somebody"
        help: \`require approval by "boss" within 1h for write on docs:**\` makes it true
      "
    `)
  })

  it('a condition is required of everybody', () => {
    expect(findings(bot('assert every write on docs:** needs trust >= 50'))).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:5:1 "assert every write on docs:** needs trust >= 50" \`bot\` may write on docs:a
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  write  docs:a  trust 0
        help: \`require trust >= 50 for write on docs:**\` makes it true
      "
    `)
  })

  it('under a condition, a `forbid` leaves out what meets the other one', () => {
    expect(
      findings(bot('assert every write on docs:** when args.x = 1 needs trust >= 50 and ip in cidr [10.0.0.0/8]')),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:5:1 "assert every write on docs:** when args.x = 1 needs trust >= 50 and ip in cidr [10.0.0.0/8]" \`bot\` may write on docs:a
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  write  docs:a  trust 0
        help: \`forbid write on docs:** when args.x = 1 unless trust >= 50 and ip in cidr [10.0.0.0/8]\` makes it true
      "
    `)
  })

  it('what is to be denied is forbidden', () => {
    expect(findings(bot('assert every write on docs:a when trust >= 10 is denied'))).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:5:1 "assert every write on docs:a when trust >= 10 is denied" \`bot\` may write on docs:a
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  write  docs:a  trust 10
        help: \`forbid write on docs:a when trust >= 10\` makes it true
      "
    `)
  })

  it('a text that spans lines is not repeated', () => {
    expect(
      findings(bot('assert every write on docs:a\n  needs trust >= 5\n    and trust >= 6')),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:5:1 "assert every write on docs:a needs trust >= 5 and trust >= 6" \`bot\` may write on docs:a
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  write  docs:a  trust 0
        help: add a guardrail for it, or narrow the grants above
      "
    `)
  })

  it('words of the language inside a string are not taken for the language', () => {
    expect(
      findings(bot('assert every write on docs:a when args.x = " can needs when " is denied')),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:5:1 "assert every write on docs:a when args.x = \\" can needs when \\" is denied" \`bot\` may write on docs:a
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  write  docs:a
        help: \`forbid write on docs:a when args.x = " can needs when "\` makes it true
      "
    `)
  })
})

describe('KV4110 of within', () => {
  it('what the outer agent does not hold', () => {
    expect(
      findings(bot('service agent small { allow read on docs:** }\nassert bot within small')),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:6:1 "assert bot within small" \`bot\` may write on docs:a, which \`small\` does not hold
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  write  docs:a
        help: narrow the grants above, or widen those of \`small\`
      "
    `)
  })

  it('what it holds under narrower conditions', () => {
    expect(
      findings(bot('service agent small { allow read, write on docs:** when trust >= 5 }\nassert bot within small')),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:6:1 "assert bot within small" \`bot\` may read on docs:a, which \`small\` does not hold
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  read  docs:a  trust 0
        help: narrow the grants above, or widen those of \`small\`
      "
    `)
  })

  it('what it holds less often', () => {
    expect(
      findings(bot('service agent small { allow read, write on docs:** rate 5 per minute }\nassert bot within small')),
    ).toMatchInlineSnapshot(`
      "
      error KV4110: this assertion does not hold
        a.kavach:6:1 "assert bot within small" \`bot\` may read on docs:a beyond the limits of \`small\`
        a.kavach:3:3 "allow read, write on docs:**" granted here
        witness: bot  read  docs:a
        help: narrow the grants above, or widen those of \`small\`
      "
    `)
  })
})

describe('assertions that hold', () => {
  it('say nothing', () => {
    expect(
      findings(bot('assert some bot can write on docs:a\nassert never bot can write on mail\nassert bot within bot')),
    ).toBe('\n\n')
  })

  it('are not looked at where nobody asks', () => {
    expect(findings(bot('assert never bot can write on docs:a'), { assertions: false })).toBe('\n\n')
  })
})

describe('KV9001: neither', () => {
  it('a question that takes too much work is no proof', () => {
    expect(findings(bot('assert never bot can write on mail'), { steps: 1 })).toMatchInlineSnapshot(`
      "
      warning KV9001: not proved: \`never bot can write on mail\`
        a.kavach:5:1 "assert never bot can write on mail" neither proved nor refuted
        unknown: the question takes more work than its budget
        help: write fewer overlapping grants or simpler patterns; what is unknown is never taken for proved
      "
    `)
  })
})
