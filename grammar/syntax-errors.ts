/** Turns what the parser met into a finding that a person can act on. */

import { EOF, type TokenType } from 'chevrotain'
import { editDistance, nearest } from '../compiler/model/index.ts'
import type { Span } from './ast.ts'
import type { Finding } from './finding.ts'
import type { Token } from './lexer.ts'
import { type BlockKind, MEMBERS, STATEMENT_STARTS } from './recovery.ts'
import { Broken, Clock, KW, Regex, RightBrace } from './tokens.ts'

/** Where a rule met a token that it has no use for. */
export interface Mismatch {
  readonly text: string
  /** End of the last token that was right. */
  readonly end: number
  readonly found: Token
  /** In the words of a message. */
  readonly expected: string | undefined
  readonly expectedType: TokenType | undefined
  /** Words that could have come instead. */
  readonly words: readonly string[]
  readonly rule: string
  /** Offset of the `{` of the block that is being read; of use in the rule of a block only. */
  readonly opening: number
}

/** The finding for a token that does not fit. */
export function unexpected(mismatch: Mismatch): Finding {
  const { found, rule, expectedType } = mismatch
  const block = expectedType === RightBrace ? BLOCKS.get(rule) : undefined
  if (block !== undefined) return badMember(mismatch, block)
  const slash = misplacedSlash(mismatch)
  if (slash !== undefined) return slash
  // The lexer made the payload of `Broken`, and it is a finding.
  if (found.tokenType === Broken) return found.payload as Finding
  const misspelled = misspelling(mismatch)
  if (misspelled !== undefined) return misspelled
  const expected = mismatch.expected ?? 'something else'
  const help = helpFor(mismatch)
  const message = `expected ${expected}, found ${describe(found)}`
  return { ...place(mismatch, expected), code: 'KV0101', message, ...(help !== undefined && { help }) }
}

/** The finding for a word that is none of `words`. */
export function wrongWord(span: Span, image: string, words: readonly string[], expected: string): Finding {
  const finding = { ...span, code: 'KV0101', message: `expected ${expected}, found \`${shorten(image)}\`` }
  const near = nearest(image, words)
  return near === undefined ? finding : { ...finding, ...suggestion(span, image, near) }
}

/** The finding for text that starts no statement. */
export function noStatement(text: string, found: Token): Finding {
  const span = spanOf(found)
  if (found.tokenType === RightBrace) {
    return {
      ...span,
      code: 'KV0109',
      message: 'this `}` closes nothing',
      help: 'remove it, or look for a `}` too many above',
    }
  }
  if (found.tokenType === Broken && !text.startsWith('/*', found.startOffset)) return found.payload as Finding
  const image = shorten(found.image)
  const finding = { ...span, code: 'KV0102', message: `${describe(found)} starts no statement` }
  if (text.startsWith('/*', found.startOffset)) {
    return {
      ...finding,
      end: found.startOffset + 2,
      message: '`/*` starts no comment',
      help: 'a comment runs from `//` to the end of its line',
    }
  }
  const hint = HINTS.get(image)
  if (hint !== undefined) return { ...finding, help: hint }
  const near = isWord(found) ? nearest(image, STATEMENT_STARTS) : undefined
  return near === undefined ? { ...finding, help: STATEMENT_HELP } : { ...finding, ...suggestion(span, image, near) }
}

