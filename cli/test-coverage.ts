/** What `kavach test --coverage` says: which parts of the policy its tests see deciding. */
import type { CoverageScore, CoveredPart } from '../compiler/analyze/index.ts'
import { plural } from './findings.ts'

export interface Coverage {
  readonly parts: readonly CoveredPart[]
  readonly score: CoverageScore
}

/** Ends with a line feed; the parts of each rule stand below it. */
export function coverageText({ parts, score }: Coverage, show: (path: string) => string): string {
  const lines = [
    `coverage: ${score.seen} of ${plural(score.sides, 'side')} seen deciding, ${percentText(score.percent)}`,
  ]
  if (score.void > 0) lines[0] += `; ${score.void} more cannot be seen by any test`
  let owner = ''
  for (const part of parts) {
    const missing = part.sides.filter(({ fate }) => fate === 'unseen')
    if (missing.length === 0) continue
    const place = `${show(part.owner.place.path)}:${part.owner.place.line}`
    const head = `  ${place}  ${part.owner.text}`
    if (head !== owner) lines.push(head)
    owner = head
    for (const { claim } of missing) lines.push(`    ${part.place.line}  \`${part.text}\` was not seen ${claim}`)
  }
  return `\n${lines.join('\n')}\n`
}

/** One digit behind the point, never rounded up to 100. */
export function percentText(percent: number): string {
  return `${(Math.floor(percent * 10) / 10).toFixed(1)} %`
}

export function coverageJson({ parts, score }: Coverage, show: (path: string) => string): unknown {
  return {
    ...score,
    parts: parts.map(({ kind, place, owner, text, sides }) => ({
      kind,
      path: show(place.path),
      line: place.line,
      rule: { path: show(owner.place.path), line: owner.place.line, text: owner.text },
      text,
      sides: sides.map(({ claim, fate, apart }) => ({ claim, fate, ...(apart && { witness: apart }) })),
    })),
  }
}
