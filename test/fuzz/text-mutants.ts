/** Policy texts nobody would write: changed ones, cut ones, soups of tokens, and what is nested for the sake of it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../properties/generate/random.ts'

/** The policies of this repository, of its corpus among them, and their top-level statements. */
const SOURCES: readonly string[] = readSources()
const STATEMENTS: readonly string[] = SOURCES.flatMap(splitStatements)

/** Longer texts are as slow as they are long, which says nothing about one that hangs. */
const MOST_CHARACTERS = 6000

export interface TextMutant {
  readonly text: string
  readonly kind: string
}

export function mutateText(random: Random): TextMutant {
  const kind = random.weighted({ mutated: 60, soup: 15, nested: 8, plain: 12, noise: 5 })
  return { text: make(random, kind).slice(0, MOST_CHARACTERS), kind }
}

function make(random: Random, kind: 'mutated' | 'soup' | 'nested' | 'plain' | 'noise'): string {
  switch (kind) {
    case 'plain':
      return statements(random)
    case 'mutated': {
      let text = statements(random)
      for (let left = Number(random.weighted({ 1: 6, 2: 3, 4: 2, 12: 1 })); left > 0; left--)
        text = change(random, text)
      return text
    }
    case 'soup': {
      const glue = random.pick([' ', ' ', '', '\n'])
      const soup = Array.from({ length: random.between(1, 120) }, () => random.pick(TOKENS)).join(glue)
      return random.chance(0.4) ? `${statements(random)}\n${soup}` : soup
    }
    case 'nested':
      return nest(random)
    case 'noise':
      return String.fromCharCode(
        ...Array.from({ length: random.below(400) }, () => random.below(random.pick([128, 65536]))),
      )
  }
}

function statements(random: Random): string {
  if (random.chance(0.35)) return random.pick(SOURCES)
  const chosen = Array.from({ length: random.between(1, 5) }, () => random.pick(STATEMENTS))
  return (random.chance(0.5) ? ['policy p', ...chosen] : chosen).join('\n')
}

function change(random: Random, text: string): string {
  const at = random.below(text.length + 1)
  const end = Math.min(text.length, at + random.between(1, random.pick([1, 4, 20, 200])))
  switch (random.below(12)) {
    case 0: {
      const code = text.charCodeAt(Math.min(at, text.length - 1)) || 0
      return splice(text, at, at + 1, String.fromCharCode(code ^ (1 << random.below(8))))
    }
    case 1:
    case 2:
      return splice(text, at, end, '')
    case 3:
      return splice(text, at, at, text.slice(at, end))
    case 4: {
      const other = random.below(text.length + 1)
      return splice(text, at, at, text.slice(other, other + random.between(1, 60)))
    }
    case 5:
      return text.slice(0, at)
    case 6:
    case 7:
      return splice(text, at, at, ` ${random.pick(TOKENS)} `)
    case 8:
      return splice(text, at, at, random.pick(ODDITIES))
    case 9: {
      // Another number.
      const number = random.pick([
        '0',
        '-1',
        '1e9',
        '00',
        '1_0',
        '9'.repeat(40),
        '0.0000000001',
        '256',
        '10080',
        '3001',
        '65536',
      ])
      return text.replace(/[0-9]+/g, (found) => (random.chance(0.3) ? number : found))
    }
    case 10: {
      const word = random.pick(TOKENS)
      return text.replace(/[a-z]+/g, (found) => (random.chance(0.06) ? word : found))
    }
    default:
      return text.slice(at, end).repeat(random.pick([2, 30, 300])) + text
  }
}

function splice(text: string, from: number, to: number, by: string): string {
  return text.slice(0, from) + by + text.slice(to)
}

