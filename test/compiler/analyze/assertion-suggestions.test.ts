/** What findings propose, written into random policies and proved again. */
import { expect, it } from 'vitest'
import type { Diagnostic } from '../../../grammar/index.ts'
import { generateCase } from '../../properties/brute-force/policy.ts'
import { Random } from '../../properties/generate/random.ts'
import { type Analyzed, analyzed } from './findings.ts'

const POLICIES = 40
const ASSERTIONS = 6
const WORLDS = 600

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

it('the grant that a finding proposes gives nothing more than is held', () => {
  let tried = 0
  for (let number = 0; number < WORLDS; number++) {
    const { text } = generateCase(new Random(0x4101 + number), 0)
    const before = analyzed(text, { assertions: false })
    for (const diagnostic of before.diagnostics) {
      const grant = /^narrow it to `([\s\S]*)`, or let /.exec(diagnostic.help ?? '')?.[1]
      const given = grantAt(before, diagnostic)
      if (diagnostic.code !== 'KV4101' || grant === undefined || given === undefined) continue
      const mended = `${text.slice(0, given.start)}${grant}${text.slice(given.end)}`
      const blamed = analyzed(mended, { assertions: false }).diagnostics.filter(
        ({ code, span }) => code === 'KV4101' && given.start <= span.start && span.end <= given.start + grant.length,
      )
      expect(blamed, `${text.slice(given.start, given.end)}\n${grant}\n${text}`).toEqual([])
      tried++
    }
  }
  expect(tried).toBeGreaterThan(30)
})

function grantAt(
  { files }: Analyzed,
  { span }: Diagnostic,
): { readonly start: number; readonly end: number } | undefined {
  return files
    .flatMap(({ declarations }) => declarations.flatMap((node) => (node.kind === 'delegation' ? node.members : [])))
    .find(({ kind, start, end }) => kind === 'grant' && start <= span.start && span.end <= end)
}
