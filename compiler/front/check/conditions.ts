/**
 * Conditions are well typed: the operator fits the attribute and the value fits both.
 *
 * | attribute | operators and values |
 * |---|---|
 * | `ip` | `in` addresses |
 * | `time` | `in` hours |
 * | `trust`, `cost`, `len` | `=`, `<=`, `>=` a number |
 * | `agent.type` | `=` or `in` with `autonomous`, `delegated`, `service` |
 * | `agent.owner` | `=`, `in` with strings, `matches` |
 * | `args` | `=` and `in` with strings, numbers or booleans of one type, `<=`, `>=` a number, `in` addresses or hours, `matches` |
 */
import type {
  AtomNode,
  CompareAtom,
  InAtom,
  LiteralNode,
  MatchesAtom,
  PathNode,
  PolicyFile,
  SetReference,
  Span,
} from '../../../grammar/index.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'
import { walk } from './walk.ts'

/**
 * KV2001 (operator), KV2002 (type of a value), KV2003 (kind of a set), KV2004 (list of several types), KV2005 (`in` with a
 * regex), KV2006 (`matches` with something else), KV2007 (regex too large).
 */
export const checkConditions: Rule = (context) => {
  walk(context.policy.files, {
    condition: (condition, { file }) => {
      for (const atom of condition.atoms) checkAtom(context, file, atom)
    },
  })
  for (const { file, node } of context.policy.sets.values()) {
    if (node.value.kind === 'regex') checkRegex(context, file, node.value)
  }
}

function checkAtom(context: CheckContext, file: PolicyFile, atom: AtomNode): void {
  switch (atom.kind) {
    case 'args-only':
      return
    case 'compare':
      checkCompare(context, file, atom)
      return
    case 'in':
      checkIn(context, file, atom)
      return
    case 'matches':
      checkMatches(context, file, atom)
      return
  }
}

type ValueType = 'string' | 'number' | 'boolean' | 'agent type'

interface Attribute {
  /** What `in` takes beside a list. */
  readonly sets: readonly ('cidrs' | 'hours')[]
  /** Types of values for `=` and, where `lists`, in a list. */
  readonly values: readonly ValueType[]
  readonly lists: boolean
  readonly matches: boolean
  readonly use: string
}

const NUMBER: Attribute = {
  sets: [],
  values: ['number'],
  lists: false,
  matches: false,
  use: 'write `=`, `<=` or `>=` and a number',
}

const ATTRIBUTES: Readonly<Record<PathNode['root'], Attribute>> = {
  ip: { sets: ['cidrs'], values: [], lists: false, matches: false, use: 'write `ip in` and a set or `cidr [...]`' },
  time: { sets: ['hours'], values: [], lists: false, matches: false, use: 'write `time in` and a set or `hours ...`' },
  trust: NUMBER,
  cost: NUMBER,
  len: NUMBER,
  'agent.type': {
    sets: [],
    values: ['agent type'],
    lists: true,
    matches: false,
    use: 'write `=` or `in` with `autonomous`, `delegated` or `service`, without quotes',
  },
  'agent.owner': {
    sets: [],
    values: ['string'],
    lists: true,
    matches: true,
    use: 'write `=` or `in` with strings, or `matches` and a regex',
  },
  args: {
    sets: ['cidrs', 'hours'],
    values: ['string', 'number', 'boolean'],
    lists: true,
    matches: true,
    use: 'write strings, numbers or booleans, a set, or a regex after `matches`',
  },
}

const WORDS: Readonly<Record<'cidrs' | 'hours' | 'regex' | 'list', string>> = {
  cidrs: 'addresses',
  hours: 'hours',
  regex: 'a regex',
  list: 'a list',
}

function checkCompare(context: CheckContext, file: PolicyFile, atom: CompareAtom): void {
  const attribute = ATTRIBUTES[atom.path.root]
  const ordered = attribute.values.includes('number')
  if (attribute.values.length === 0 || (atom.operator !== '=' && !ordered)) {
    reportOperator(context, file, atom, atom.operator)
    return
  }
  const accepted: readonly ValueType[] = atom.operator === '=' ? attribute.values : ['number']
  reportValue(context, file, atom, atom.value, accepted)
}

function checkIn(context: CheckContext, file: PolicyFile, atom: InAtom): void {
  const attribute = ATTRIBUTES[atom.path.root]
  if (attribute.sets.length === 0 && !attribute.lists) {
    reportOperator(context, file, atom, 'in')
    return
  }
  const { values } = atom
  switch (values.kind) {
    case 'set-reference': {
      const set = context.policy.sets.get(values.name.text)
      if (set === undefined) return
      const { kind } = set.node.value
      if (kind === 'regex') reportWrongWord(context, file, atom, values)
      else if (!attribute.sets.includes(kind)) reportSetKind(context, file, atom, values)
      return
    }
    case 'cidrs':
    case 'hours':
      if (!attribute.sets.includes(values.kind)) reportKind(context, file, atom, values, values.kind)
      return
    case 'list':
      if (attribute.lists) checkList(context, file, atom, values.items)
      else reportKind(context, file, atom, values, 'list')
      return
  }
}

function checkList(context: CheckContext, file: PolicyFile, atom: InAtom, items: readonly LiteralNode[]): void {
  const attribute = ATTRIBUTES[atom.path.root]
  const [first] = items
  for (const item of items) {
    if (!reportValue(context, file, atom, item, attribute.values)) return
    if (first === undefined || typeOf(item) === typeOf(first)) continue
    context.report({
      code: 'KV2004',
      severity: 'error',
      message: 'this list has values of more than one type',
      path: file.path,
      span: spanOf(item),
      label: withArticle(typeOf(item)),
      secondary: [
        { path: file.path, span: spanOf(first), label: `the list begins with ${withArticle(typeOf(first))}` },
      ],
      help: 'an argument has one type; write two grants where both are meant',
    })
    return
  }
}

