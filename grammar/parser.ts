/** Policy text to a syntax tree and diagnostics. */
import { EOF } from 'chevrotain'
import type { Declaration, PolicyFile, PolicyHeader } from './ast.ts'
import type { Diagnostic } from './diagnostic.ts'
import { type Finding, StatementFault } from './finding.ts'
import { checkHygiene } from './hygiene.ts'
import type { Lexer } from './lexer.ts'
import { type BlockKind, resume, STATEMENT_STARTS } from './recovery.ts'
import { StatementRules } from './rules/statement-rules.ts'
import { noStatement } from './syntax-errors.ts'

/** What became of one file. */
export interface ParsedPolicy {
  readonly file: PolicyFile
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[]
}

/** Most syntax errors that are reported of one file. */
export const MAX_SYNTAX_ERRORS = 100

/**
 * Parses one file. Total: any text gives a file and diagnostics, and nothing is thrown.
 *
 * A statement with a fault is dropped and noted as `broken`. Each statement, and each member of a block, reports its first
 * fault only; reading goes on behind it.
 *
 * @param path as the diagnostics shall name it, with `/` separators
 */
export function parsePolicy(path: string, text: string): ParsedPolicy {
  const hygiene = checkHygiene(text)
  const reading = read(text)
  const unclean = hygiene.filter(({ severity }) => severity === 'error')
  // A character that may not stand in the text at all is not reported a second time as a syntax error.
  const findings = reading.findings.filter((finding) => !unclean.some((other) => touches(finding, other)))
  const diagnostics = [
    ...hygiene.map(({ severity, ...finding }) => toDiagnostic(path, severity, finding)),
    ...findings.map((finding) => toDiagnostic(path, 'error', finding)),
  ].sort((a, b) => a.span.start - b.span.start)
  const { header, declarations, comments } = reading
  const broken: PolicyFile['broken'] =
    unclean.length > 0 ? [...reading.broken, { kind: 'text', name: undefined }] : reading.broken
  return { file: { kind: 'file', path, text, header, declarations, comments, broken }, diagnostics }
}

interface Reading {
  header: PolicyHeader | undefined
  readonly declarations: Declaration[]
  readonly comments: Lexer['comments']
  readonly broken: PolicyFile['broken'][number][]
  readonly findings: Finding[]
}

/** Made once, at first use: analysing the grammar takes longer than reading a policy. */
let rules: StatementRules | undefined

function read(text: string): Reading {
  rules ??= new StatementRules()
  const lexer = rules.load(text)
  const reading: Reading = { header: undefined, declarations: [], comments: lexer.comments, broken: [], findings: [] }
  try {
    while (lexer.peek(1).tokenType !== EOF && reading.findings.length < MAX_SYNTAX_ERRORS)
      readStatement(rules, lexer, reading)
    if (lexer.peek(1).tokenType !== EOF) {
      const start = lexer.peek(1).startOffset
      const message = `more than ${MAX_SYNTAX_ERRORS} syntax errors; the rest of the file was not read`
      reading.findings.push({ code: 'KV0110', start, end: start, message })
    }
  } finally {
    // The parser lives on; the text need not.
    rules.load('')
  }
  return reading
}

function readStatement(parser: StatementRules, lexer: Lexer, reading: Reading): void {
  const first = lexer.peek(1)
  const from = first.startOffset
  try {
    if (!STATEMENT_STARTS.has(first.image)) throw new StatementFault(noStatement(lexer.text, first))
    const statement = parser.statement()
    if (statement.kind !== 'policy') reading.declarations.push(statement)
    else if (reading.header === undefined) reading.header = statement
    else {
      reading.findings.push(secondHeader(reading.header, statement))
      reading.broken.push({ kind: 'policy', name: statement.name.text })
    }
  } catch (fault) {
    if (!(fault instanceof StatementFault)) throw fault
    reading.findings.push(fault.finding)
    const { kinds, name } = identify(lexer.text, from)
    for (const kind of kinds) reading.broken.push({ kind, name })
    skip({ parser, lexer, reading, from, block: BLOCK_OF.get(kinds[0] ?? 'text') })
  }
}

