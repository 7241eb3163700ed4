import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('no role includes itself, however far around', () => {
  expect(
    findings({
      'a.kavach': `policy p
role a includes b { allow read on a }
role b includes c {}
role self includes self {}
service agent x { roles a, self, d }
`,
      'b.kavach': `role c includes a, d {}
role d {}
`,
    }),
  ).toMatchInlineSnapshot(`
    "
    error KV1009: role \`a\` includes itself
      a.kavach:2:6 "a" a -> b -> c -> a
      a.kavach:3:6 "b" part of the cycle
      b.kavach:1:6 "c" part of the cycle
      help: remove one \`includes\` of the cycle
    error KV1009: role \`self\` includes itself
      a.kavach:4:6 "self" self -> self
      help: remove one \`includes\` of the cycle
    "
  `)
})

it('follows a chain of roles as long as a policy', () => {
  const roles = Array.from({ length: 20_000 }, (_, i) => `role r${i} includes r${i + 1} {}`)
  expect(findings(`policy p\n${roles.join('\n')}\nrole r20000 {}\nservice agent x { roles r0 }\n`)).toBe('\n\n')
})