function nest(random: Random): string {
  const depth = random.pick([3, 20, 200, 1500])
  const [open, close] = random.pick([
    ['(', ')'],
    ['[', ']'],
    ['{', '}'],
    ['{a,', '}'],
    ['(?:a|', ')*'],
    ['((a{1,30})', '{1,30})'],
    ['not ', ''],
    ['"', '"'],
    ['/', '/'],
    ['a.', ''],
    ['a:', ''],
    ['*:', ''],
    ['[a-', ']'],
    ['// ', '\n'],
    ['a,', ''],
  ])
  const inside =
    open.repeat(depth) + random.pick(['', 'a', '*', '1']) + close.repeat(random.chance(0.8) ? depth : depth - 1)
  const place = random.pick([
    (text: string) => text,
    (text: string) => `policy p\nautonomous agent a {\n  allow read on ${text}\n}`,
    (text: string) => `policy p\nautonomous agent a {\n  allow read on x when args.p matches /${text}/\n}`,
    (text: string) => `policy p\nautonomous agent a {\n  allow read on x when ${text}\n}`,
    (text: string) => `policy p\nset s = regex [/${text}/]`,
    (text: string) => `policy p\nset s = ${text}`,
    (text: string) => `policy p\nforbid ${text} on **`,
    (text: string) => `policy p\ntest "t" { given ${text} }`,
  ])
  return place(inside)
}

const TOKENS: readonly string[] =
  `policy generation set cidr hours regex role includes allow on when and not in matches only
  autonomous delegated service agent owner roles may delegate depth expires at needs approval by within rate budget per minute
  hour day month each resource tenant limit throttle to USD estimate forbid unless require for boundary runtime catalog from
  test expect given prove assert never cannot can only args len ip time trust cost agent.type agent.owner args.path len.path
  true false null * ** { } [ ] ( ) , : . = <= >= < > != -> - / // # @ ; | & + ? ! ~ ^ $ % \\ " ' \` "x" "" "\\u{1F600}" "a\\n"
  /a/ /[a-z]+/i /(a|b)*c{2,3}/ /(/ /a{1,3000}/ /(a|b)*a(a|b){12}/ /\\d+/ /[^/ 0 1 30 1_500 2.00 0.000000001 99999999999999999999
  10.0.0.0/8 10.0.0.1 2001:db8::/32 ::ffff:10.0.0.1 256.1.1.1 1::2::3 09:00-18:00 22:00-04:00 24:00-25:00 mon-fri sun daily
  2026-12-31T00:00:00Z 2026-02-30T00:00:00Z 15m 30d 1h 0s 80% 101% mcp:github:** mcp:{a,b*}:* a:*:b {a,{b,c}} x-y x_y tool:"q r"`
    .split(/\s+/)
    .filter((token) => token !== '')

const ODDITIES: readonly string[] = [
  '\u0000',
  '\ufeff',
  '\u202e',
  '\u2066',
  '\u200b',
  '\u00a0',
  '\u2028',
  '\r',
  '\r\n',
  '\t',
  '\ud800',
  '\udc00',
  '\ufffd',
  'e\u0301',
  'é',
  'а',
  '😀',
  '\u{10ffff}',
  'ﬁ',
  '"',
  '/',
  '\\',
  '//',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\n\n',
]

function readSources(): readonly string[] {
  const policies = filesBelow('policies', '.kavach').map((path) => readFileSync(path, 'utf8'))
  const cases = filesBelow('test/corpus', '.md').flatMap((path) => {
    const fences = readFileSync(path, 'utf8').matchAll(/^```kavach[^\n]*\n(.*?)^```/gms)
    // Marks of expected spans are no part of the text.
    return [...fences].map(([, text = '']) => text.replace(/[«»‹›]/g, ''))
  })
  return [...policies, ...cases]
}

function filesBelow(folder: string, ending: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name))
}

/** At lines that begin with a word, each with the lines up to the next. */
function splitStatements(text: string): readonly string[] {
  return text.split(/\n(?=[a-z])/).filter((statement) => statement.trim() !== '' && statement.length < 1500)
}
