import { describe, expect, test } from 'vitest'
import { frames } from './outline.ts'

function errorIn(body: string): string {
  return frames(`role r {\n  ${body}\n}\n`)
}

describe('statements', () => {
  test('a line of another language is no statement', () => {
    expect(frames('permit(principal, action, resource);')).toMatchInlineSnapshot(`
      "error[KV0102]: \`permit\` starts no statement
       ┌ p.kavach:1:1
      1 │ permit(principal, action, resource);
        │ ^^^^^^
        = help: a grant is \`allow ...\` in a role, an agent, a delegation or the boundary
      "
    `)
  })
  test('a misspelled statement is corrected', () => {
    expect(frames('polcy acme')).toMatchInlineSnapshot(`
      "error[KV0102]: \`polcy\` starts no statement
       ┌ p.kavach:1:1
      1 │ polcy acme
        │ ^^^^^
        = help: did you mean \`policy\`?
      "
    `)
  })
  test('a word that nothing is near gets the kinds of statement', () => {
    expect(frames('hello world')).toMatchInlineSnapshot(`
      "error[KV0102]: \`hello\` starts no statement
       ┌ p.kavach:1:1
      1 │ hello world
        │ ^^^^^
        = help: a statement starts with \`policy\`, \`catalog\`, \`set\`, \`role\`, \`autonomous agent\`, \`delegated agent\`, \`service agent\`, \`delegate\`, \`boundary\`, \`forbid\`, \`require\`, \`limit\`, \`assert\` or \`test\`
      "
    `)
  })
  test('a grant at top level is told where grants stand', () => {
    expect(frames('allow read on x')).toMatchInlineSnapshot(`
      "error[KV0102]: \`allow\` starts no statement
       ┌ p.kavach:1:1
      1 │ allow read on x
        │ ^^^^^
        = help: a grant stands in a role, an agent, a delegation or the boundary
      "
    `)
  })
  test('an agent needs a type', () => {
    expect(frames('agent triager { }')).toMatchInlineSnapshot(`
      "error[KV0102]: \`agent\` starts no statement
       ┌ p.kavach:1:1
      1 │ agent triager { }
        │ ^^^^^
        = help: write \`autonomous agent\`, \`delegated agent\` or \`service agent\`
      "
    `)
  })
  test('the word agent is missed', () => {
    expect(frames('autonomous triager { }')).toMatchInlineSnapshot(`
      "error[KV0101]: expected \`agent\`, found \`triager\`
       ┌ p.kavach:1:12
      1 │ autonomous triager { }
        │            ^^^^^^^
        = help: an agent starts with \`autonomous agent\`, \`delegated agent\` or \`service agent\`
      "
    `)
  })
  test('a stray brace closes nothing', () => {
    expect(frames('role r { }\n}\n')).toMatchInlineSnapshot(`
      "error[KV0109]: this \`}\` closes nothing
       ┌ p.kavach:2:1
      2 │ }
        │ ^
        = help: remove it, or look for a \`}\` too many above
      "
    `)
  })
  test('a block comment is no comment', () => {
    expect(frames('/* hello */\npolicy acme')).toMatchInlineSnapshot(`
      "error[KV0102]: \`/*\` starts no comment
       ┌ p.kavach:1:1
      1 │ /* hello */
        │ ^^
        = help: a comment runs from \`//\` to the end of its line
      "
    `)
  })
  test('a file has one header', () => {
    expect(frames('policy a\npolicy b')).toMatchInlineSnapshot(`
      "error[KV0111]: this file has a second header
       ┌ p.kavach:2:1
      2 │ policy b
        │ ^^^^^^^^
       ┌ p.kavach:1:1
      1 │ policy a   <- the first header
        = help: keep one \`policy\` line
      "
    `)
  })
})

