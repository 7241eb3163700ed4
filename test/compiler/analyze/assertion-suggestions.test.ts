/** Guardrails that findings propose, written into random policies and proved again. */
import { expect, it } from 'vitest'
import { generateCase } from '../../properties/brute-force/policy.ts'
import { Random } from '../../properties/generate/random.ts'
import { analyzed } from './findings.ts'

const POLICIES = 60
const ASSERTIONS = 6

it('the guardrail that a finding proposes makes the assertion true', () => {
  let tried = 0
  for (let number = 0; number < POLICIES; number++) {
    const { text } = generateCase(new Random(0x4110 + number), ASSERTIONS)
    for (const diagnostic of analyzed(text).diagnostics) {
      const rule = /^`([\s\S]*)` makes it true/.exec(diagnostic.help ?? '')?.[1]
      if (diagnostic.code !== 'KV4110' || rule === undefined) continue
      const assertion = text.slice(diagnostic.span.start, diagnostic.span.end)
      const mended = analyzed(`${text}${rule}\n`)
      const left = mended.diagnostics.filter(
        ({ code, span }) => code === 'KV4110' && span.start === diagnostic.span.start,
      )
      expect(left, `${assertion}\n${rule}\n${text}`).toEqual([])
      tried++
    }
  }
  expect(tried).toBeGreaterThan(30)
})
