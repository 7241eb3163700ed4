import { describe, expect, it } from 'vitest'
import { findings } from '../findings.ts'
import { lintBot, NOTHING } from './findings.ts'

describe('KV4303: guardrails deny all of it', () => {
  it('one that forbids', () => {
    expect(lintBot(['allow read on a:b'], ['forbid read on a:**'])).toMatchInlineSnapshot(`
      "
      warning KV4303: this grant allows nothing: guardrails deny all of it
        a.kavach:3:9 "read on a:b" denied throughout
        a.kavach:5:1 "forbid read on a:**" this guardrail holds for everybody
        help: remove the grant, or state in the guardrail whom it leaves out
      "
    `)
  })

  it('one under a condition that the grant asks for', () => {
    expect(lintBot(['allow read on a when trust >= 10'], ['forbid read on a when trust >= 5'])).toMatchInlineSnapshot(`
      "
      warning KV4303: this grant allows nothing: guardrails deny all of it
        a.kavach:3:9 "read on a" denied throughout
        a.kavach:5:1 "forbid read on a when trust >= 5" this guardrail holds for everybody
        help: remove the grant, or state in the guardrail whom it leaves out
      "
    `)
  })

  it('one that requires the opposite', () => {
    expect(
      lintBot(['allow read on a when not trust >= 10'], ['require trust >= 10 for read on a']),
    ).toMatchInlineSnapshot(`
      "
      warning KV4303: this grant allows nothing: guardrails deny all of it
        a.kavach:3:9 "read on a" denied throughout
        a.kavach:5:1 "require trust >= 10 for read on a" this guardrail holds for everybody
        help: remove the grant, or state in the guardrail whom it leaves out
      "
    `)
  })

  it('several together, and the one that is enough where there is one', () => {
    expect(
      lintBot(
        ['allow read on a'],
        ['forbid read on a when trust >= 10', 'forbid read on a when not trust >= 20', 'forbid write on a'],
      ),
    ).toMatchInlineSnapshot(`
      "
      warning KV4303: this grant allows nothing: guardrails deny all of it
        a.kavach:3:9 "read on a" denied throughout
        a.kavach:5:1 "forbid read on a when trust >= 10" this one, with the others
        a.kavach:6:1 "forbid read on a when not trust >= 20" this one, with the others
        help: remove the grant, or state in the guardrail whom it leaves out
      "
    `)
    expect(
      lintBot(['allow read on a'], ['forbid read on a when trust >= 10', 'forbid * on **']),
    ).toMatchInlineSnapshot(`
      "
      warning KV4303: this grant allows nothing: guardrails deny all of it
        a.kavach:3:9 "read on a" denied throughout
        a.kavach:6:1 "forbid * on **" this guardrail holds for everybody
        help: remove the grant, or state in the guardrail whom it leaves out
      "
    `)
  })

  it('those that are meant for such agents', () => {
    expect(lintBot(['allow read on a'], ['forbid read on a when agent.type = service'])).toMatchInlineSnapshot(`
      "
      warning KV4303: this grant allows nothing: guardrails deny all of it
        a.kavach:3:9 "read on a" denied throughout
        a.kavach:5:1 "forbid read on a when agent.type = service" this guardrail holds for everybody
        help: remove the grant, or state in the guardrail whom it leaves out
      "
    `)
    expect(lintBot(['allow read on a'], ['forbid read on a unless agent.type = service'])).toBe(NOTHING)
  })

  it('not what an approval is required for, nor what is left by an `unless`', () => {
    expect(lintBot(['allow read on a'], ['require approval for read on a'])).toBe(NOTHING)
    expect(lintBot(['allow read on a'], ['forbid read on a unless ip in cidr [10.0.0.0/8]'])).toBe(NOTHING)
    expect(lintBot(['allow read on a:*'], ['forbid read on a:b'])).toBe(NOTHING)
  })

  it('not a role that somebody else may hold', () => {
    const role = 'role r { allow read on a }'
    expect(
      findings(`policy p\n${role}\nservice agent s { roles r }\nforbid read on a when agent.type = service\n`),
    ).toBe(NOTHING)
  })
})

describe('KV4304: no request matches', () => {
  it('regexes that nothing matches at once', () => {
    expect(
      lintBot(['allow read on a when args.p matches /a.*/ and trust >= 1 and args.p matches /b.*/']),
    ).toMatchInlineSnapshot(`
      "
      warning KV4304: this grant matches no request
        a.kavach:3:24 "args.p matches /a.*/ and trust >= 1 and args.p matches /b.*/" no request meets all of this
        help: all atoms of a condition hold at once; write two grants where either is meant
      "
    `)
  })

  it('an atom about the holder is pointed at', () => {
    expect(lintBot(['allow read on a when trust >= 1 and agent.type = autonomous'])).toMatchInlineSnapshot(`
      "
      warning KV4304: this grant matches no request
        a.kavach:3:39 "agent.type = autonomous" never true of whoever holds this grant
        help: remove the grant, or give it to an agent of which it is true
      "
    `)
    expect(lintBot(['allow read on a when agent.owner = "ann"'])).toMatchInlineSnapshot(`
      "
      warning KV4304: this grant matches no request
        a.kavach:3:24 "agent.owner = \\"ann\\"" never true of whoever holds this grant
        help: remove the grant, or give it to an agent of which it is true
      "
    `)
  })

  it('a regex that matches nothing by itself is pointed at', () => {
    expect(lintBot(['allow read on a when trust >= 1 and args.p matches /a[^\\s\\S]/'])).toMatchInlineSnapshot(`
      "
      warning KV4304: this grant matches no request
        a.kavach:3:39 "args.p matches /a[^\\\\s\\\\S]/" no request meets this
        help: remove the grant, or ask for what can be
      "
    `)
  })

  it('what the checks say already is not said again', () => {
    expect(lintBot(['allow read on a when trust >= 50 and not trust >= 40'])).toBe(NOTHING)
  })

  it('what a receiver meets is no fault of the delegator', () => {
    expect(
      findings(`policy p
autonomous agent a { allow read on x may delegate depth 1 }
delegated agent b {}
delegate a -> b { allow read on x when agent.type = delegated and trust >= 1 }
`),
    ).toBe(NOTHING)
  })
})
