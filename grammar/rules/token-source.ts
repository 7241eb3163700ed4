/** The Chevrotain parser bound to the on-demand lexer: where its tokens come from, and what happens when one is wrong. */
import { EmbeddedActionsParser, type IToken, type TokenType } from 'chevrotain'
import type { Parsed, PatternLiteral } from '../../compiler/model/index.ts'
import type { IntLiteral, Name, Span, StringLiteral } from '../ast.ts'
import { StatementFault } from '../finding.ts'
import { Lexer, type Mode, type Token } from '../lexer.ts'
import { unexpected, wrongWord } from '../syntax-errors.ts'
import { VOCABULARY, Word } from '../tokens.ts'

/** What a `CONSUME` expects, in the words of a message; Chevrotain hands it through as `ERR_MSG`. */
export interface Noun {
  readonly ERR_MSG: string
}

export function noun(text: string): Noun {
  return { ERR_MSG: text }
}

/** Most UTF-16 units of a pattern, regex, number or address. Nobody writes one that long, and some take a while to read. */
const MAX_LITERAL = 65_536

/**
 * INVARIANT: a grammar rule never meets a syntax error: each is thrown as a `StatementFault` before Chevrotain builds a
 * message of its own, and recovery is the statement loop of `parser.ts`.
 */
export abstract class TokenSource extends EmbeddedActionsParser {
  protected lexer = new Lexer('')
  protected readonly patterns = new Map<string, PatternLiteral>()
  private readonly legal: (readonly string[])[] = []
  private legalAt = -1
  /** Where the block that is being read was opened. */
  protected opening = 0

  constructor(isValidated: boolean) {
    super(VOCABULARY, { maxLookahead: 1, recoveryEnabled: false, skipValidations: !isValidated })
  }

  /** Words that the last construct could have gone on with, had the text not ended it. */
  wordsLegalHere(): string[] {
    return this.legalAt === this.lexer.end ? this.legal.flat() : []
  }

  protected override LA(distance: number): IToken {
    return this.lexer.peek(distance)
  }

  protected override LA_FAST(distance: number): IToken {
    return this.lexer.peek(distance)
  }

  protected override SKIP_TOKEN(): IToken {
    this.lexer.consume()
    return this.lexer.peek(1)
  }

  /** Called by Chevrotain, like the next four; its types leave them out. */
  consumeToken(): void {
    this.lexer.consume()
  }

  exportLexerState(): number {
    return this.lexer.end
  }

  onBeforeParse(): void {}

  onAfterParse(): void {}

  consumeInternalError(expected: TokenType, found: Token, options?: Noun): never {
    throw new StatementFault(
      unexpected({
        text: this.lexer.text,
        end: this.lexer.end,
        found,
        expected: options?.ERR_MSG ?? expected.LABEL ?? expected.name,
        expectedType: expected,
        words: this.wordsLegalHere(),
        rule: this.ruleName(),
        opening: this.opening,
      }),
    )
  }

  raiseNoAltException(_occurrence: number, expected: string | undefined): never {
    throw new StatementFault(
      unexpected({
        text: this.lexer.text,
        end: this.lexer.end,
        found: this.lexer.peek(1),
        expected,
        expectedType: undefined,
        words: this.wordsLegalHere(),
        rule: this.ruleName(),
        opening: this.opening,
      }),
    )
  }

  raiseEarlyExitException(occurrence: number): never {
    return this.raiseNoAltException(occurrence, undefined)
  }

  /** Notes that a block was opened, for the diagnostic in case nothing closes it. */
  protected open(brace: IToken): void {
    this.opening = brace.startOffset
  }

  /** Notes which words may follow the last token, for the diagnostic in case none of them does. */
  protected may(words: readonly string[]): void {
    if (this.RECORDING_PHASE) return
    if (this.legalAt !== this.lexer.end) {
      this.legalAt = this.lexer.end
      this.legal.length = 0
    }
    this.legal.push(words)
  }

  /** Reads the next token in `mode`. */
  protected read(mode: Mode): void {
    if (!this.RECORDING_PHASE) this.lexer.readAs(mode)
  }

  /** Takes the next token for a name although it is spelled like a keyword. */
  protected takeAsName(): void {
    const token = this.lexer.peek(1)
    token.tokenType = Word
    token.tokenTypeIdx = Word.tokenTypeIdx ?? 0
  }

  protected start(): number {
    return this.RECORDING_PHASE ? 0 : this.lexer.peek(1).startOffset
  }

  protected end(): number {
    return this.lexer.end
  }

  protected spanOf(token: IToken): Span {
    return { start: token.startOffset, end: (token.endOffset ?? 0) + 1 }
  }

  protected name(token: IToken): Name {
    return { start: token.startOffset, end: (token.endOffset ?? 0) + 1, text: token.image }
  }

  protected string(token: IToken): StringLiteral {
    return { kind: 'string', start: token.startOffset, end: (token.endOffset ?? 0) + 1, value: String(token.payload) }
  }

  protected int(token: IToken, parse: (text: string) => Parsed<bigint>): IntLiteral {
    const value = this.value(token, parse)
    return { kind: 'int', start: token.startOffset, end: (token.endOffset ?? 0) + 1, value }
  }

  /** The value of a literal token. @throws {StatementFault} when the literal is faulty */
  protected value<T>(token: IToken, parse: (text: string) => Parsed<T>): T {
    return this.valueAt(token.startOffset, token.image, parse)
  }

  protected valueAt<T>(start: number, text: string, parse: (text: string) => Parsed<T>): T {
    // While Chevrotain records the grammar there is no text, and nobody looks at the values.
    if (this.RECORDING_PHASE) return undefined as T
    if (text.length > MAX_LITERAL) {
      throw new StatementFault({ code: 'KV0123', start, end: start + text.length, message: 'this literal is too long' })
    }
    const parsed = parse(text)
    if (parsed.ok) return parsed.value
    const { fault } = parsed
    throw new StatementFault({ ...fault, start: start + fault.start, end: start + fault.end })
  }

  /** Consumes a keyword, and gives what it stands for. */
  protected take<V>(type: TokenType, value: V): V {
    this.CONSUME(type)
    return value
  }

  /** The word of `token` if it is one of `words`. @throws {StatementFault} otherwise */
  protected oneOf<W extends string>(token: IToken, words: readonly W[], expected: string): W {
    const word = words.find((candidate) => candidate === token.image)
    if (word !== undefined) return word
    if (this.RECORDING_PHASE) return words[0] as W // no text, as above
    throw new StatementFault(wrongWord(this.spanOf(token), token.image, words, expected))
  }

  private ruleName(): string {
    // `getCurrRuleFullName` is part of Chevrotain's parser but not of its types.
    return (this as unknown as { getCurrRuleFullName(): string }).getCurrRuleFullName()
  }
}
