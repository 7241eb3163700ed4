/** What may be wrong with one atom of a condition: it is missing, turned round, or off by one. */

import type { AtomNode, CidrNode, HoursNode, InAtom, PolicyFile, SetDeclaration, Span } from '../../grammar/index.ts'
import { mergeRanges } from '../algebra/index.ts'
import { lineText } from '../front/index.ts'
import { type AtomModel, formatCidr, formatDecimal, formatHours, type HoursRange, weekRanges } from '../model/index.ts'
import { replaceAt } from './mutate-edit.ts'

export type AtomMutation =
  | 'drop-atom'
  | 'negate-atom'
  | 'shift-bound'
  | 'drop-element'
  | 'shift-hours'
  | 'widen-network'

export interface AtomMutant {
  readonly kind: AtomMutation
  /** What is changed, in the file of the atom. */
  readonly span: Span
  readonly said: string
  /** `undefined`: the condition does without. */
  readonly atom: AtomModel | undefined
}

/** All mutants of an atom, `node` being its text; sets are changed at this use only. */
export function atomMutants(
  atom: AtomModel,
  node: AtomNode,
  file: PolicyFile,
  sets: ReadonlyMap<string, SetDeclaration>,
): readonly AtomMutant[] {
  const text = lineText(file, node)
  const turned = node.negated ? text.replace(/^not\s+/, '') : `not ${text}`
  return [
    { kind: 'drop-atom', span: node, said: `without \`${text}\``, atom: undefined },
    { kind: 'negate-atom', span: node, said: becomes(text, turned), atom: { ...atom, negated: !atom.negated } },
    ...boundMutants(atom, node, file),
    ...elementMutants(atom, node, file, sets),
  ]
}

function becomes(before: string, after: string): string {
  return `\`${before}\` becomes \`${after}\``
}

const PLACES = 9

/** A bound moves by one in the last place that is written. */
function boundMutants(atom: AtomModel, node: AtomNode, file: PolicyFile): readonly AtomMutant[] {
  if (node.kind !== 'compare' || node.value.kind !== 'decimal' || !('operator' in atom)) return []
  const { value, operator } = node
  const [, fraction = ''] = value.text.split('.')
  const step = 10n ** BigInt(PLACES - fraction.replaceAll('_', '').length)
  const head = lineText(file, { start: node.start, end: value.start }).trimEnd()
  if (operator === '=') {
    return (['<=', '>='] as const).map((other) => ({
      kind: 'shift-bound',
      span: node,
      said: becomes(lineText(file, node), `${head.replace(/=$/, other)} ${value.text}`),
      atom: { ...atom, operator: other },
    }))
  }
  return [-step, step].flatMap((by) => {
    const units = atom.units + by
    if (units < 0n) return []
    const said = becomes(lineText(file, node), `${head} ${formatDecimal(units)}`)
    return [{ kind: 'shift-bound', span: value, said, atom: { ...atom, units } }]
  })
}

function elementMutants(
  atom: AtomModel,
  node: AtomNode,
  file: PolicyFile,
  sets: ReadonlyMap<string, SetDeclaration>,
): readonly AtomMutant[] {
  if (node.kind === 'args-only' && atom.kind === 'args-only') {
    if (atom.names.length < 2) return []
    return atom.names.map((name) => ({
      kind: 'drop-element',
      span: node.names.find(({ text }) => text === name) ?? node,
      said: `without \`${name}\` in \`args only\``,
      atom: { ...atom, names: atom.names.filter((other) => other !== name) },
    }))
  }
  if (node.kind !== 'in') return []
  const { values } = node
  const resolved = values.kind === 'set-reference' ? sets.get(values.name.text)?.value : values
  // What a set holds stands in another place: the use is what is changed.
  const spanOf = (item: Span): Span => (values.kind === 'set-reference' ? node : item)
  switch (resolved?.kind) {
    case 'cidrs':
      return networkMutants(atom, resolved.items, spanOf)
    case 'hours':
      return hoursMutants(atom, resolved.items, spanOf)
    case 'list':
      return listMutants(atom, resolved.items, file)
    default:
      return []
  }
}

const V4 = 0xffffn << 32n
const V4_SIZE = 1n << 32n
const ALL = 1n << 128n

