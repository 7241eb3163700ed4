/**
 * Matches a whole string against a regular expression: from the set of places where an expression may begin it computes
 * the set of places where it may end, so nothing is ever tried twice.
 */
import type { RegexExpression } from '../model/index.ts'

export function matchesRegex(root: RegexExpression, text: string): boolean {
  const points = Array.from(text, (char) => char.codePointAt(0) ?? 0)
  return ends(root, points, new Set([0])).has(points.length)
}

type Places = ReadonlySet<number>

function ends(expression: RegexExpression, points: readonly number[], starts: Places): Places {
  switch (expression.kind) {
    case 'empty':
      return starts
    case 'class': {
      const after = new Set<number>()
      for (const start of starts) {
        const point = points[start]
        if (point === undefined) continue
        if (expression.ranges.some(({ low, high }) => low <= point && point <= high)) after.add(start + 1)
      }
      return after
    }
    case 'sequence':
      return expression.items.reduce((places, item) => ends(item, points, places), starts)
    case 'choice':
      return new Set(expression.options.flatMap((option) => [...ends(option, points, starts)]))
    case 'repeat':
      return repeat(expression, points, starts)
  }
}

function repeat(
  { item, min, max }: RegexExpression & { readonly kind: 'repeat' },
  points: readonly number[],
  starts: Places,
): Places {
  let places = starts
  for (let turn = 0; turn < min; turn++) places = ends(item, points, places)
  const reached = new Set(places)
  for (let turn = min; max === undefined || turn < max; turn++) {
    // A place reached before leads nowhere new within the turns that are left.
    const fresh = new Set([...ends(item, points, places)].filter((place) => !reached.has(place)))
    if (fresh.size === 0) break
    for (const place of fresh) reached.add(place)
    places = fresh
  }
  return reached
}
