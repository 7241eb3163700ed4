/** Rules of an image, put together again: the engine has one for each form of each pattern, sorted for its search. */
import * as layout from '../../engine-wasm/format/layout.ts'
import type { Dfa } from '../algebra/index.ts'
import type { PatternLiteral, ScopeModel } from '../model/index.ts'
import { type ConditionReader, readWords } from './decompile-condition.ts'
import { patternOfAutomaton, patternOfKey } from './decompile-pattern.ts'
import type { KeyForm } from './hash.ts'
import type { ImageReader } from './read-image.ts'

export interface ReadRule {
  readonly id: number
  readonly scope: ScopeModel
  /** Index + 1 into extras, or into guards for a guardrail; 0 for none. */
  readonly extra: number
}

export interface RuleReader {
  /** The rules of the set whose start and counts stand at `at`, by id. @throws {RangeError} */
  rules(at: number): readonly ReadRule[]
}

/** What a pattern became: a text, or an automaton for which none was found. */
type ReadPattern =
  | { readonly kind: 'pattern'; readonly pattern: PatternLiteral }
  | { readonly kind: 'automaton'; readonly dfa: Dfa }

export function createRuleReader(reader: ImageReader, conditions: ConditionReader): RuleReader {
  const patterns = new Map<number, ReadPattern>()
  const patternOf = (index: number): ReadPattern => {
    const known = patterns.get(index) ?? readPattern(reader, conditions, index)
    patterns.set(index, known)
    return known
  }
  const fields = new Map<number, ScopeModel['actions']>()
  const actionsOf = (field: number): ScopeModel['actions'] => {
    if (field === layout.ACTIONS_ANY) return undefined
    const known = fields.get(field) ?? readActions(reader, field)
    fields.set(field, known)
    return known
  }
  return {
    rules: (at) =>
      groupRows(reader, at).map(({ id, field, extra, patterns: indices }) => {
        // In the order in which they were stored, which is that of the policy: sorting them again changes no byte.
        const found = indices.sort((a, b) => a - b).map(patternOf)
        const automata = found.flatMap((each) => (each.kind === 'automaton' ? [each.dfa] : []))
        const scope = {
          actions: actionsOf(field),
          patterns: found.flatMap((each) => (each.kind === 'pattern' ? [each.pattern] : [])),
          ...(automata.length > 0 && { automata }),
        }
        return { id, scope, extra }
      }),
  }
}

interface Group {
  readonly id: number
  readonly field: number
  readonly extra: number
  readonly patterns: number[]
}

function groupRows(reader: ImageReader, at: number): readonly Group[] {
  const start = reader.u32(at)
  const total = reader.u32(at + 4) + reader.u32(at + 8)
  const groups = new Map<string, Group>()
  for (let index = start; index < start + total; index++) {
    const rule = reader.at(layout.S_RULES, index, layout.RULE_SIZE)
    const id = reader.u32(rule + layout.RULE_ID)
    const field = reader.u32(rule + layout.RULE_ACTIONS)
    const extra = reader.u32(rule + layout.RULE_EXTRA)
    const pattern = reader.u32(rule + layout.RULE_PATTERN)
    // One rule has one id; the rest of the key keeps apart what a stranger's image may have under it.
    const key = `${id} ${field} ${extra}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { id, field, extra, patterns: [pattern] })
    else group.patterns.push(pattern)
  }
  return [...groups.values()].sort((a, b) => a.id - b.id || a.extra - b.extra || a.field - b.field)
}

const KEY_FORMS: Readonly<Record<number, KeyForm>> = {
  [layout.PATTERN_EXACT]: 'exact',
  [layout.PATTERN_STAR]: 'star',
  [layout.PATTERN_REST]: 'rest',
}

function readPattern(reader: ImageReader, conditions: ConditionReader, index: number): ReadPattern {
  const at = reader.at(layout.S_PATTERNS, index, layout.PATTERN_SIZE)
  const kind = reader.u32(at + layout.PATTERN_KIND)
  const offset = reader.u32(at + layout.PATTERN_OFFSET)
  const form = KEY_FORMS[kind]
  if (form !== undefined) {
    const text = reader.text(offset, reader.u32(at + layout.PATTERN_LENGTH))
    return { kind: 'pattern', pattern: patternOfKey(form, text) }
  }
  if (kind !== layout.PATTERN_DFA) throw new RangeError(`pattern ${index} is of the kind ${kind}, which we do not know`)
  const dfa = conditions.dfa(offset)
  const pattern = patternOfAutomaton(dfa)
  return pattern === undefined ? { kind: 'automaton', dfa } : { kind: 'pattern', pattern }
}

function readActions(reader: ImageReader, field: number): readonly string[] {
  const start = field & layout.ACTIONS_ANY
  const indices =
    field > layout.ACTIONS_ANY
      ? readWords(reader, start + 1, readWords(reader, start, 1)[0] ?? 0)
      : Array.from({ length: layout.ACTION_OTHER_BIT }, (_, bit) => bit).filter((bit) => ((field >>> bit) & 1) !== 0)
  return indices.map((index) => {
    return reader.string(reader.u32(reader.at(layout.S_ACTIONS, index, layout.ACTION_SIZE) + layout.ACTION_NAME))
  })
}
