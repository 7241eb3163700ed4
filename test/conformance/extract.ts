/**
 * Finds the TypeScript samples of a flat text: pages without fences, in which a sample runs into the prose around it. A sample is
 * as many whole statements as follow each other, with nothing between them but blanks and comments; where a statement ends, a
 * parser decides.
 */
import { parseSync } from 'rolldown/utils'

export interface Sample {
  /** From 1. */
  readonly line: number
  /** As printed. */
  readonly text: string
  /** Statements that import something: they stand at the top of the sample. */
  readonly imports: string
  readonly body: string
}

/** What a statement of a sample begins with; prose does not, or is none that a parser would take. */
const STATEMENT =
  /(?:import\s*[{\w*]|const\s+[{\w]|let\s+\w|type\s+\w+\s*=|export\s|try\s*\{|if\s*\(|return\s|throw\s|(?:async\s+)?function\s|await\s|console\.|app\.|kavach\.\w+\.?\w*\.?\w*\()/y

export function extractSamples(text: string): readonly Sample[] {
  const samples: Sample[] = []
  let at = 0
  while (at < text.length) {
    const end = endOfStatements(text, at)
    if (end === undefined) {
      const next = text.indexOf('\n', at)
      if (next === -1) break
      at = next + 1
      continue
    }
    samples.push(sampleOf(text, startWithComments(text, at), end))
    at = end
  }
  return samples
}

/** Where the statements end that begin at `start`, or nothing when none begins there. */
function endOfStatements(text: string, start: number): number | undefined {
  let end: number | undefined
  let at = start
  for (;;) {
    const statement = endOfStatement(text, at)
    if (statement === undefined) return end
    end = endOfTrailingComments(text, statement)
    at = skipBlanksAndComments(text, end)
  }
}

function endOfStatement(text: string, start: number): number | undefined {
  STATEMENT.lastIndex = start
  if (!STATEMENT.test(text)) return undefined
  for (let i = start; i < text.length; i++) {
    if (text[i] !== ';' && text[i] !== '}') continue
    const goesOn = /^\s*(?:else|catch|finally)\b|^\s*[).;,>]/.test(text.slice(i + 1, i + 40))
    if (!goesOn && isStatement(text.slice(start, i + 1))) return i + 1
  }
  return undefined
}

/** Exactly one statement, whose last character ends it: not a comment, not a second one. */
function isStatement(text: string): boolean {
  // A sample may return: its surroundings are a function.
  const [head, tail] = /^(?:import|export)\b/.test(text) ? ['', ''] : ['async function sample() {', '\n}']
  const { program, errors } = parseSync('sample.ts', head + text + tail)
  if (errors.length > 0) return false
  const [first, ...more] = program.body
  if (first === undefined || more.length > 0) return false
  if (head === '') return first.end === text.length
  const statements = first.type === 'FunctionDeclaration' ? (first.body?.body ?? []) : []
  return statements.length === 1 && statements[0]?.end === head.length + text.length
}

/** Comments on the same line, and on lines of their own that follow at once. */
function endOfTrailingComments(text: string, end: number): number {
  const found = /^[ \t]*\/\/[^\n]*(?:\n[ \t]*\/\/[^\n]*)*|^(?:\n[ \t]*\/\/[^\n]*)+/.exec(text.slice(end))
  return end + (found?.[0].length ?? 0)
}

function skipBlanksAndComments(text: string, at: number): number {
  const found = /^(?:\s+|\/\/[^\n]*)*/.exec(text.slice(at))
  return at + (found?.[0].length ?? 0)
}

function startWithComments(text: string, start: number): number {
  const found = /(?:^[ \t]*\/\/[^\n]*\n)+$/m.exec(text.slice(0, start))
  return found === null || found.index + found[0].length !== start ? start : found.index
}

function sampleOf(text: string, start: number, end: number): Sample {
  const printed = text.slice(start, end)
  let body = 0
  for (let at = skipBlanksAndComments(printed, 0); /^import\b/.test(printed.slice(at)); ) {
    const statement = endOfStatement(printed, at)
    if (statement === undefined) break
    body = statement
    at = skipBlanksAndComments(printed, statement)
  }
  return {
    line: text.slice(0, start).split('\n').length,
    text: printed,
    imports: printed.slice(0, body),
    body: printed.slice(body),
  }
}

/** The objects of constraints that stand in prose: `{ maxCallsPerDay: 5000 }`. */
export function extractConstraints(text: string): readonly string[] {
  return [...text.matchAll(/^\w+(?:, \w+)*(\{ \w+: .+? \})(?=[A-Z]|$)/gm)].map(([, found = '']) => found)
}
