/** Runs coverage and mutants of `kavach test`, with progress, until somebody presses Ctrl-C. */
import { setImmediate } from 'node:timers/promises'
import type { ProposedTests, Unnoticed, WrittenPolicy } from '../compiler/analyze/index.ts'
import type { TestResult } from '../compiler/front/index.ts'
import { loadAnalyses } from './language.ts'
import type { Terminal } from './terminal.ts'
import type { Coverage } from './test-coverage.ts'
import type { Mutation } from './test-mutate.ts'

/** What is wanted besides the tests. */
export interface MeasureOptions {
  readonly coverage: boolean
  readonly mutate: boolean
  readonly maxMutants: number | undefined
  readonly propose: boolean
}

export interface Measured {
  readonly coverage?: Coverage
  readonly mutation?: Mutation
  readonly proposed?: ProposedTests
}

/** Every test must have passed. `undefined` when it was interrupted. */
export async function measureTests(
  terminal: Terminal,
  policy: WrittenPolicy,
  results: readonly TestResult[],
  options: MeasureOptions,
): Promise<Measured | undefined> {
  const { coverageOf, coverParts, judgeMutants, mutantsOf, partsOf, proposeTests, questionsOf, requestText, scoreOf } =
    await loadAnalyses()
  const { model } = policy
  const questions = questionsOf(results)
  terminal.parts.takeInterrupts()
  let coverage: Coverage | undefined
  if (options.coverage) {
    const parts = partsOf(policy)
    const covered = await collect(terminal, coverParts(model, parts, questions), `of ${parts.length} parts looked at`)
    if (covered === undefined) return undefined
    coverage = { parts: covered, score: coverageOf(covered) }
  }
  let mutation: Mutation | undefined
  if (options.mutate) {
    const all = mutantsOf(policy)
    const chosen = spread(all, options.maxMutants)
    const judged = await collect(terminal, judgeMutants(model, chosen, questions), `of ${chosen.length} mutants judged`)
    if (judged === undefined) return undefined
    mutation = { judged, score: scoreOf(judged), all: all.length, describe: requestText }
  }
  const proposed = options.propose ? proposeTests(model, unnoticedOf(policy, coverage, mutation)) : undefined
  return { ...(coverage && { coverage }), ...(mutation && { mutation }), ...(proposed && { proposed }) }
}

/** Everything that is generated, unless Ctrl-C ends it. */
async function collect<T>(terminal: Terminal, items: Iterable<T>, done: string): Promise<readonly T[] | undefined> {
  const collected: T[] = []
  for (const item of items) {
    collected.push(item)
    terminal.progress(() => `${collected.length} ${done}`)
    // Lets Ctrl-C be heard.
    await setImmediate()
    if (terminal.parts.interrupt.aborted) {
      terminal.note(`stopped with ${collected.length} ${done}; nothing is reported of a part\n`)
      return undefined
    }
  }
  terminal.endProgress()
  return collected
}

/** At most `count` of the items, evenly spread, always the same. */
function spread<T>(items: readonly T[], count: number | undefined): readonly T[] {
  if (count === undefined || count >= items.length) return items
  return items.filter(
    (_, at) => Math.floor((at * count) / items.length) !== Math.floor(((at - 1) * count) / items.length),
  )
}

function unnoticedOf(
  { model }: WrittenPolicy,
  coverage: Coverage | undefined,
  mutation: Mutation | undefined,
): readonly Unnoticed[] {
  const survivors = (mutation?.judged ?? []).flatMap(({ mutant: { place, said, edit }, fate }): readonly Unnoticed[] =>
    fate.kind === 'survived' ? [{ place, said, variant: edit(model), apart: fate.apart }] : [],
  )
  const unseen = (coverage?.parts ?? []).flatMap(({ place, text, sides }) =>
    sides.flatMap(({ fate, apart, claim, edit }): readonly Unnoticed[] =>
      fate === 'unseen' && apart !== undefined
        ? [{ place, said: `\`${text}\` ${claim}`, variant: edit(model), apart }]
        : [],
    ),
  )
  return [...survivors, ...unseen]
}