function checkMatches(context: CheckContext, file: PolicyFile, atom: MatchesAtom): void {
  if (!ATTRIBUTES[atom.path.root].matches) {
    reportOperator(context, file, atom, 'matches')
    return
  }
  const { pattern } = atom
  if (pattern.kind === 'regex') {
    checkRegex(context, file, pattern)
    return
  }
  const set = context.policy.sets.get(pattern.name.text)
  if (set !== undefined && set.node.value.kind !== 'regex') reportWrongWord(context, file, atom, pattern)
}

function checkRegex(
  context: CheckContext,
  file: PolicyFile,
  node: Parameters<CheckContext['regexes']['get']>[0],
): void {
  if (context.regexes.get(node) !== undefined) return
  context.report({
    code: 'KV2007',
    severity: 'error',
    message: 'this regex is too large',
    path: file.path,
    span: spanOf(node),
    label: 'its automaton has more than 4096 states',
    help: 'shorten counted repeats, or bound the length with `len` instead',
  })
}

function reportOperator(
  { report }: CheckContext,
  file: PolicyFile,
  atom: CompareAtom | InAtom | MatchesAtom,
  operator: string,
): void {
  report({
    code: 'KV2001',
    severity: 'error',
    message: `\`${pathText(atom.path)}\` has no operator \`${operator}\``,
    path: file.path,
    span: { start: atom.path.start, end: atom.end },
    label: 'does not fit',
    help: ATTRIBUTES[atom.path.root].use,
  })
}

/** Returns whether the value has one of the accepted types. */
function reportValue(
  { report }: CheckContext,
  file: PolicyFile,
  atom: CompareAtom | InAtom,
  value: LiteralNode,
  accepted: readonly ValueType[],
): boolean {
  const type = typeOf(value)
  if (accepted.includes(type)) return true
  const word = value.kind === 'string' && accepted.includes('agent type') ? AGENT_TYPES.get(value.value) : undefined
  report({
    code: 'KV2002',
    severity: 'error',
    message: `\`${pathText(atom.path)}\` cannot be compared with ${withArticle(type)} here`,
    path: file.path,
    span: spanOf(value),
    label: `expected ${accepted.map(withArticle).join(' or ')}`,
    help: ATTRIBUTES[atom.path.root].use,
    ...(word !== undefined && {
      fix: { title: 'remove the quotes', edits: [{ path: file.path, span: spanOf(value), text: word }] },
    }),
  })
  return false
}

const AGENT_TYPES: ReadonlyMap<string, string> = new Map(
  ['autonomous', 'delegated', 'service'].map((word) => [word, word]),
)

function reportKind(
  { report }: CheckContext,
  file: PolicyFile,
  atom: InAtom,
  span: Span,
  kind: 'cidrs' | 'hours' | 'list',
): void {
  report({
    code: 'KV2002',
    severity: 'error',
    message: `\`${pathText(atom.path)}\` cannot be compared with ${WORDS[kind]}`,
    path: file.path,
    span: spanOf(span),
    label: 'of another type',
    help: ATTRIBUTES[atom.path.root].use,
  })
}

function reportSetKind(context: CheckContext, file: PolicyFile, atom: InAtom, reference: SetReference): void {
  const set = context.policy.sets.get(reference.name.text)
  if (set === undefined) return
  const kind = WORDS[set.node.value.kind]
  context.report({
    code: 'KV2003',
    severity: 'error',
    message: `\`${pathText(atom.path)}\` cannot be in the set \`${reference.name.text}\``,
    path: file.path,
    span: spanOf(reference),
    label: `this set holds ${kind}`,
    secondary: [{ path: set.file.path, span: spanOf(set.node.name), label: 'declared here' }],
    help: ATTRIBUTES[atom.path.root].use,
  })
}

/** `in` with a regex set, or `matches` with another one: the set is right, the word is not. */
function reportWrongWord(
  context: CheckContext,
  file: PolicyFile,
  atom: InAtom | MatchesAtom,
  reference: SetReference,
): void {
  const set = context.policy.sets.get(reference.name.text)
  if (set === undefined) return
  const [written, meant] = atom.kind === 'in' ? ['in', 'matches'] : ['matches', 'in']
  const at = file.text.lastIndexOf(written, reference.start)
  const attribute = ATTRIBUTES[atom.path.root]
  const fits = set.node.value.kind === 'regex' ? attribute.matches : attribute.sets.includes(set.node.value.kind)
  context.report({
    code: atom.kind === 'in' ? 'KV2005' : 'KV2006',
    severity: 'error',
    message: `\`${written}\` cannot be used with the set \`${reference.name.text}\``,
    path: file.path,
    span: spanOf(reference),
    label: `this set holds ${WORDS[set.node.value.kind]}`,
    secondary: [{ path: set.file.path, span: spanOf(set.node.name), label: 'declared here' }],
    help: fits ? `write \`${meant}\` instead of \`${written}\`` : attribute.use,
    ...(fits &&
      at >= atom.path.end && {
        fix: {
          title: `replace \`${written}\` with \`${meant}\``,
          edits: [{ path: file.path, span: { start: at, end: at + written.length }, text: meant }],
        },
      }),
  })
}

function typeOf(literal: LiteralNode): ValueType {
  switch (literal.kind) {
    case 'string':
      return 'string'
    case 'decimal':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'word':
      return 'agent type'
  }
}

function withArticle(type: ValueType): string {
  return type === 'agent type' ? `an ${type}` : `a ${type}`
}

function pathText(path: PathNode): string {
  return [path.root, ...path.names.map((name) => name.text)].join('.')
}
