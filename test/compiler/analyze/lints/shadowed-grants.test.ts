import { describe, expect, it } from 'vitest'
import { findings } from '../findings.ts'
import { lintBot, NOTHING } from './findings.ts'

describe('KV4301: a grant that adds nothing', () => {
  it('of two that say the same, the later one', () => {
    expect(lintBot(['allow read on a', 'allow read on a'])).toMatchInlineSnapshot(`
      "
      warning KV4301: this grant adds nothing
        a.kavach:4:9 "read on a" already allowed
        a.kavach:3:3 "allow read on a" allows it
        help: remove it, or narrow what allows it already
      "
    `)
  })

  it('one that another holds, wherever that stands', () => {
    expect(lintBot(['allow read on a:b', 'allow read, write on a:**'])).toMatchInlineSnapshot(`
      "
      warning KV4301: this grant adds nothing
        a.kavach:3:9 "read on a:b" already allowed
        a.kavach:4:3 "allow read, write on a:**" allows it
        help: remove it, or narrow what allows it already
      "
    `)
  })

  it('one that others hold together', () => {
    expect(
      lintBot([
        'allow read on a when trust >= 50',
        'allow read on a when not trust >= 60',
        'allow read on a when trust >= 0',
      ]),
    ).toMatchInlineSnapshot(`
      "
      warning KV4301: this grant adds nothing
        a.kavach:5:9 "read on a" already allowed by others together
        a.kavach:3:3 "allow read on a when trust >= 50" allows it
        a.kavach:4:3 "allow read on a when not trust >= 60" allows it
        help: remove it, or narrow what allows it already
      "
    `)
  })

  it('shows three of many that hold it', () => {
    expect(
      lintBot([
        'allow read on {a,b,c,d,e}',
        ...['a', 'b', 'c', 'd', 'e'].map((resource) => `allow read on ${resource} when trust >= 0`),
        'allow read on {a,b,c,d,e} when trust >= 5',
      ]),
    ).toMatchInlineSnapshot(`
      "
      warning KV4301: this grant adds nothing
        a.kavach:4:9 "read on a" already allowed
        a.kavach:3:3 "allow read on {a,b,c,d,e}" allows it
        help: remove it, or narrow what allows it already
      warning KV4301: this grant adds nothing
        a.kavach:5:9 "read on b" already allowed
        a.kavach:3:3 "allow read on {a,b,c,d,e}" allows it
        help: remove it, or narrow what allows it already
      warning KV4301: this grant adds nothing
        a.kavach:6:9 "read on c" already allowed
        a.kavach:3:3 "allow read on {a,b,c,d,e}" allows it
        help: remove it, or narrow what allows it already
      warning KV4301: this grant adds nothing
        a.kavach:7:9 "read on d" already allowed
        a.kavach:3:3 "allow read on {a,b,c,d,e}" allows it
        help: remove it, or narrow what allows it already
      warning KV4301: this grant adds nothing
        a.kavach:8:9 "read on e" already allowed
        a.kavach:3:3 "allow read on {a,b,c,d,e}" allows it
        help: remove it, or narrow what allows it already
      warning KV4301: this grant adds nothing
        a.kavach:9:9 "read on {a,b,c,d,e}" already allowed
        a.kavach:3:3 "allow read on {a,b,c,d,e}" allows it
        help: remove it, or narrow what allows it already
      "
    `)
    expect(
      lintBot([
        ...['a', 'b', 'c', 'd', 'e'].map((resource) => `allow read on ${resource}`),
        'allow read on {a,b,c,d,e} when trust >= 5',
      ]),
    ).toMatchInlineSnapshot(`
      "
      warning KV4301: this grant adds nothing
        a.kavach:8:9 "read on {a,b,c,d,e}" already allowed by others together
        a.kavach:3:3 "allow read on a" allows it
        a.kavach:4:3 "allow read on b" allows it
        a.kavach:5:3 "allow read on c" allows it
        help: remove it, or narrow what allows it already
      "
    `)
  })

  it('one that has limits, beside one without', () => {
    expect(lintBot(['allow read on a:**', 'allow read on a:b rate 5 per minute'])).toMatchInlineSnapshot(`
      "
      warning KV4301: this grant adds nothing
        a.kavach:4:9 "read on a:b" already allowed
        a.kavach:3:3 "allow read on a:**" allows it
        help: remove it, or narrow what allows it already
      "
    `)
  })

  it('one that asks for a narrower approval than another asks for', () => {
    expect(
      lintBot(['allow read on a:** needs approval', 'allow read on a:b needs approval by "boss" within 1h']),
    ).toMatchInlineSnapshot(`
      "
      warning KV4301: this grant adds nothing
        a.kavach:4:9 "read on a:b" already allowed
        a.kavach:3:3 "allow read on a:** needs approval" allows it
        help: remove it, or narrow what allows it already
      "
    `)
  })

  it('one that comes with a role', () => {
    expect(
      findings(`policy p
role reader { allow read on a:** }
role writer includes reader {
  allow read on a:b
}
service agent bot {
  roles writer
  allow read on a:c
}
`),
    ).toMatchInlineSnapshot(`
      "
      warning KV4301: this grant adds nothing
        a.kavach:4:9 "read on a:b" already allowed
        a.kavach:2:15 "allow read on a:**" allows it
        help: remove it, or narrow what allows it already
      warning KV4301: this grant adds nothing
        a.kavach:8:9 "read on a:c" already allowed
        a.kavach:2:15 "allow read on a:**" allows it
        help: remove it, or narrow what allows it already
      "
    `)
  })

  it('one of a delegation and one of the boundary', () => {
    expect(
      findings(`policy p
service agent a { allow read on x:** may delegate depth 1 }
delegated agent b {}
delegate a -> b { allow read on x:** allow read on x:y }
boundary runtime { allow read on x:** allow read on x:y }
`),
    ).toMatchInlineSnapshot(`
      "
      warning KV4301: this grant adds nothing
        a.kavach:4:44 "read on x:y" already allowed
        a.kavach:4:19 "allow read on x:**" allows it
        help: remove it, or narrow what allows it already
      warning KV4301: this grant adds nothing
        a.kavach:5:45 "read on x:y" already allowed
        a.kavach:5:20 "allow read on x:**" allows it
        help: remove it, or narrow what allows it already
      "
    `)
  })
})

