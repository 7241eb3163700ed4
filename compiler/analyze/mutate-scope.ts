/** What may be wrong with the actions and resources of a rule. */
import type { PolicyFile, ScopeNode, Span } from '../../grammar/index.ts'
import { lineText } from '../front/index.ts'
import { formatPattern, type PatternLiteral, type PatternSegment, type ScopeModel } from '../model/index.ts'
import { replaceAt } from './mutate-edit.ts'

export type ScopeMutation =
  | 'drop-action'
  | 'any-action'
  | 'drop-pattern'
  | 'drop-alternative'
  | 'widen-segment'
  | 'widen-rest'

export interface ScopeMutant {
  readonly kind: ScopeMutation
  readonly span: Span
  readonly said: string
  readonly scope: Pick<ScopeModel, 'actions' | 'patterns'>
}

/** All mutants of a scope that still means something; `node` is its text. */
export function scopeMutants(scope: ScopeModel, node: ScopeNode, file: PolicyFile): readonly ScopeMutant[] {
  return [...actionMutants(scope, node), ...patternMutants(scope, node, file)]
}

function actionMutants({ actions, patterns }: ScopeModel, node: ScopeNode): readonly ScopeMutant[] {
  if (actions === undefined) return []
  const dropped = actions.length < 2 ? [] : actions
  return [
    ...dropped.map((action): ScopeMutant => {
      const rest = actions.filter((other) => other !== action)
      const span = node.actions.names.find(({ text }) => text === action) ?? node.actions
      return { kind: 'drop-action', span, said: `without the action \`${action}\``, scope: { actions: rest, patterns } }
    }),
    {
      kind: 'any-action',
      span: node.actions,
      said: `\`${actions.join(', ')}\` becomes \`*\``,
      scope: { actions: undefined, patterns },
    },
  ]
}

function patternMutants({ actions, patterns }: ScopeModel, node: ScopeNode, file: PolicyFile): readonly ScopeMutant[] {
  return patterns.flatMap((pattern, index): readonly ScopeMutant[] => {
    const span = node.patterns[index] ?? node
    const text = lineText(file, span)
    const put = (kind: ScopeMutation, changed: PatternLiteral): ScopeMutant => ({
      kind,
      span,
      said: `\`${text}\` becomes \`${formatPattern(changed)}\``,
      scope: { actions, patterns: replaceAt(patterns, index, changed) },
    })
    const others = replaceAt(patterns, index, undefined)
    return [
      ...(others.length === 0
        ? []
        : [
            {
              kind: 'drop-pattern',
              span,
              said: `without \`${text}\``,
              scope: { actions, patterns: others },
            } as const,
          ]),
      ...withoutAlternatives(pattern).map((changed) => put('drop-alternative', changed)),
      ...widerSegments(pattern).map((changed) => put('widen-segment', changed)),
      ...(isLoneAny(pattern.segments.at(-1)) && !pattern.rest
        ? [put('widen-rest', { segments: pattern.segments.slice(0, -1), rest: true })]
        : []),
    ]
  })
}

function isLoneAny(segment: PatternSegment | undefined): boolean {
  return segment?.length === 1 && segment[0]?.kind === 'any'
}

const ANY: PatternSegment = [{ kind: 'any' }]

/** The pattern with each literal segment in turn as `*`. */
function widerSegments({ segments, rest }: PatternLiteral): readonly PatternLiteral[] {
  return segments.flatMap((segment, index) =>
    segment.every(({ kind }) => kind === 'text') ? [{ rest, segments: replaceAt(segments, index, ANY) }] : [],
  )
}

/** The pattern without each alternative of `{...}` in turn. */
function withoutAlternatives({ segments, rest }: PatternLiteral): readonly PatternLiteral[] {
  return segments.flatMap((segment, at) =>
    segment.flatMap((part, within) => {
      if (part.kind !== 'choice' || part.options.length < 2) return []
      return part.options.map((_, option) => {
        const options = replaceAt(part.options, option, undefined)
        const changed = replaceAt(segment, within, { kind: 'choice', options })
        return { rest, segments: replaceAt(segments, at, changed) }
      })
    }),
  )
}
