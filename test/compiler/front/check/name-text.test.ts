import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('names of actions and agents can occur in a request', () => {
  expect(
    findings(`policy p
service agent x {
  allow "", "a:b", "*", "e\\u{301}", "tab\\t", "odd name" on a
}
test "t" as x { deny "a*" on a }
`),
  ).toMatchInlineSnapshot(`
    "
    error KV1014: no request can name this action
      a.kavach:3:9 "\\"\\"" it is empty
      help: action names are 1 to 128 bytes of UTF-8 in normal form C, without \`:\`, \`*\` and control characters
    error KV1014: no request can name this action
      a.kavach:3:13 "\\"a:b\\"" it holds \`:\`
      help: action names are 1 to 128 bytes of UTF-8 in normal form C, without \`:\`, \`*\` and control characters
    error KV1014: no request can name this action
      a.kavach:3:20 "\\"*\\"" it holds \`*\`
      help: write \`*\` without quotes for every action
    error KV1014: no request can name this action
      a.kavach:3:25 "\\"e\\\\u{301}\\"" it is not in Unicode normal form C
      help: action names are 1 to 128 bytes of UTF-8 in normal form C, without \`:\`, \`*\` and control characters
    error KV1014: no request can name this action
      a.kavach:3:37 "\\"tab\\\\t\\"" it holds a control character
      help: action names are 1 to 128 bytes of UTF-8 in normal form C, without \`:\`, \`*\` and control characters
    error KV1014: no request can name this action
      a.kavach:5:22 "\\"a*\\"" it holds \`*\`
      help: action names are 1 to 128 bytes of UTF-8 in normal form C, without \`:\`, \`*\` and control characters
    "
  `)
})

it('an owner has a name', () => {
  expect(
    findings(`policy p
service agent x { owner "" }
`),
  ).toMatchInlineSnapshot(`
    "
    error KV1031: the owner has no name
      a.kavach:2:25 "\\"\\"" is empty
      help: name the owner, or leave \`owner\` out
    "
  `)
})

it('names have at most 128 bytes', () => {
  const policy = (name: string) => `policy p\nservice agent ${name} { allow "${name}" on a }\n`
  expect([
    findings(policy('x'.repeat(128))),
    findings(policy('x'.repeat(129)), {}, ['KV1014']).match(/KV1014/g)?.length,
  ]).toEqual(['\n\n', 2])
})
