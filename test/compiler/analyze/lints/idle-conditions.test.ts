import { expect, it } from 'vitest'
import { findings } from '../findings.ts'
import { lintBot, NOTHING } from './findings.ts'

it('the atom that the others imply is pointed at', () => {
  expect(
    lintBot(['allow read on a when trust >= 40 and ip in cidr [10.0.0.0/8] and trust >= 60']),
  ).toMatchInlineSnapshot(`
    "
    warning KV4305: this condition changes nothing
      a.kavach:3:24 "trust >= 40" the others say it already
      help: remove it, or tighten it
    "
  `)
})

it('of two that say the same, the later one', () => {
  expect(lintBot(['allow read on a when args.x = 1 and args.x = 1'])).toMatchInlineSnapshot(`
    "
    warning KV4305: this condition changes nothing
      a.kavach:3:39 "args.x = 1" the others say it already
      help: remove it, or tighten it
    "
  `)
})

it('in guardrails too', () => {
  expect(
    lintBot(
      ['allow read on a'],
      [
        'forbid read on a when trust >= 60 and trust >= 40',
        'forbid read on a when ip in cidr [10.0.0.0/8] unless trust >= 60 and trust >= 40',
        'require trust >= 6 and trust >= 4 for read on a',
      ],
    ),
  ).toMatchInlineSnapshot(`
    "
    warning KV4305: this condition changes nothing
      a.kavach:5:39 "trust >= 40" the others say it already
      help: remove it, or tighten it
    warning KV4305: this condition changes nothing
      a.kavach:6:70 "trust >= 40" the others say it already
      help: remove it, or tighten it
    warning KV4305: this condition changes nothing
      a.kavach:7:24 "trust >= 4" the others say it already
      help: remove it, or tighten it
    "
  `)
})

it('in roles, delegations and the boundary', () => {
  expect(
    findings(`policy p
role r { allow read on a when trust >= 60 and trust >= 40 }
autonomous agent a { roles r may delegate depth 1 }
delegated agent b {}
delegate a -> b { allow read on a when trust >= 70 and trust >= 60 }
boundary runtime { allow read on a when args.p matches /a+/ and args.p matches /a*/ }
`),
  ).toMatchInlineSnapshot(`
    "
    warning KV4305: this condition changes nothing
      a.kavach:2:47 "trust >= 40" the others say it already
      help: remove it, or tighten it
    warning KV4305: this condition changes nothing
      a.kavach:5:56 "trust >= 60" the others say it already
      help: remove it, or tighten it
    warning KV4305: this condition changes nothing
      a.kavach:6:65 "args.p matches /a*/" the others say it already
      help: remove it, or tighten it
    "
  `)
})

it.each([
  ['a single atom says that the fact must be there', 'trust >= 0'],
  ['a fact of its own', 'trust >= 5 and cost <= 5'],
  ['a bound on the other side', 'trust >= 5 and not trust >= 6'],
  ['atoms that contradict each other are another finding', 'trust >= 5 and not trust >= 4'],
  ['regexes of which neither holds the other', 'args.p matches /a.*/ and args.p matches /.*b/'],
])('%s', (_, condition) => {
  expect(lintBot([`allow read on a when ${condition}`])).toBe(NOTHING)
})

it('a condition that may be missing is not implied by one that forbids what is missing', () => {
  // Of a call without trust, only the first atom of the `when` is not false because nothing is known.
  expect(lintBot(['allow read on a'], ['forbid read on a when not trust >= 5 and not trust >= 10'])).toContain('KV4305')
  expect(lintBot(['allow read on a'], ['forbid read on a when not trust >= 5 and args.x = 1'])).toBe(NOTHING)
})