describe('members', () => {
  test('a misspelled member is corrected', () => {
    expect(errorIn('alow read on x')).toMatchInlineSnapshot(`
      "error[KV0106]: \`alow\` starts no member of a role
       ┌ p.kavach:2:3
      2 │   alow read on x
        │   ^^^^
        = help: did you mean \`allow\`?
      "
    `)
  })
  test('a misspelled clause is corrected', () => {
    expect(errorIn('allow read on x neds approval')).toMatchInlineSnapshot(`
      "error[KV0106]: \`neds\` has no meaning here
       ┌ p.kavach:2:19
      2 │   allow read on x neds approval
        │                   ^^^^
        = help: did you mean \`needs\`?
      "
    `)
  })
  test('an unknown member gets the kinds of member', () => {
    expect(errorIn('grant read on x')).toMatchInlineSnapshot(`
      "error[KV0106]: \`grant\` starts no member of a role
       ┌ p.kavach:2:3
      2 │   grant read on x
        │   ^^^^^
        = help: a role holds \`allow ...\`, each with \`when\`, \`needs approval\`, \`rate\` or \`estimate\` behind it
      "
    `)
  })
  test('each kind of block has its own members', () => {
    const blocks = ['service agent a', 'delegate a -> b', 'boundary runtime', 'test "t" as a']
    expect(blocks.map((head) => frames(`${head} { banana }`)).join('\n')).toMatchInlineSnapshot(`
      "error[KV0106]: \`banana\` starts no member of an agent
       ┌ p.kavach:1:19
      1 │ service agent a { banana }
        │                   ^^^^^^
        = help: an agent holds \`owner\`, \`roles\`, \`allow ...\`, \`limit ...\`, \`may delegate depth N\` and \`expires at TIME\`

      error[KV0106]: \`banana\` starts no member of a delegation
       ┌ p.kavach:1:19
      1 │ delegate a -> b { banana }
        │                   ^^^^^^
        = help: a delegation holds \`allow ...\`, \`limit ...\`, \`expires in TIME\` or \`expires at TIME\`, and \`depth N\`

      error[KV0106]: \`banana\` starts no member of the boundary
       ┌ p.kavach:1:20
      1 │ boundary runtime { banana }
        │                    ^^^^^^
        = help: the boundary holds \`allow ...\`, \`limit ...\` and \`may delegate depth N\`

      error[KV0106]: \`banana\` starts no row of a test
       ┌ p.kavach:1:17
      1 │ test "t" as a { banana }
        │                 ^^^^^^
        = help: a row is \`allow\`, \`deny\`, \`approval\`, \`limited\` or \`throttle\`, then \`ACTION on RESOURCE\` and facts
      "
    `)
  })
  test('a statement in a block is told where it belongs, and no brace is missed', () => {
    expect(
      frames(
        'service agent a {\n  forbid delete on x\n  limit rate 5 per day for * on **\n}\nrole r {\n  limit rate 5 per day\n}\n',
      ),
    ).toMatchInlineSnapshot(`
      "error[KV0106]: \`forbid\` starts no member of an agent
       ┌ p.kavach:2:3
      2 │   forbid delete on x
        │   ^^^^^^
        = help: a guardrail holds for everybody: it stands outside of blocks

      error[KV0106]: \`for\` starts no member of an agent
       ┌ p.kavach:3:24
      3 │   limit rate 5 per day for * on **
        │                        ^^^
        = help: a limit with \`for\` holds for everybody: it stands outside of blocks

      error[KV0106]: \`limit\` starts no member of a role
       ┌ p.kavach:6:3
      6 │   limit rate 5 per day
        │   ^^^^^
        = help: a limit stands in an agent, a delegation or the boundary, or outside of blocks with \`for\`
      "
    `)
  })
  test('a block that is not closed is reported at its brace', () => {
    expect(frames('role r {\n  allow read on x\n')).toMatchInlineSnapshot(`
      "error[KV0108]: this \`{\` is never closed
       ┌ p.kavach:1:8
      1 │ role r {
        │        ^
        = help: close the role with \`}\`
      "
    `)
  })
  test('a block is not closed when the next statement starts', () => {
    expect(frames('service agent a {\n  owner "x"\n\nrole r {\n  allow read on x\n}\n')).toMatchInlineSnapshot(`
      "error[KV0108]: this \`{\` is never closed
       ┌ p.kavach:1:17
      1 │ service agent a {
        │                 ^
       ┌ p.kavach:4:1
      4 │ role r {   <- \`role\` starts the next statement
        = help: close the agent with \`}\`
      "
    `)
  })
})

