/** Asks every question of the corpus of the reference and of the engine. README.md of this folder has the format. */
import { describe, expect, test } from 'vitest'
import type { Diagnostic } from '../../grammar/index.ts'
import { type Case, loadCases, type MarkedSpan, parseCase, type Question } from './case-file.ts'
import { type Checked, checkCase, makeSubject, optionsOf, requestOf, type Subject } from './subject.ts'

const CASES = loadCases()

for (const [area, cases] of byArea(CASES)) {
  describe(area, () => {
    for (const each of cases) test(each.claim, () => judge(each))
  })
}

describe('the corpus', () => {
  test('no two cases claim the same', () => {
    expect(CASES.length - new Set(CASES.map(({ claim }) => claim)).size).toBe(0)
  })

  test('a case that is no case is refused with its place', () => {
    expect(() => parseCase('x/y', 'policy')).toThrow('test/corpus/x/y.md:1: a case begins with `# ` and its claim')
    const ask = '# c\n```kavach\npolicy p\n```\n```ask\n{"agent": "a"} => maybe\n```\n'
    expect(() => parseCase('x/y', ask)).toThrow('test/corpus/x/y.md:6: expected `REQUEST => DECISION REASON`')
  })
})

function judge(each: Case): void {
  const file = `test/corpus/${each.name}.md`
  const checked = checkCase(each)
  expect(findingsOf(each, checked), file).toEqual(expectedFindings(each))
  expectFixes(each, checked)
  if (each.questions.length === 0) return
  const subject = makeSubject(each, checked)
  for (const who of ['reference', 'engine'] as const) {
    const ask = who === 'reference' ? askReference : askEngine
    const answers = each.questions.map((question) => describeAnswer(who, question, ask(subject, question)))
    const expected = each.questions.map((question) => describeExpected(who, question, subject))
    expect(answers, `${file}, asked of the ${who}`).toEqual(expected)
  }
}

function byArea(cases: readonly Case[]): [string, Case[]][] {
  const areas = new Map<string, Case[]>()
  for (const each of cases) {
    const area = each.name.slice(0, each.name.indexOf('/'))
    const others = areas.get(area)
    if (others === undefined) areas.set(area, [each])
    else others.push(each)
  }
  return [...areas]
}

/** What one of the two said, as far as the case looks at it. */
interface Answer {
  readonly decision: string
  readonly allowed: boolean
  readonly reason: string
  readonly charges: readonly number[]
  readonly takes: readonly string[]
  readonly guard: number | undefined
}

function askReference(subject: Subject, question: Question): Answer | undefined {
  const { mode } = question
  // What only the loader can say is not asked of the reference.
  if (mode === 'host') return undefined
  const asked = requestOf(question, subject)
  const possible = mode === 'possible'
  const { decision, allowed, reason, charged, reservations } = subject.reference.decide(asked, { possible })
  return { decision, allowed, reason, charges: charged, takes: reservations.map(takeText).sort(), guard: undefined }
}

function askEngine(subject: Subject, question: Question): Answer {
  const { engine } = subject
  // The engine judges whatever it is given, so that a request of any shape may be asked.
  const asked = requestOf(question, subject) as Parameters<typeof engine.decide>[0]
  const { decision, allowed, reason, grant, guard, charged, reservations } = engine.decide(asked, optionsOf(question))
  const charges = allowed ? (charged ?? (grant === undefined ? [] : [grant])) : []
  return {
    decision,
    allowed,
    reason,
    charges,
    takes: (allowed ? (reservations ?? []) : []).map(takeText).sort(),
    guard,
  }
}

function takeText(taken: {
  readonly key: string
  readonly amount: string
  readonly limit: string
  readonly unit: string
  readonly windowStart: number | null
}): string {
  return `${taken.key} ${taken.amount} of ${taken.limit} ${taken.unit} from ${taken.windowStart}`
}

