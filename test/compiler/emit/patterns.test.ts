import { expect, test } from 'vitest'
import { acceptsText, compilePattern } from '../../../compiler/algebra/index.ts'
import { type PatternForm, toForms } from '../../../compiler/emit/patterns.ts'
import { type PatternLiteral, parsePattern } from '../../../compiler/model/index.ts'
import { agree } from '../../engine-wasm/assembly/agree.ts'
import { Random } from '../../properties/generate/random.ts'

function literal(text: string): PatternLiteral {
  const parsed = parsePattern(text)
  if (!parsed.ok) throw new TypeError(`${text}: ${parsed.fault.message}`)
  return parsed.value
}

const DECODER = new TextDecoder()

/** Kind and text of each form; an automaton has no text. */
function formsOf(pattern: string): readonly string[] {
  return toForms(literal(pattern)).map((form) =>
    form.kind === 'dfa' ? 'dfa' : `${form.kind} ${DECODER.decode(form.bytes)}`,
  )
}

test.each([
  ['a:b', ['exact a:b']],
  ['"x y":"é"', ['exact x y:é']],
  ['a:{b,c}:{d,e}', ['exact a:b:d', 'exact a:b:e', 'exact a:c:d', 'exact a:c:e']],
  ['p{a,a}', ['exact pa']],
  ['a:*', ['star a:']],
  ['{a,b}:**', ['rest a:', 'rest b:']],
  ['**', ['rest ']],
  ['*:a', ['dfa']],
  ['a:b*', ['dfa']],
  ['a:{b,c*}', ['dfa']],
  [
    '{a,b}:{a,b}:{a,b}:{a,b}',
    Array.from(
      { length: 16 },
      (_, n) => `exact ${n.toString(2).padStart(4, '0').replaceAll('0', 'a').replaceAll('1', 'b').split('').join(':')}`,
    ),
  ],
  ['{a,b}:{a,b}:{a,b}:{a,b}:{a,b}', ['dfa']],
] as const)('%s is looked for as %j', (pattern, forms) => {
  expect(formsOf(pattern)).toEqual(forms)
})

/** What the engine does with a form; whole segments, as rules.ts of the engine says. */
function formMatches(form: PatternForm, resource: string): boolean {
  if (form.kind === 'dfa') return acceptsText(form.dfa, resource)
  const segments = resource.split(':')
  const text = DECODER.decode(form.bytes)
  switch (form.kind) {
    case 'exact':
      return resource === text
    case 'star':
      return segments.length === form.depth + 1 && resource.startsWith(text)
    case 'rest':
      return segments.length > form.depth && resource.startsWith(text)
  }
}

test('the forms of a pattern match together what its automaton accepts', () => {
  const random = new Random(1)
  const words = ['a', 'b', 'ab', 'ba', 'é']
  let matched = 0
  for (let turn = 0; turn < 600; turn++) {
    const pattern = somePattern(random)
    const forms = toForms(pattern)
    const dfa = compilePattern(pattern)
    for (let asked = 0; asked < 25; asked++) {
      const resource = Array.from({ length: random.between(1, 4) }, () => random.pick(words)).join(':')
      const expected = acceptsText(dfa, resource)
      agree(
        [pattern, resource],
        forms.some((form) => formMatches(form, resource)),
        expected,
      )
      if (expected) matched++
    }
  }
  expect(matched).toBeGreaterThan(1000)
})

function somePattern(random: Random): PatternLiteral {
  const part = () => random.pick(['a', 'b', 'é', '{a,b}', '{a,ab,b}', '{a,b*}', '*'])
  while (true) {
    const segments = Array.from({ length: random.between(1, 3) }, () =>
      random.chance(0.3) ? '*' : part() + (random.chance(0.3) ? part() : ''),
    )
    const parsed = parsePattern([...segments, ...(random.chance(0.3) ? ['**'] : [])].join(':'))
    if (parsed.ok) return parsed.value
  }
}