interface Skip {
  readonly parser: StatementRules
  readonly lexer: Lexer
  readonly reading: Reading
  readonly from: number
  readonly block: BlockKind | undefined
}

/** Goes to the next statement, past the members of the broken one, which are read for their own faults. */
function skip({ parser, lexer, reading, from, block }: Skip): void {
  let start = from
  let isInBlock = false
  for (;;) {
    const { next, at, opening } = resume({ text: lexer.text, from: start, past: lexer.end, block, isInBlock })
    lexer.jump(at)
    if (next === 'statement' || block === undefined || reading.findings.length >= MAX_SYNTAX_ERRORS) return
    try {
      parser.readBody(block, opening)
      return
    } catch (fault) {
      if (!(fault instanceof StatementFault)) throw fault
      if (!isRepeated(reading.findings, fault.finding)) reading.findings.push(fault.finding)
      start = at
      isInBlock = true
    }
  }
}

function isRepeated(findings: readonly Finding[], finding: Finding): boolean {
  return findings.some(({ code, start }) => code === finding.code && start === finding.start)
}

function secondHeader(first: PolicyHeader, second: PolicyHeader): Finding {
  return {
    code: 'KV0111',
    start: second.start,
    end: second.end,
    message: 'this file has a second header',
    secondary: { span: { start: first.start, end: first.end }, label: 'the first header' },
    help: 'keep one `policy` line',
  }
}

type BrokenKind = PolicyFile['broken'][number]['kind']

/** Which declaration a broken statement was meant to be, and of what name: read from its first words. */
function identify(
  text: string,
  from: number,
): { readonly kinds: readonly BrokenKind[]; readonly name: string | undefined } {
  WORDS.lastIndex = from
  const [, first = '', second, third] = WORDS.exec(text) ?? []
  switch (first) {
    case 'policy':
    case 'catalog':
    case 'set':
    case 'role':
      return { kinds: [first], name: second }
    case 'autonomous':
    case 'delegated':
    case 'service':
      return { kinds: ['agent'], name: second === 'agent' ? third : second }
    case 'delegate':
      return { kinds: ['delegation'], name: undefined }
    case 'limit':
      return { kinds: ['limit-all'], name: undefined }
    case 'boundary':
    case 'forbid':
    case 'require':
    case 'assert':
    case 'test':
      return { kinds: [first], name: undefined }
    default:
      // It may have been a declaration of anything that has this name.
      return {
        kinds: second === undefined ? ['text'] : ['text', 'role', 'agent', 'set', 'catalog'],
        name: third ?? second,
      }
  }
}

function touches(a: Finding, b: Finding): boolean {
  return a.start <= b.end && b.start <= a.end
}

function toDiagnostic(path: string, severity: Diagnostic['severity'], finding: Finding): Diagnostic {
  const { code, start, end, message, label, help, fix, secondary } = finding
  return {
    code,
    severity,
    message: readable(message),
    path,
    span: { start, end },
    ...(label !== undefined && { label: readable(label) }),
    ...(secondary !== undefined && { secondary: [{ path, ...secondary }] }),
    ...(help !== undefined && { help: readable(help) }),
    ...(fix !== undefined && { fix: { title: fix.title, edits: [{ path, span: fix.span, text: fix.text }] } }),
  }
}

/** A literal of any length may stand in the message about it. */
function readable(message: string): string {
  if (message.length <= MAX_MESSAGE) return message
  const first = message.indexOf('`')
  const last = message.lastIndexOf('`')
  const isQuotation = first >= 0 && last - first > MAX_QUOTED
  const short = isQuotation ? `${message.slice(0, first + MAX_QUOTED)}...${message.slice(last)}` : message
  return short.length <= MAX_MESSAGE ? short : `${short.slice(0, MAX_MESSAGE)}...`
}

const MAX_MESSAGE = 400
const MAX_QUOTED = 80
const WORDS = /([A-Za-z_][\w-]*)(?:[ \t]+([A-Za-z_][\w-]*))?(?:[ \t]+([A-Za-z_][\w-]*))?/y
const BLOCK_OF = new Map<BrokenKind, BlockKind>([
  ['role', 'role'],
  ['agent', 'agent'],
  ['delegation', 'delegation'],
  ['boundary', 'boundary'],
  ['test', 'test'],
])