describe('what is missing', () => {
  test('is shown behind the last word when the line ends too early', () => {
    expect(errorIn('allow read on')).toMatchInlineSnapshot(`
      "error[KV0101]: expected a resource pattern, found \`}\`
       ┌ p.kavach:2:16
      2 │   allow read on
        │                ^ a resource pattern is missing here
      "
    `)
  })
  test('is shown at the end of the file', () => {
    expect(frames('set office =')).toMatchInlineSnapshot(`
      "error[KV0101]: expected \`cidr [...]\`, \`hours ...\` or \`regex /.../\`, found the end of the file
       ┌ p.kavach:1:13
      1 │ set office =
        │             ^ \`cidr [...]\`, \`hours ...\` or \`regex /.../\` is missing here
      "
    `)
  })
  test('is named when something else stands there', () => {
    expect(errorIn('allow read mcp:x')).toMatchInlineSnapshot(`
      "error[KV0101]: expected \`on\`, found \`mcp\`
       ┌ p.kavach:2:14
      2 │   allow read mcp:x
        │              ^^^
        = help: a scope is \`ACTIONS on PATTERNS\`, as in \`read, write on mcp:github:**\`
      "
    `)
  })
})

describe('slips from other languages', () => {
  test('rates are words', () => {
    expect(errorIn('allow read on x rate 60/min')).toMatchInlineSnapshot(`
      "error[KV0101]: expected \`per\`, found \`/\`
       ┌ p.kavach:2:26
      2 │   allow read on x rate 60/min
        │                          ^
        = help: rates are words: \`60 per minute\`
      "
    `)
  })
  test('equal is written once', () => {
    expect(errorIn('allow read on x when cost == 1')).toMatchInlineSnapshot(`
      "error[KV0105]: \`==\` has no meaning here
       ┌ p.kavach:2:29
      2 │   allow read on x when cost == 1
        │                             ^^
        = help: equal is written \`=\`
      "
    `)
  })
  test('there is no less than', () => {
    expect(errorIn('allow read on x when cost < 1')).toMatchInlineSnapshot(`
      "error[KV0105]: \`<\` has no meaning here
       ┌ p.kavach:2:29
      2 │   allow read on x when cost < 1
        │                             ^
        = help: the comparisons are \`=\`, \`<=\` and \`>=\`
      "
    `)
  })
  test('there is no or', () => {
    expect(errorIn('allow read on x when cost <= 1 or trust >= 2')).toMatchInlineSnapshot(`
      "error[KV0106]: \`or\` has no meaning here
       ┌ p.kavach:2:34
      2 │   allow read on x when cost <= 1 or trust >= 2
        │                                  ^^
        = help: there is no \`or\`: alternatives are written as two grants
      "
    `)
  })
  test('there are no parentheses', () => {
    expect(errorIn('allow read on x when not (cost <= 1)')).toMatchInlineSnapshot(`
      "error[KV0105]: \`(\` has no meaning here
       ┌ p.kavach:2:28
      2 │   allow read on x when not (cost <= 1)
        │                            ^
        = help: there are no parentheses: \`not\` belongs to one condition, alternatives are two grants
      "
    `)
  })
  test('strings stand in double quotes', () => {
    expect(frames("catalog a from 'x'\ncatalog b from “y”")).toMatchInlineSnapshot(`
      "error[KV0105]: \`'\` has no meaning here
       ┌ p.kavach:1:16
      1 │ catalog a from 'x'
        │                ^
        = help: strings stand in double quotes

      error[KV0105]: U+201C has no meaning here
       ┌ p.kavach:2:16
      2 │ catalog b from “y”
        │                ^
        = help: strings stand in double quotes \`"\`
      "
    `)
  })
  test('days have hours of their own', () => {
    expect(frames('set s = hours sat,sun 01:00-05:00')).toMatchInlineSnapshot(`
      "error[KV0101]: expected hours such as \`09:00-18:00\`, found \`,\`
       ┌ p.kavach:1:18
      1 │ set s = hours sat,sun 01:00-05:00
        │                  ^
        = help: each day or range of days has hours of its own: \`mon-fri 09:00-18:00, sat 09:00-12:00\`
      "
    `)
  })
  test('amounts are in USD', () => {
    expect(errorIn('allow read on x estimate 5 EUR')).toMatchInlineSnapshot(`
      "error[KV0101]: expected \`USD\`, found \`EUR\`
       ┌ p.kavach:2:30
      2 │   allow read on x estimate 5 EUR
        │                              ^^^
        = help: amounts are in USD, as in \`2.50 USD\`
      "
    `)
  })
  test('a window is one of four', () => {
    expect(errorIn('allow read on x rate 5 per minutes\n  allow read on x rate 5 per week')).toMatchInlineSnapshot(`
      "error[KV0101]: expected \`minute\`, \`hour\`, \`day\` or \`month\`, found \`minutes\`
       ┌ p.kavach:2:30
      2 │   allow read on x rate 5 per minutes
        │                              ^^^^^^^
        = help: did you mean \`minute\`?

      error[KV0101]: expected \`minute\`, \`hour\`, \`day\` or \`month\`, found \`week\`
       ┌ p.kavach:3:30
      3 │   allow read on x rate 5 per week
        │                              ^^^^
      "
    `)
  })
  test('a condition asks a known fact', () => {
    expect(errorIn('allow read on x when user = "bob"')).toMatchInlineSnapshot(`
      "error[KV0101]: expected a condition, found \`user\`
       ┌ p.kavach:2:24
      2 │   allow read on x when user = "bob"
        │                        ^^^^
        = help: a condition asks \`ip\`, \`time\`, \`trust\`, \`cost\`, \`agent.type\`, \`agent.owner\`, \`args.NAME\`, \`len.NAME\` or \`args only [...]\`
      "
    `)
  })
  test('a percentage is at most 100%', () => {
    expect(frames('limit budget 1 USD per day throttle at 101% to 1 per minute for * on **')).toMatchInlineSnapshot(`
      "error[KV0118]: a percentage is at most 100%
       ┌ p.kavach:1:40
      1 │ limit budget 1 USD per day throttle at 101% to 1 per minute for * on **
        │                                        ^^^^
      "
    `)
  })
})