describe('KV4302: an approval that can never be asked for', () => {
  it('beside a grant without one', () => {
    expect(lintBot(['allow read on a:**', 'allow read on a:b needs approval by "boss"'])).toMatchInlineSnapshot(`
      "
      warning KV4302: this approval can never be asked for
        a.kavach:4:21 "needs approval by \\"boss\\"" the same requests are already allowed without approval
        a.kavach:3:3 "allow read on a:**" allows them
        help: narrow what allows them already, or remove this grant
      "
    `)
  })

  it('beside several', () => {
    expect(
      lintBot([
        'allow read on a when trust >= 50',
        'allow read on a when not trust >= 50',
        'allow read on a when trust >= 1 needs approval',
      ]),
    ).toMatchInlineSnapshot(`
      "
      warning KV4302: this approval can never be asked for
        a.kavach:5:35 "needs approval" the same requests are already allowed without approval
        a.kavach:3:3 "allow read on a when trust >= 50" allows them
        a.kavach:4:3 "allow read on a when not trust >= 50" allows them
        help: narrow what allows them already, or remove this grant
      "
    `)
  })
})

describe('grants that are not useless', () => {
  it.each([
    ['a metered one is full when the other is not', ['allow read on a:** rate 5 per minute', 'allow read on a:b']],
    ['both are metered', ['allow read on a rate 5 per minute', 'allow read on a rate 5 per minute each resource']],
    ['a dearer one may not be paid for', ['allow read on a:** estimate 0.10 USD', 'allow read on a:b']],
    [
      'a missing fact meets only the one with limits',
      ['allow read on a when trust >= 50', 'allow read on a when not trust >= 50', 'allow read on a rate 5 per minute'],
    ],
    [
      'somebody else is asked',
      ['allow read on a needs approval by "boss"', 'allow read on a needs approval by "lead"'],
    ],
    [
      'an approval is good for longer',
      ['allow read on a needs approval within 1h', 'allow read on a rate 5 per minute needs approval'],
    ],
    [
      'an approval is asked for only where the other does not allow',
      ['allow read on a when trust >= 50', 'allow read on a needs approval'],
    ],
    ['each has an action more', ['allow read, list on a', 'allow read, write on a']],
    ['each has a resource more', ['allow read on a:*:b', 'allow read on a:b:*']],
  ])('%s', (_, grants) => {
    expect(lintBot(grants)).toBe(NOTHING)
  })

  it('an agent may be cheaper than its neighbour', () => {
    expect(findings('policy p\nservice agent a { allow read on x }\nservice agent b { allow read on x }\n')).toBe(
      NOTHING,
    )
  })
})
