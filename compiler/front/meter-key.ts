/**
 * Identities of rate and budget clauses: the KEY of docs/language.md, section 8.
 *
 * An identity is what a clause is about, never its numbers, so that a raised limit or a moved declaration keeps the
 * count that was already used. Sets stand in it by name: changing an allowlist is no reason to forget a meter either.
 */
import type {
  AtomNode,
  BudgetNode,
  ConditionNode,
  LiteralNode,
  PathNode,
  PolicyFile,
  RateNode,
  ScopeNode,
} from '../../grammar/index.ts'
import { createMeterKeys, formatPattern } from '../model/index.ts'
import { holderOf, type RuleHolder } from './rules.ts'

/** The clause keys of a policy, 16 hex digits each. `files` are sorted by the bytes of their paths. */
export function meterKeys(files: readonly PolicyFile[]): ReadonlyMap<RateNode | BudgetNode, string> {
  const keys = new Map<RateNode | BudgetNode, string>()
  const keyOf = createMeterKeys()
  const add = (holder: RuleHolder, clause: RateNode | BudgetNode, covered: Covered, each: string) => {
    const { actions, patterns, atoms } = covered
    keys.set(clause, keyOf([holder.kind, holder.name, clause.kind, actions, patterns, atoms, each]))
  }
  for (const file of files) {
    for (const node of file.declarations) {
      switch (node.kind) {
        case 'role':
        case 'agent':
        case 'delegation':
        case 'boundary': {
          const holder = holderOf(node)
          for (const member of node.kind === 'role' ? node.grants : node.members) {
            if (member.kind === 'limit') {
              add(holder, member.limit, EVERYTHING, member.limit.kind === 'rate' ? (member.limit.each ?? '') : '')
            } else if (member.kind === 'grant') {
              let covered: Covered | undefined
              for (const clause of member.clauses) {
                if (clause.kind !== 'rate') continue
                covered ??= coveredBy(member.scope, member.when)
                add(holder, clause, covered, clause.each ?? '')
              }
            }
          }
          break
        }
        case 'limit-all':
          add({ kind: 'policy', name: '' }, node.limit, coveredBy(node.scope, undefined), node.each ?? '')
          break
        default:
      }
    }
  }
  return keys
}

interface Covered {
  readonly actions: '*' | readonly string[]
  readonly patterns: readonly string[]
  readonly atoms: readonly string[]
}

const EVERYTHING: Covered = { actions: '*', patterns: ['**'], atoms: [] }

function coveredBy(scope: ScopeNode, when: ConditionNode | undefined): Covered {
  return {
    actions: scope.actions.any ? '*' : distinct(scope.actions.names.map((name) => name.text)),
    patterns: distinct(scope.patterns.map((pattern) => formatPattern(pattern.value))),
    atoms: when === undefined ? [] : distinct(when.atoms.map(atomText)),
  }
}

/** Sorted by UTF-16 code units, duplicates dropped. */
function distinct(texts: readonly string[]): readonly string[] {
  return texts.length < 2 ? texts : [...new Set(texts)].sort()
}

function atomText(atom: AtomNode): string {
  const not = atom.negated ? 'not ' : ''
  switch (atom.kind) {
    case 'args-only':
      return `${not}args only [${distinct(atom.names.map((name) => JSON.stringify(name.text))).join(', ')}]`
    case 'in':
      return `${not}${pathText(atom.path)} in ${valuesText(atom.values)}`
    case 'matches':
      return `${not}${pathText(atom.path)} matches ${atom.pattern.kind === 'regex' ? atom.pattern.text : atom.pattern.name.text}`
    case 'compare':
      return `${not}${pathText(atom.path)} ${atom.operator} ${literalText(atom.value)}`
  }
}

function pathText(path: PathNode): string {
  return [path.root, ...path.names.map((name) => JSON.stringify(name.text))].join('.')
}

function valuesText(values: Extract<AtomNode, { kind: 'in' }>['values']): string {
  switch (values.kind) {
    case 'set-reference':
      return values.name.text
    case 'cidrs':
      return `cidr [${distinct(values.items.map((item) => item.text)).join(', ')}]`
    case 'hours':
      return `hours ${distinct(values.items.map((item) => `${item.value.days} ${item.value.from}-${item.value.to}`)).join(', ')}`
    case 'list':
      return `[${distinct(values.items.map(literalText)).join(', ')}]`
  }
}

function literalText(literal: LiteralNode): string {
  switch (literal.kind) {
    case 'string':
      return JSON.stringify(literal.value)
    case 'decimal':
      return String(literal.value.units)
    case 'boolean':
    case 'word':
      return String(literal.value)
  }
}