describe('literals', () => {
  test('an open string is reported at its quote', () => {
    expect(frames('catalog a from "x\ncatalog b from "y"')).toMatchInlineSnapshot(`
      "error[KV0103]: this string is never closed
       ┌ p.kavach:1:16
      1 │ catalog a from "x
        │                ^
        = help: a string ends on the line it begins on; write \`\\n\` for a line end and \`\\"\` for a quote
      "
    `)
  })
  test('an open regex is reported at its slash', () => {
    expect(frames('set s = regex /abc\n')).toMatchInlineSnapshot(`
      "error[KV0104]: this regex is never closed
       ┌ p.kavach:1:15
      1 │ set s = regex /abc
        │               ^
        = help: a regex ends on the line it begins on; write \`\\/\` for a slash in it
      "
    `)
  })
  test('a fault inside a literal is reported where it is', () => {
    expect(frames('set s = cidr [10.0.0.0/8, 10.0.0.1/33]')).toMatchInlineSnapshot(`
      "error[KV0213]: \`33\` is not a prefix length
       ┌ p.kavach:1:36
      1 │ set s = cidr [10.0.0.0/8, 10.0.0.1/33]
        │                                    ^^
        = help: an IPv4 prefix runs from 0 to 32, without leading zeros
      "
    `)
  })
  test('a lone star is told from two', () => {
    expect(errorIn('allow read on *')).toMatchInlineSnapshot(`
      "error[KV0202]: \`*\` alone matches only resources of one segment
       ┌ p.kavach:2:17
      2 │   allow read on *
        │                 ^
        = help: write \`**\` for every resource
      "
    `)
  })
  test('names are ASCII', () => {
    expect(frames('role größe { }\nrole 日本 { }\nrole a-1 { }')).toMatchInlineSnapshot(`
      "error[KV0112]: \`größe\` is no name
       ┌ p.kavach:1:6
      1 │ role größe { }
        │      ^^^^^
        = help: names and keywords are ASCII, and this holds \`ö\` (U+00F6)

      error[KV0112]: \`日本\` is no name
       ┌ p.kavach:2:6
      2 │ role 日本 { }
        │      ^^^^
        = help: names and keywords are ASCII, and this holds \`日\` (U+65E5)

      error[KV0112]: \`a-1\` is no name
       ┌ p.kavach:3:6
      3 │ role a-1 { }
        │      ^^^
        = help: each part of a name starts with a letter or \`_\`
      "
    `)
  })
  test('a literal has a length', () => {
    expect(frames(`set s = regex /${'a'.repeat(70_000)}/`)).toMatchInlineSnapshot(`
      "error[KV0123]: this literal is too long
       ┌ p.kavach:1:15
      1 │ set s = regex /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...
        │               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      "
    `)
  })
})
