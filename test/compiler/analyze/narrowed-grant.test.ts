import { expect, it } from 'vitest'
import { createUniverse } from '../../../compiler/algebra/index.ts'
import { narrowedGrant } from '../../../compiler/analyze/narrowed-grant.ts'
import { type Diagnostic, parsePolicy } from '../../../grammar/index.ts'
import { generateCase } from '../../properties/brute-force/policy.ts'
import { Random } from '../../properties/generate/random.ts'
import { type Analyzed, analyzed } from './findings.ts'

const WORLDS = 600

/** The first grant, cut down to the others. */
function narrowed(...grants: readonly string[]): string | undefined {
  const { file } = parsePolicy('a.kavach', `policy p\nservice agent a {\n${grants.join('\n')}\n}\n`)
  const located = file.declarations.flatMap((node) =>
    node.kind === 'agent'
      ? node.members.flatMap((member) => (member.kind === 'grant' ? [{ file, node: member }] : []))
      : [],
  )
  const [given, ...held] = located
  if (given === undefined) throw new TypeError('no grant')
  return narrowedGrant(given, held, createUniverse())
}

it('keeps the actions and the narrower of the patterns that all of them have', () => {
  expect(narrowed('allow * on **', 'allow read, write on a:*')).toBe('allow read, write on a:*')
  expect(narrowed('allow read, write on a:b, c', 'allow write, list on a:**', 'allow * on a:*')).toBe(
    'allow write on a:b',
  )
  expect(narrowed('allow * on **', 'allow * on **')).toBe('allow * on **')
  expect(narrowed('allow read on a', 'allow write on a')).toBeUndefined()
  expect(narrowed('allow read on a', 'allow read on b')).toBeUndefined()
  expect(narrowed('allow read on a:*:c', 'allow read on a:b:*')).toBeUndefined()
})

it('asks all that any of them asks, once, but nothing of another agent', () => {
  expect(
    narrowed(
      'allow read on a when trust >= 5 rate 2 per minute estimate 0.10 USD',
      'allow read on a when trust >= 5 and args.x = "and" and not agent.type = service rate 9 per hour',
      'allow read on a when agent.owner = "ann"',
    ),
  ).toBe('allow read on a when trust >= 5 and args.x = "and" rate 2 per minute estimate 0.10 USD')
  expect(narrowed('allow read on a when agent.owner = "ann"', 'allow read on a')).toBe(
    'allow read on a when agent.owner = "ann"',
  )
})

it('asks for the approval of whoever is asked above, for the shortest time', () => {
  const by = (given: string, ...held: readonly string[]) =>
    narrowed(`allow read on a ${given}`, ...held.map((clause) => `allow read on a ${clause}`))
  expect(by('', 'needs approval by "a \\"b\\""')).toBe('allow read on a needs approval by "a \\"b\\""')
  expect(by('needs approval by "lead" within 2h', 'needs approval within 1h')).toBe(
    'allow read on a needs approval by "lead" within 1h',
  )
  expect(by('needs approval by "lead"', 'needs approval by "boss"', '')).toBe(
    'allow read on a needs approval by "boss"',
  )
  expect(by('', 'needs approval by "lead"', 'needs approval by "boss"')).toBeUndefined()
  expect(by('needs approval within 3h', '')).toBe('allow read on a needs approval within 3h')
})

it('is no text where it would not stand on one line', () => {
  expect(narrowed('allow read on a', 'allow read on a when args.x in [1,\n 2]')).toBeUndefined()
})

it('in random policies it gives nothing more than is held', () => {
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
