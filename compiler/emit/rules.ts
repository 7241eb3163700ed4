/** Rule sets: what an agent, a role, a delegation, the boundary or the guardrails say, in the order the engine searches. */
import {
  PATTERN_DFA,
  PATTERN_EXACT,
  PATTERN_REST,
  PATTERN_SIZE,
  PATTERN_STAR,
  RULE_SIZE,
} from '../../engine-wasm/format/layout.ts'
import type { Dfa } from '../algebra/index.ts'
import type { PatternLiteral, ScopeModel } from '../model/index.ts'
import { formatPattern } from '../model/index.ts'
import type { Actions } from './actions.ts'
import { type PatternForm, toForms } from './patterns.ts'
import { type Pools, tableOf } from './pools.ts'
import type { Sink } from './sink.ts'

/** A rule before its patterns are looked at. */
export interface Rule extends ScopeModel {
  readonly id: number
  /** Index + 1 into extras or guards. */
  readonly extra: number
}

export interface RuleSet {
  readonly start: number
  readonly hashed: number
  readonly general: number
}

/** Where sets are written to: a record and a hash for each rule. */
export interface RuleSinks {
  readonly records: Sink
  readonly hashes: Sink
  readonly patterns: Sink
}

export interface RuleWriter {
  write(rules: readonly Rule[]): RuleSet
  /** Bit k: some pattern is k literal segments and then `*`, or `**`. */
  starDepths(): number
  restDepths(): number
}

const PATTERN_KINDS = { exact: PATTERN_EXACT, star: PATTERN_STAR, rest: PATTERN_REST }

/** Writes rules, their hashes and their patterns. */
export function createRuleWriter(actions: Actions, pools: Pools, { records, hashes, patterns }: RuleSinks): RuleWriter {
  let starDepths = 0
  let restDepths = 0
  /** Forms of patterns by their text: the same pattern in many grants is compiled once. */
  const forms = new Map<string, readonly PatternForm[]>()
  const known = new Map<PatternLiteral, readonly PatternForm[]>()
  const compiled = new Map<PatternForm, CompiledForm>()
  const indices = new Map<string, number>()

  const intern = (kind: number, first: number, second: number): number => {
    const key = `${kind} ${first} ${second}`
    const found = indices.get(key)
    if (found !== undefined) return found
    const index = patterns.length() / PATTERN_SIZE
    patterns.u32(kind)
    patterns.u32(first)
    patterns.u32(second)
    indices.set(key, index)
    return index
  }

  const compileForm = (form: PatternForm): CompiledForm => {
    if (form.kind === 'dfa') return { hash: 0, isGeneral: true, pattern: intern(PATTERN_DFA, pools.dfa(form.dfa), 0) }
    if (form.kind === 'star') starDepths |= 1 << form.depth
    if (form.kind === 'rest') restDepths |= 1 << form.depth
    const pattern = intern(PATTERN_KINDS[form.kind], pools.text(form.bytes), form.bytes.length)
    return { hash: form.hash, isGeneral: false, pattern }
  }

  const formsOf = (pattern: PatternLiteral): readonly PatternForm[] => {
    const same = known.get(pattern)
    if (same !== undefined) return same
    const text = formatPattern(pattern)
    const made = forms.get(text) ?? toForms(pattern)
    forms.set(text, made)
    known.set(pattern, made)
    return made
  }

  const compile = (form: PatternForm): CompiledForm => {
    const made = compiled.get(form) ?? compileForm(form)
    compiled.set(form, made)
    return made
  }

  return {
    write: (rules) => {
      const start = records.length() / RULE_SIZE
      const rows: Row[] = []
      for (const { id, extra, actions: names, exceptActions, patterns: list, automata } of rules) {
        const field = actions.field(names, exceptActions)
        const [only] = list
        const isSingle = list.length === 1 && only !== undefined && automata === undefined
        const all = isSingle ? formsOf(only) : inOrder([...list.flatMap(formsOf), ...(automata ?? []).map(toForm)])
        for (const form of all) rows.push({ form: compile(form), field, id, extra })
      }
      rows.sort(compareRows)
      let general = 0
      for (const { form, field, id, extra } of rows) {
        hashes.u32(form.hash)
        records.u32(form.pattern)
        records.u32(field)
        records.u32(id)
        records.u32(extra)
        if (form.isGeneral) general++
      }
      return { start, hashed: rows.length - general, general }
    },
    starDepths: () => starDepths >>> 0,
    restDepths: () => restDepths >>> 0,
  }
}

function toForm(dfa: Dfa): PatternForm {
  return { kind: 'dfa', dfa }
}

/** Texts before automata, and these by their tables: a rule read back from an image is stored as it was. */
function inOrder(forms: readonly PatternForm[]): readonly PatternForm[] {
  if (forms.length === 1) return forms
  const texts = forms.filter(({ kind }) => kind !== 'dfa')
  if (texts.length === forms.length) return forms
  const machines = forms.flatMap((form) => (form.kind === 'dfa' ? [{ form, key: tableOf(form.dfa) }] : []))
  machines.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return [...texts, ...machines.map(({ form }) => form)]
}

interface CompiledForm {
  readonly hash: number
  readonly isGeneral: boolean
  readonly pattern: number
}

interface Row {
  readonly form: CompiledForm
  readonly field: number
  readonly id: number
  readonly extra: number
}

/** By hash, so that the engine can search; the general ones last. */
function compareRows(a: Row, b: Row): number {
  if (a.form.isGeneral !== b.form.isGeneral) return a.form.isGeneral ? 1 : -1
  return a.form.hash - b.form.hash || a.id - b.id || a.form.pattern - b.form.pattern
}
