/** Edits of the policy that open a request: made in the text, checked, and decided by the engine. */
import { expect, test } from 'vitest'
import { createUniverse } from '../../../compiler/algebra/index.ts'
import { analyzePolicy, explainRequest } from '../../../compiler/analyze/index.ts'
import { emitImage } from '../../../compiler/emit/index.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import { loadLiveEngine } from '../../../engine-wasm/host/index.ts'
import { parsePolicy, type TextEdit } from '../../../grammar/index.ts'
import { Random } from '../../properties/generate/random.ts'
import { ACTIONS, CHAINS, gridOf, membersOf, policyOf, RESOURCES } from './explain-grid.ts'

const GRID = gridOf()

function checked(text: string) {
  const { file, diagnostics } = parsePolicy('p.kavach', text)
  const result = checkPolicy([file])
  const errors = [...diagnostics, ...result.diagnostics].filter(({ severity }) => severity === 'error')
  return { ...result, files: [file], errors }
}

function applied(text: string, edits: readonly TextEdit[]): string {
  const sorted = [...edits].sort((a, b) => b.span.start - a.span.start)
  return sorted.reduce((now, { span, text: put }) => now.slice(0, span.start) + put + now.slice(span.end), text)
}

function explain(text: string, request: object) {
  const { model, map, files } = checked(text)
  if (model === undefined) throw new TypeError('the policy has errors')
  return explainRequest(model, request, { text: { files, map } })
}

/** The first suggestion: lines as they are shown, what else they open, and the text with them made. */
function suggestion(text: string, request: object) {
  const [first] = explain(text, request).edits
  if (first === undefined) return undefined
  const { placed, alsoOpens } = first
  return {
    lines: placed.map(({ line, text: added }) => `${line}: ${added}`),
    alsoOpens,
    text: applied(
      text,
      placed.map(({ edit }) => edit),
    ),
  }
}

const READ = { agent: 'bot', action: 'read', resource: 'a:b' }

test('a grant of exactly this stands behind the last one', () => {
  const text = 'policy p\nautonomous agent bot {\n  allow read on x // why\n  owner "t"\n}\n'
  expect(suggestion(text, READ)).toEqual({
    lines: ['3: allow read on a:b'],
    alsoOpens: [],
    text: 'policy p\nautonomous agent bot {\n  allow read on x // why\n  allow read on a:b\n  owner "t"\n}\n',
  })
})

test('a grant where conditions failed says what the request is', () => {
  const text = 'policy p\nautonomous agent bot { allow read on a:* when ip in cidr [10.0.0.0/8] and args.n <= 3 }\n'
  expect(suggestion(text, { ...READ, ip: '192.0.2.1', args: { n: 7 } })?.lines).toEqual([
    '2: allow read on a:b when ip in cidr [192.0.2.1] and args.n in [7]',
  ])
})

test('an action or a pattern more says what else it opens', () => {
  const text = 'policy p\nautonomous agent bot {\n  allow write, list on a:*\n}\n'
  const { edits } = explain(text, READ)
  expect(edits.map(({ placed, alsoOpens }) => [placed.map((one) => one.text), alsoOpens])).toEqual([
    [['allow read on a:b'], []],
    [[', read'], ['read on a:*']],
  ])
  const other = explain(text, { ...READ, action: 'list', resource: 'z' }).edits
  expect(other.map(({ placed, alsoOpens }) => [placed.map((one) => one.text), alsoOpens])).toEqual([
    [['allow list on z'], []],
    [[', z'], ['write, list on z']],
  ])
})

test('a missing delegation restates the conditions of the giver, and is within it', () => {
  const text =
    'policy p\nautonomous agent top {\n  allow read on a:* when trust >= 5 needs approval\n  may delegate depth 1\n}\ndelegated agent bot {\n}\n'
  const request = { ...READ, via: ['top'], trust: 7, approvedBy: 'x' }
  const found = suggestion(text, request)
  expect(found?.lines).toEqual(['7: delegate top -> bot {\n  allow read on a:b when trust >= 5 needs approval\n}'])
  const after = checked(found?.text ?? '')
  expect(after.errors).toEqual([])
  if (after.model !== undefined) expect(analyzePolicy({ ...after, model: after.model }).diagnostics).toEqual([])
})

test('a chain that is too deep asks for both depths', () => {
  const text =
    'policy p\nautonomous agent top { allow read on ** may delegate depth 1 }\ndelegated agent mid {}\ndelegated agent bot {}\ndelegate top -> mid { allow read on ** }\ndelegate mid -> bot { allow read on ** }\n'
  expect(suggestion(text, { ...READ, via: ['top', 'mid'] })?.lines).toEqual(['2: may delegate depth 2', '5: depth 1'])
})

test('a forbid without an exception gets one, one with an exception does not', () => {
  const text = (unless: string) => `policy p\nautonomous agent bot { allow read on ** }\nforbid read on a:**${unless}\n`
  expect(suggestion(text(''), { ...READ, args: { mode: 'x' } })).toMatchObject({
    lines: ['3: unless args.mode in ["x"]'],
    alsoOpens: ['read on a:** when args.mode in ["x"], for whoever holds a grant'],
  })
  expect(suggestion(text(' unless trust >= 5'), READ)).toBeUndefined()
  expect(suggestion(text(''), READ)).toBeUndefined()
})

test('an unknown agent, a require and a revoked delegation are opened by no line', () => {
  const text = 'policy p\nautonomous agent bot { allow read on ** }\nrequire trust >= 5 for read on a:**\n'
  expect(explain(text, { ...READ, agent: 'nobody' }).edits).toEqual([])
  expect(explain(text, READ).edits).toEqual([])
})

test('every edit that is suggested opens the request when it is made in the text', () => {
  let tried = 0
  for (let seed = 0; seed < 12; seed++) {
    const text = policyOf(seed)
    const { model, map, files } = checked(text)
    if (model === undefined) throw new TypeError(text)
    const universe = createUniverse()
    const random = new Random(seed + 77)
    for (let n = 0; n < 10; n++) {
      const chain = random.pick([...CHAINS])
      const via = chain.slice(0, -1)
      const request = {
        agent: chain.at(-1) ?? '',
        ...(via.length > 0 && { via }),
        action: random.pick([...ACTIONS]),
        resource: random.pick([...RESOURCES]),
        ...membersOf(random.pick([...GRID])),
      }
      const { edits } = explainRequest(model, request, { text: { files, map }, universe })
      for (const { edits: made, placed, decision } of edits) {
        expect(placed.length).toBe(made.length)
        const after = checked(
          applied(
            text,
            placed.map(({ edit }) => edit),
          ),
        )
        const where = `seed ${seed}\n${applied(
          text,
          placed.map(({ edit }) => edit),
        )}\n${JSON.stringify(request)}`
        expect(after.errors, where).toEqual([])
        if (after.model === undefined) continue
        const now = loadLiveEngine(emitImage(after.model)).decide({ ...request, readings: {} }, { charge: 'caller' })
        expect(now.decision, where).toBe(decision.decision)
        expect(now.decision, where).not.toBe('deny')
        tried++
      }
    }
  }
  expect(tried).toBeGreaterThan(30)
}, 600_000)