function networkMutants(
  atom: AtomModel,
  items: readonly CidrNode[],
  spanOf: (item: Span) => Span,
): readonly AtomMutant[] {
  if (atom.kind !== 'ip-in' && atom.kind !== 'arg-ip-in') return []
  const kept = items.length < 2 ? [] : items
  const dropped = kept.map((item, index): AtomMutant => {
    const rest = replaceAt(items, index, undefined).map(({ value }) => value)
    return {
      kind: 'drop-element',
      span: spanOf(item),
      said: `without \`${item.text}\``,
      atom: { ...atom, ranges: mergeRanges(rest) },
    }
  })
  const widened = items.flatMap((item, index): readonly AtomMutant[] => {
    const { low, high } = item.value
    const size = (high - low + 1n) * 2n
    const isV4 = low >= V4 && high < V4 + V4_SIZE
    if (size > (isV4 ? V4_SIZE : ALL)) return []
    const from = low - (low % size)
    const wide = { low: from, high: from + size - 1n }
    const ranges = mergeRanges(items.map(({ value }, at) => (at === index ? wide : value)))
    return [
      {
        kind: 'widen-network',
        span: spanOf(item),
        said: becomes(item.text, formatCidr(wide)),
        atom: { ...atom, ranges },
      },
    ]
  })
  return [...dropped, ...widened]
}

const DAY = 1440

function hoursMutants(
  atom: AtomModel,
  items: readonly HoursNode[],
  spanOf: (item: Span) => Span,
): readonly AtomMutant[] {
  if (atom.kind !== 'time-in' && atom.kind !== 'arg-time-in') return []
  return items.flatMap((item, index): readonly AtomMutant[] => {
    const withItem = (range: HoursRange | undefined) => {
      const values = items.map(({ value }) => value)
      return { ...atom, ranges: weekRanges(replaceAt(values, index, range)) }
    }
    const { from, to } = item.value
    const shifted = [
      { from: from - 1, to },
      { from: from + 1, to },
      { from, to: to - 1 },
      { from, to: to + 1 },
    ].filter((ends) => ends.from >= 0 && ends.from < DAY && ends.to >= 1 && ends.to <= DAY && ends.from !== ends.to)
    return [
      ...(items.length < 2
        ? []
        : [
            {
              kind: 'drop-element',
              span: spanOf(item),
              said: `without \`${item.text}\``,
              atom: withItem(undefined),
            } as const,
          ]),
      ...shifted.map((ends) => {
        const range = { ...item.value, ...ends }
        const said = becomes(item.text, formatHours(range))
        return { kind: 'shift-hours', span: spanOf(item), said, atom: withItem(range) } as const
      }),
    ]
  })
}

function listMutants(
  atom: AtomModel,
  items: Extract<InAtom['values'], { readonly kind: 'list' }>['items'],
  file: PolicyFile,
): readonly AtomMutant[] {
  if (items.length < 2) return []
  return items.flatMap((item, index): readonly AtomMutant[] => {
    const changed = withoutElement(atom, items, index)
    if (changed === undefined) return []
    return [{ kind: 'drop-element', span: item, said: `without \`${lineText(file, item)}\``, atom: changed }]
  })
}

/** `undefined` when the element is written twice, or the list would be empty. */
function withoutElement(
  atom: AtomModel,
  items: Extract<InAtom['values'], { readonly kind: 'list' }>['items'],
  index: number,
): AtomModel | undefined {
  const gone = items[index]
  if (gone === undefined) return undefined
  const isGone = (value: unknown): boolean => value === (gone.kind === 'decimal' ? gone.value.units : gone.value)
  const keep = <T>(values: readonly T[]): readonly T[] | undefined => {
    const kept = values.filter((value) => !isGone(value))
    return kept.length === 0 || kept.length === values.length ? undefined : kept
  }
  switch (atom.kind) {
    case 'arg-strings': {
      const values = keep(atom.values)
      return values && { ...atom, values }
    }
    case 'arg-numbers': {
      const values = keep(atom.values)
      return values && { ...atom, values }
    }
    case 'arg-boolean': {
      const values = keep(atom.values)
      return values && { ...atom, values }
    }
    case 'agent-type': {
      const types = keep(atom.types)
      return types && { ...atom, types }
    }
    case 'agent-owner': {
      const owners = keep(atom.owners)
      return owners && { ...atom, owners }
    }
    default:
      return undefined
  }
}