/** A short piece of policy text, fit to stand in a message. */
export function shorten(text: string): string {
  const line = text.split(/[\r\n]/, 1)[0] ?? ''
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}...` : line
}

function badMember(mismatch: Mismatch, block: BlockKind): Finding {
  const { found, opening, text, words } = mismatch
  const span = spanOf(found)
  const isStatement = isWord(found) && STATEMENT_STARTS.has(found.image) && !MEMBERS[block].includes(found.image)
  const isAtMargin = found.startOffset === 0 || text.charAt(found.startOffset - 1) === '\n'
  const isNextStatement = isStatement && (isAtMargin || !WITHOUT_BLOCK.has(found.image))
  if (found.tokenType === EOF || isNextStatement) {
    const head = {
      code: 'KV0108',
      start: opening,
      end: opening + 1,
      message: 'this `{` is never closed',
      help: `close the ${NOUNS[block]} with \`}\``,
    }
    if (found.tokenType === EOF) return head
    return { ...head, secondary: { span, label: `\`${found.image}\` starts the next statement` } }
  }
  const slash = misplacedSlash(mismatch)
  if (slash !== undefined) return slash
  if (found.tokenType === Broken) return found.payload as Finding
  const finding = { ...span, code: 'KV0106', message: `${describe(found)} starts no member of ${ARTICLES[block]}` }
  if (block === 'test') finding.message = `${describe(found)} starts no row of a test`
  if (isWord(found) && found.image === 'or' && words.includes('and')) {
    return { ...finding, message: '`or` has no meaning here', help: ALTERNATIVES }
  }
  const elsewhere = WITHOUT_BLOCK.get(found.image)
  if (elsewhere !== undefined) return { ...finding, help: elsewhere }
  const near = isWord(found) ? nearest(found.image, words) : undefined
  if (near !== undefined) {
    if (!MEMBERS[block].includes(near)) finding.message = `${describe(found)} has no meaning here`
    return { ...finding, ...suggestion(span, found.image, near) }
  }
  if (text.charAt(found.startOffset) === '{') return { ...finding, help: 'blocks do not nest' }
  return { ...finding, help: MEMBER_HELP[block] }
}

/** `60/min`, which the lexer takes for the start of a regex. */
function misplacedSlash({ text, found, expectedType }: Mismatch): Finding | undefined {
  if (text.charAt(found.startOffset) !== '/' || expectedType === Regex) return undefined
  const start = found.startOffset
  if (expectedType === KW.per) {
    return {
      code: 'KV0101',
      start,
      end: start + 1,
      message: 'expected `per`, found `/`',
      help: 'rates are words: `60 per minute`',
    }
  }
  if (text.charAt(start + 1) !== '*') return undefined
  const help = 'a comment runs from `//` to the end of its line'
  return { code: 'KV0101', start, end: start + 2, message: '`/*` starts no comment', help }
}

/** A word that is nearly one that may stand here. */
function misspelling({ found, expected, expectedType, words }: Mismatch): Finding | undefined {
  if (!isWord(found)) return undefined
  const keyword = expectedType !== undefined && BY_TYPE.has(expectedType) ? [BY_TYPE.get(expectedType) ?? ''] : []
  if (found.image === 'or' && words.includes('and')) return undefined
  const near = nearest(found.image, [...keyword, ...words])
  if (near === undefined) return undefined
  const span = spanOf(found)
  const wanted = keyword[0] === near || expected === undefined ? `\`${near}\`` : expected
  return {
    ...span,
    code: 'KV0101',
    message: `expected ${wanted}, found ${describe(found)}`,
    ...suggestion(span, found.image, near),
  }
}

/** A proposal, and a fix as well where the two words are one slip apart. */
function suggestion(span: Span, written: string, near: string): Pick<Finding, 'help'> & Pick<Finding, 'fix'> {
  const help = `did you mean \`${near}\`?`
  if (editDistance(written, near, 1) > 1) return { help }
  return { help, fix: { title: `replace with \`${near}\``, span: { start: span.start, end: span.end }, text: near } }
}

/** Points at the token; at the gap before it when that is on another line, because there something is missing. */
function place({ text, end, found }: Mismatch, expected: string): Span & Pick<Finding, 'label'> {
  const span = spanOf(found)
  const isOnOtherLine = end > 0 && text.slice(end, span.start).includes('\n')
  if (!isOnOtherLine && found.tokenType !== EOF) return span
  return { start: end, end, label: `${expected} is missing here` }
}

function helpFor({ found, words, expectedType, rule }: Mismatch): string | undefined {
  if (found.image === 'or' && words.includes('and')) return ALTERNATIVES
  if (expectedType === KW.agent && rule === 'agent')
    return 'an agent starts with `autonomous agent`, `delegated agent` or `service agent`'
  if (expectedType === Clock)
    return 'each day or range of days has hours of its own: `mon-fri 09:00-18:00, sat 09:00-12:00`'
  if (expectedType === KW.on) return 'a scope is `ACTIONS on PATTERNS`, as in `read, write on mcp:github:**`'
  if (expectedType === KW.USD) return 'amounts are in USD, as in `2.50 USD`'
  if (expectedType === KW.per) return 'a rate is `60 per minute`, a budget `2.00 USD per day`'
  if (rule === 'atom') {
    return 'a condition asks `ip`, `time`, `trust`, `cost`, `agent.type`, `agent.owner`, `args.NAME`, `len.NAME` or `args only [...]`'
  }
  return undefined
}