/** One line for each question, so that a failure shows the question beside both answers. */
function describeAnswer(who: 'reference' | 'engine', question: Question, answer: Answer | undefined): object {
  if (answer === undefined) return { ask: question.text, answer: 'not asked' }
  const { decision, reason, allowed, charges, takes, guard } = answer
  return {
    ask: question.text,
    answer: `${decision} ${reason}${allowed ? ', allowed' : ''}`,
    ...(question.charges !== undefined && { charges: charges.slice(0, question.charges.length) }),
    ...(question.takes !== undefined && { takes }),
    ...(question.guard !== undefined && who === 'engine' && { guard }),
  }
}

function describeExpected(who: 'reference' | 'engine', question: Question, { withKeys }: Subject): object {
  const { text: ask, mode, decision, reason, charges, takes, guard } = question
  if (mode === 'host' && who === 'reference') return { ask, answer: 'not asked' }
  const isAllowed = (decision === 'allow' || decision === 'throttle') && !NOT_ALLOWED.has(reason)
  return {
    ask,
    answer: `${decision} ${reason}${isAllowed ? ', allowed' : ''}`,
    ...(charges !== undefined && { charges }),
    ...(takes !== undefined && {
      takes: takes.map((taken) => takeText({ ...taken, key: withKeys(taken.key) })).sort(),
    }),
    ...(guard !== undefined && who === 'engine' && { guard }),
  }
}

/** Reasons with which the loader takes an `allow` back. */
const NOT_ALLOWED: ReadonlySet<string> = new Set(['meters-required', 'approval-required'])

interface ShownFinding {
  readonly severity: string
  readonly code: string
  readonly message: string
  readonly at: string
  readonly details?: readonly string[]
}

function findingsOf({ findings, files }: Case, { diagnostics }: Checked): readonly ShownFinding[] {
  // Cases about decisions may be written as briefly as warnings allow.
  const looked = findings === undefined ? diagnostics.filter(({ severity }) => severity === 'error') : diagnostics
  return looked.map((diagnostic, index) => {
    const { severity, code, message, path, span } = diagnostic
    const at = placeText(files, { path, ...span })
    const wanted = findings?.[index]?.details ?? []
    return { severity, code, message, at, ...(wanted.length > 0 && { details: detailsOf(diagnostic) }) }
  })
}

function detailsOf({ label, help, notes, secondary, fix }: Diagnostic): readonly string[] {
  return [
    ...(label === undefined ? [] : [`label: ${label}`]),
    ...(secondary ?? []).map((each) => `see: ${each.label}`),
    ...(notes ?? []).map(({ key, text }) => `${key}: ${text}`),
    ...(help === undefined ? [] : [`help: ${help}`]),
    ...(fix === undefined ? [] : [`fix: ${fix.title}`]),
  ]
}

function expectedFindings({ findings, files }: Case): readonly ShownFinding[] {
  const spans = files.flatMap(({ primary }) => primary)
  return (findings ?? []).map(({ severity, code, message, details }, index) => {
    const span = spans[index]
    const at = span === undefined ? 'not marked' : placeText(files, span)
    return { severity, code, message, at, ...(details.length > 0 && { details }) }
  })
}

/** `PATH:LINE:COLUMN` and the text there. */
function placeText(files: Case['files'], { path, start, end }: MarkedSpan): string {
  const text = files.find((file) => file.path === path)?.text ?? ''
  const before = text.slice(0, start).split('\n')
  return `${path}:${before.length}:${(before.at(-1) ?? '').length + 1} ${JSON.stringify(text.slice(start, end))}`
}

/** A fix takes away the finding that offers it. */
function expectFixes(each: Case, { diagnostics }: Checked): void {
  for (const { fix, code, path, span } of diagnostics) {
    if (fix === undefined) continue
    const files = each.files.map((file) => {
      const edits = fix.edits.filter((edit) => edit.path === file.path).sort((a, b) => b.span.start - a.span.start)
      const text = edits.reduce((mended, edit) => {
        return mended.slice(0, edit.span.start) + edit.text + mended.slice(edit.span.end)
      }, file.text)
      return { ...file, text }
    })
    const left = checkCase({ ...each, files }).diagnostics
    const again = left.filter((found) => found.code === code && found.path === path && found.span.start === span.start)
    expect({ fix: fix.title, again: again.map(({ message }) => message) }).toEqual({ fix: fix.title, again: [] })
  }
}
