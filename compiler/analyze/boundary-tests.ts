/** Tests that would have noticed: a row for each difference that no test sees, in the form in which `kavach fmt` writes it. */
import { parsePolicy, printPolicy } from '../../grammar/index.ts'
import { runTests } from '../front/index.ts'
import type { PolicyModel } from '../model/index.ts'
import { type BoundaryRow, toRow } from './boundary-tests-row.ts'
import type { ToldApart } from './mutate-apart.ts'
import { type AskedRequest, type Asker, createAsker } from './mutate-decide.ts'
import { isKilledBy, type Question, questionsOf } from './mutate-run.ts'
import type { Place } from './mutate-site.ts'

/** A policy that the tests should tell from the one they test, and a request that does. */
export interface Unnoticed {
  readonly place: Place
  /** What is different. */
  readonly said: string
  readonly variant: PolicyModel
  readonly apart: ToldApart
}

export interface ProposedTests {
  /** A whole file; empty when nothing is proposed. */
  readonly text: string
  readonly rows: number
  /** What no row of a test can say. */
  readonly left: readonly { readonly unnoticed: Unnoticed; readonly why: string }[]
}

/** The first line of every file that is written, by which it is known again. */
export const GENERATED_MARK =
  '// Written by `kavach test --write`, and written anew by it: keep tests of your own elsewhere.'

/** Every row passes on `model` and fails on the variant it is for; a row that notices several is written once. */
export function proposeTests(model: PolicyModel, unnoticed: readonly Unnoticed[]): ProposedTests {
  const asker = createAsker(model)
  const rows: BoundaryRow[] = []
  const questions: Question[] = []
  const left: { unnoticed: Unnoticed; why: string }[] = []
  for (const item of unnoticed) {
    if (isKilledBy(item.variant, questions)) continue
    const row = toRow(item.apart, item.said)
    if ('why' in row) {
      left.push({ unnoticed: item, why: row.why })
      continue
    }
    const asked = checkRow(row, asker)
    if (asked === undefined || !isKilledBy(item.variant, [asked])) {
      left.push({ unnoticed: item, why: 'a row does not say the same as the request' })
      continue
    }
    rows.push(row)
    questions.push(asked)
  }
  return { text: rows.length === 0 ? '' : formatted(toText(rows)), rows: rows.length, left }
}

/** The question of the row as it is read back, when it is answered as it says. */
function checkRow(row: BoundaryRow, asker: Asker): Question | undefined {
  const { file, diagnostics } = parsePolicy('row.kavach', toText([row]))
  if (diagnostics.length > 0) return undefined
  const results = runTests([file], (request) => asker.decide(request as AskedRequest)) // They differ in readonly lists.
  const [question, second] = questionsOf(results)
  return second === undefined && results.every(({ passed }) => passed) ? question : undefined
}

function toText(rows: readonly BoundaryRow[]): string {
  const agents = [...new Set(rows.map(({ agent }) => agent))]
  const tests = agents.map((agent) => {
    const lines = rows.filter((row) => row.agent === agent).map(({ said, text }) => `  // ${said}\n  ${text}\n`)
    return `test "boundaries of ${agent}" as ${agent} {\n${lines.join('')}}\n`
  })
  return `${GENERATED_MARK}\n\n${tests.join('\n')}`
}

function formatted(text: string): string {
  return printPolicy(parsePolicy('rows.kavach', text).file)
}
