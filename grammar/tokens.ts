/** The kinds of token the grammar distinguishes, and which words are keywords somewhere. */
import { createToken, Lexer, type TokenType } from 'chevrotain'

/** Any word that is spelled like a name. Every keyword is one too, so no word is reserved: the place decides. */
export const Word = kind('Word', 'a name')

const SPELLED = [
  'policy', 'generation', 'catalog', 'from', 'set', 'cidr', 'hours', 'regex', 'role', 'includes', 'autonomous',
  'delegated', 'service', 'agent', 'owner', 'roles', 'allow', 'on', 'when', 'needs', 'approval', 'by', 'within', 'rate',
  'per', 'each', 'estimate', 'USD', 'limit', 'budget', 'throttle', 'at', 'to', 'may', 'delegate', 'depth', 'expires',
  'in', 'boundary', 'runtime', 'forbid', 'unless', 'require', 'for', 'assert', 'never', 'only', 'some', 'every', 'can',
  'is', 'denied', 'test', 'as', 'via', 'since', 'with', 'used', 'spent', 'trust', 'cost', 'approved', 'because', 'deny',
  'limited', 'true', 'false', 'and', 'not', 'args', 'len', 'ip', 'time', 'matches',
] as const // biome-ignore format: a list of words reads best as a block

export type Keyword = (typeof SPELLED)[number]

/** Token type of each keyword; the names are apart from those of the rules, which Chevrotain demands. */
export const KW = Object.fromEntries(
  SPELLED.map((word) => [
    word,
    createToken({ name: `Kw_${word}`, label: `\`${word}\``, pattern: Lexer.NA, categories: [Word] }),
  ]),
) as Record<Keyword, TokenType> // the entries are made from the keys

/** Token type of a word: its keyword, or `Word`. */
export function wordType(word: string): TokenType {
  return BY_WORD.get(word) ?? Word
}

const BY_WORD = new Map<string, TokenType>(Object.entries(KW))

export const LeftBrace = kind('LeftBrace', '`{`')
export const RightBrace = kind('RightBrace', '`}`')
export const LeftBracket = kind('LeftBracket', '`[`')
export const RightBracket = kind('RightBracket', '`]`')
export const Comma = kind('Comma', '`,`')
export const Dot = kind('Dot', '`.`')
export const Star = kind('Star', '`*`')
export const Minus = kind('Minus', '`-`')
export const Percent = kind('Percent', '`%`')
export const Arrow = kind('Arrow', '`->`')
export const Equal = kind('Equal', '`=`')
export const AtMost = kind('AtMost', '`<=`')
export const AtLeast = kind('AtLeast', '`>=`')

/** Digits and what is glued to them: `60`, `2_000`, `0.50`, `30m`. What it must be is asked where it stands. */
export const Digits = kind('Digits', 'a number')
/** `"..."`; the payload is the unescaped value. */
export const Str = kind('Str', 'a string in double quotes')
/** `/.../flags` as written. */
export const Regex = kind('Regex', 'a regex `/.../`')
/** Only lexed where the parser asks for one. */
export const Pattern = kind('Pattern', 'a resource pattern')
export const Raw = kind('Raw', 'a value')
export const Clock = kind('Clock', 'hours such as `09:00-18:00`')
/** A JSON value; the payload is the value. */
export const Json = kind('Json', 'a JSON value')

/** Text that is no token; the payload is the finding, made where the text was read. */
export const Broken = kind('Broken', 'unreadable text')

/** Every token type, as the parser's vocabulary. */
export const VOCABULARY: TokenType[] = [
  Word, ...Object.values(KW), LeftBrace, RightBrace, LeftBracket, RightBracket, Comma, Dot, Star, Minus, Percent,
  Arrow, Equal, AtMost, AtLeast, Digits, Str, Regex, Pattern, Raw, Clock, Json, Broken,
] // biome-ignore format: a list of words reads best as a block

function kind(name: string, label: string): TokenType {
  return createToken({ name, label, pattern: Lexer.NA })
}
