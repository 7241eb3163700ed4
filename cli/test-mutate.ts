/** What `kavach test --mutate` says: which mistakes in the policy its tests would not notice. */
import type { JudgedMutant, MutationScore, requestText, ToldApart } from '../compiler/analyze/index.ts'
import { percentText } from './test-coverage.ts'

export interface Mutation {
  readonly judged: readonly JudgedMutant[]
  readonly score: MutationScore
  /** How many mutants there are; more than were judged with `--max-mutants`. */
  readonly all: number
  readonly describe: typeof requestText
}

export function mutationText({ judged, score, all, describe }: Mutation, show: (path: string) => string): string {
  const { killed, total, equivalent, survived, unknown } = score
  const counts = [`${killed} of ${total - equivalent} mutants noticed, ${percentText(score.score)}`]
  if (survived > 0) counts.push(`${survived} survived`)
  if (unknown > 0) counts.push(`${unknown} unknown`)
  const lines = [`mutation: ${counts.join(', ')}`]
  if (equivalent > 0) lines.push(`  ${equivalent} more decide the same, which is proved`)
  if (all > total) lines.push(`  ${total} of ${all} mutants were made, evenly spread`)
  for (const { mutant, fate } of judged) {
    const place = `${show(mutant.place.path)}:${mutant.place.line}`
    if (fate.kind === 'survived') lines.push(`  ${place}  ${mutant.said}`, ...witnessLines(fate.apart, describe))
    if (fate.kind === 'unknown') lines.push(`  ${place}  ${mutant.said}`, `    unknown: ${fate.why}`)
  }
  return `\n${lines.join('\n')}\n`
}

const MAX_SHOWN = 240

function witnessLines({ request, state, verdicts }: ToldApart, describe: typeof requestText): readonly string[] {
  const { args, readings, since, ...facts } = request
  const named = args as { readonly [name: string]: unknown } | undefined // Printed as JSON, whatever it is.
  const parts = [
    describe({ ...facts, ...(named !== undefined && { args: named }) }),
    ...(since === undefined ? [] : [`since ${typeof since === 'number' ? new Date(since).toISOString() : since}`]),
    ...Object.entries(readings?.used ?? {}).map(([window, used]) => `used ${used} per ${window}`),
    ...Object.entries(readings?.spent ?? {}).map(([window, spent]) => `spent ${spent} USD per ${window}`),
  ]
  const [before, after] = verdicts.map(({ decision, reason }) =>
    decision === 'allow' ? decision : `${decision} (${reason})`,
  )
  return [
    `    ${shortened(parts.join(' '))}`,
    ...(state === undefined ? [] : [`    with --state ${shortened(JSON.stringify(state))}`]),
    `    ${before}, with the mistake ${after}`,
  ]
}

function shortened(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text
}

export function mutationJson({ judged, score, all }: Mutation, show: (path: string) => string): unknown {
  return {
    ...score,
    all,
    mutants: judged.map(({ mutant: { kind, place, rule, said }, fate }) => ({
      kind,
      path: show(place.path),
      line: place.line,
      ...(rule !== undefined && { rule }),
      said,
      fate: fate.kind,
      ...(fate.kind === 'survived' && { witness: fate.apart }),
      ...(fate.kind === 'unknown' && { why: fate.why }),
    })),
  }
}
