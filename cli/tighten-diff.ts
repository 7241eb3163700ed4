/** Two texts as a unified diff, as `patch` reads it. */

/** Lines of context around a change. */
const CONTEXT = 3

/** Empty for equal texts. @see E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986 */
export function unifiedDiff(path: string, before: string, after: string): string {
  if (before === after) return ''
  const [old, fresh] = [linesOf(before), linesOf(after)]
  const steps = toSteps(old, fresh)
  const changed = steps.flatMap(({ sign }, at) => (sign === ' ' ? [] : [at]))
  const hunks: { from: number; to: number }[] = []
  for (const at of changed) {
    const last = hunks.at(-1)
    if (last !== undefined && at - CONTEXT <= last.to + 1) last.to = Math.min(at + CONTEXT, steps.length - 1)
    else hunks.push({ from: Math.max(0, at - CONTEXT), to: Math.min(at + CONTEXT, steps.length - 1) })
  }
  return `--- ${path}\n+++ ${path}\n${hunks.map(({ from, to }) => hunkText(steps, from, to)).join('')}`
}

interface Step {
  readonly sign: ' ' | '-' | '+'
  /** With its end, if it has one. */
  readonly line: string
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(/(?<=\n)/)
}

function hunkText(steps: readonly Step[], from: number, to: number): string {
  const before = (sign: '-' | '+') =>
    steps.slice(0, from).filter((step) => step.sign === ' ' || step.sign === sign).length
  const shown = steps.slice(from, to + 1)
  const range = (sign: '-' | '+') => {
    const count = shown.filter((step) => step.sign === ' ' || step.sign === sign).length
    // A range without lines is named by the line before it.
    return `${count === 0 ? before(sign) : before(sign) + 1},${count}`
  }
  const body = shown.map(({ sign, line }) =>
    line.endsWith('\n') ? `${sign}${line}` : `${sign}${line}\n\\ No newline at end of file\n`,
  )
  return `@@ -${range('-')} +${range('+')} @@\n${body.join('')}`
}

function toSteps(old: readonly string[], fresh: readonly string[]): readonly Step[] {
  let head = 0
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head++
  let tail = 0
  const most = Math.min(old.length, fresh.length) - head
  while (tail < most && old[old.length - 1 - tail] === fresh[fresh.length - 1 - tail]) tail++
  const keep = (line: string): Step => ({ sign: ' ', line })
  return [
    ...old.slice(0, head).map(keep),
    ...shortest(old.slice(head, old.length - tail), fresh.slice(head, fresh.length - tail)),
    ...old.slice(old.length - tail).map(keep),
  ]
}

/** The furthest reaching path of each number of edits, then the way back. */
function shortest(old: readonly string[], fresh: readonly string[]): readonly Step[] {
  const trail: Map<number, number>[] = []
  let reached = new Map([[1, 0]])
  for (let edits = 0; ; edits++) {
    const next = new Map<number, number>()
    for (let k = -edits; k <= edits; k += 2) {
      const isDown = k === -edits || (k !== edits && (reached.get(k - 1) ?? -1) < (reached.get(k + 1) ?? -1))
      let x = isDown ? (reached.get(k + 1) ?? 0) : (reached.get(k - 1) ?? 0) + 1
      while (x < old.length && x - k < fresh.length && x - k >= 0 && old[x] === fresh[x - k]) x++
      next.set(k, x)
      if (x >= old.length && x - k >= fresh.length) return wayBack(old, fresh, [...trail, reached])
    }
    trail.push(reached)
    reached = new Map([...reached, ...next])
  }
}

function wayBack(
  old: readonly string[],
  fresh: readonly string[],
  trail: readonly Map<number, number>[],
): readonly Step[] {
  const steps: Step[] = []
  let [x, y] = [old.length, fresh.length]
  for (let edits = trail.length - 1; edits >= 0; edits--) {
    const reached = trail[edits] ?? new Map<number, number>()
    const k = x - y
    const isDown = k === -edits || (k !== edits && (reached.get(k - 1) ?? -1) < (reached.get(k + 1) ?? -1))
    const from = isDown ? k + 1 : k - 1
    const fromX = edits === 0 ? 0 : (reached.get(from) ?? 0)
    const fromY = edits === 0 ? 0 : fromX - from
    while (x > fromX && y > fromY) {
      steps.push({ sign: ' ', line: old[x - 1] ?? '' })
      x--
      y--
    }
    if (edits === 0) break
    if (isDown) steps.push({ sign: '+', line: fresh[y - 1] ?? '' })
    else steps.push({ sign: '-', line: old[x - 1] ?? '' })
    x = fromX
    y = fromY
  }
  return steps.reverse()
}