function describe(found: Token): string {
  if (found.tokenType === EOF) return 'the end of the file'
  return `\`${shorten(found.image)}\``
}

function isWord(found: Token): boolean {
  return /^[A-Za-z_]/.test(found.image)
}

function spanOf(token: Token): Span {
  return { start: token.startOffset, end: Math.max(token.startOffset, token.endOffset + 1) }
}

const MAX_SHOWN = 40
const ALTERNATIVES = 'there is no `or`: alternatives are written as two grants'
const STATEMENT_HELP =
  'a statement starts with `policy`, `catalog`, `set`, `role`, `autonomous agent`, `delegated agent`, `service agent`, ' +
  '`delegate`, `boundary`, `forbid`, `require`, `limit`, `assert` or `test`'

const BLOCKS = new Map<string, BlockKind>([
  ['roleBody', 'role'],
  ['agentBody', 'agent'],
  ['delegationBody', 'delegation'],
  ['boundaryBody', 'boundary'],
  ['testBody', 'test'],
])
const BY_TYPE = new Map<TokenType, string>(Object.entries(KW).map(([word, type]) => [type, word]))
/** Statements that people put into a block, where they do not belong. */
const WITHOUT_BLOCK = new Map<string, string>([
  ['policy', 'the header stands at the top of a file'],
  ['forbid', 'a guardrail holds for everybody: it stands outside of blocks'],
  ['require', 'a guardrail holds for everybody: it stands outside of blocks'],
  ['limit', 'a limit stands in an agent, a delegation or the boundary, or outside of blocks with `for`'],
  ['for', 'a limit with `for` holds for everybody: it stands outside of blocks'],
  ['assert', 'an assertion stands outside of blocks'],
  ['delegate', 'a delegation stands outside of blocks; an agent says `may delegate depth N`'],
])
const NOUNS: Readonly<Record<BlockKind, string>> = {
  role: 'role',
  agent: 'agent',
  delegation: 'delegation',
  boundary: 'boundary',
  test: 'test',
}
const ARTICLES: Readonly<Record<BlockKind, string>> = {
  role: 'a role',
  agent: 'an agent',
  delegation: 'a delegation',
  boundary: 'the boundary',
  test: 'a test',
}
const MEMBER_HELP: Readonly<Record<BlockKind, string>> = {
  role: 'a role holds `allow ...`, each with `when`, `needs approval`, `rate` or `estimate` behind it',
  agent: 'an agent holds `owner`, `roles`, `allow ...`, `limit ...`, `may delegate depth N` and `expires at TIME`',
  delegation: 'a delegation holds `allow ...`, `limit ...`, `expires in TIME` or `expires at TIME`, and `depth N`',
  boundary: 'the boundary holds `allow ...`, `limit ...` and `may delegate depth N`',
  test: 'a row is `allow`, `deny`, `approval`, `limited` or `throttle`, then `ACTION on RESOURCE` and facts',
}
/** Words of other languages, and of other places of this one. */
const HINTS = new Map<string, string>([
  ['allow', 'a grant stands in a role, an agent, a delegation or the boundary'],
  ['permit', 'a grant is `allow ...` in a role, an agent, a delegation or the boundary'],
  ['deny', 'what is denied to everybody is `forbid ...`'],
  ['agent', 'write `autonomous agent`, `delegated agent` or `service agent`'],
  ['runtime', 'the box of agents made at run time is `boundary runtime { ... }`'],
  ['import', 'every `.kavach` file of a folder belongs to the policy; nothing is imported'],
  ['include', 'every `.kavach` file of a folder belongs to the policy; nothing is included'],
  ['#', 'a comment runs from `//` to the end of its line'],
])
