import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

const LARGE = `{${Array.from({ length: 40 }, (_, i) => `a${'b'.repeat(i)}*${'c'.repeat(40 - i)}${i}`).join()}}`

it('a pattern has at most 4,096 states', () => {
  const policy = `policy p\nservice agent x { allow read on a:${LARGE} }\nforbid read on {a*,*b}:{c,d}*\n`
  expect(findings(policy).replaceAll(LARGE, 'LARGE')).toMatchInlineSnapshot(`
    "
    error KV0205: this pattern stands for too many alternatives
      a.kavach:2:33 "a:LARGE" its automaton has more than 4096 states
      help: split it into several patterns, or use fewer \`*\` inside \`{...}\`
    "
  `)
})
