/**
 * Reads a case of the corpus: policy, questions and expected answers in one file, as README.md of this folder describes it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Case {
  /** Path below test/corpus, without `.md`. */
  readonly name: string
  /** The heading: what the case claims. */
  readonly claim: string
  /** Policy files in the order of their paths. */
  readonly files: readonly PolicySource[]
  /** Other files, by path: catalogs. */
  readonly others: ReadonlyMap<string, string>
  /** Agents and delegations made at run time, as `kavach eval --state` takes them. */
  readonly state: unknown
  readonly settings: Settings
  readonly questions: readonly Question[]
  /** `undefined` when the case expects no findings in particular, and no errors. */
  readonly findings: readonly ExpectedFinding[] | undefined
}

/** Policy text with its markers taken out, and what they marked. */
export interface PolicySource {
  readonly path: string
  readonly text: string
  /** `«...»`, in the order in which they open. */
  readonly primary: readonly MarkedSpan[]
  /** `‹...›`, in the order in which they open. */
  readonly secondary: readonly MarkedSpan[]
}

export interface MarkedSpan {
  readonly path: string
  readonly start: number
  readonly end: number
}

export interface Settings {
  readonly notBefore?: string
  readonly notAfter?: string
  readonly strict?: boolean
  /** The clock of the checks. */
  readonly now?: string
}

export interface Question {
  readonly line: number
  /** As written, for messages. */
  readonly text: string
  readonly mode: 'plain' | 'possible' | 'host'
  readonly request: unknown
  readonly decision: string
  readonly reason: string
  /** Each `undefined` where the case does not say. */
  readonly charges: readonly number[] | undefined
  readonly takes: readonly Taken[] | undefined
  readonly guard: number | undefined
}

/** One unit taken from one meter. `#n` in the key stands for the n-th rate or budget clause of the policy. */
export interface Taken {
  readonly key: string
  readonly amount: string
  readonly limit: string
  readonly unit: string
  readonly windowStart: number | null
}

export interface ExpectedFinding {
  readonly severity: string
  readonly code: string
  readonly message: string
  /** Lines such as `help: ...`; when there are any, they are all there are. */
  readonly details: readonly string[]
}

/** Every case, in the order of their names. */
export function loadCases(): readonly Case[] {
  const root = dirname(fileURLToPath(import.meta.url))
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.includes('/') && path.endsWith('.md'))
    .sort()
    .map((path) => parseCase(path.slice(0, -'.md'.length), readFileSync(join(root, path), 'utf8')))
}

/** @throws {SyntaxError} when the file is not a case */
export function parseCase(name: string, source: string): Case {
  const fault = (line: number, message: string) => new SyntaxError(`test/corpus/${name}.md:${line}: ${message}`)
  const [heading = ''] = source.split('\n', 1)
  if (!heading.startsWith('# ')) throw fault(1, 'a case begins with `# ` and its claim')
  const files: PolicySource[] = []
  const others = new Map<string, string>()
  const questions: Question[] = []
  let state: unknown
  let settings: Settings = {}
  let findings: readonly ExpectedFinding[] | undefined
  for (const { line, kind, argument, lines } of blocksOf(source)) {
    const text = expand(lines.map((each) => `${each}\n`).join(''))
    switch (kind) {
      case 'kavach':
        files.push(readSource(argument === '' ? 'policy.kavach' : argument, text))
        break
      case 'json':
        others.set(argument, text)
        break
      case 'state':
        state = JSON.parse(text)
        break
      case 'settings':
        settings = JSON.parse(text) as Settings // The keys are those of the interface; README.md lists them.
        break
      case 'ask':
        questions.push(...readQuestions(line, argument, lines, fault))
        break
      case 'expect':
        findings = readFindings(text.split('\n').slice(0, -1))
        break
      default:
        throw fault(line, `unknown block \`${kind}\``)
    }
  }
  if (files.length === 0) throw fault(1, 'there is no policy')
  if (questions.length === 0 && findings === undefined) throw fault(1, 'there is nothing to ask')
  files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
  return { name, claim: heading.slice(2), files, others, state, settings, questions, findings }
}

interface Block {
  /** 1-based line of the fence. */
  readonly line: number
  readonly kind: string
  readonly argument: string
  readonly lines: readonly string[]
}

function blocksOf(source: string): readonly Block[] {
  const blocks: Block[] = []
  const lines = source.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const [, kind = '', argument = ''] = /^```(\S+) ?(.*)$/.exec(lines[at] ?? '') ?? []
    if (kind === '') continue
    const end = lines.indexOf('```', at)
    if (end < 0) throw new SyntaxError(`a block is never closed: ${lines[at]}`)
    blocks.push({ line: at + 1, kind, argument, lines: lines.slice(at + 1, end) })
    at = end
  }
  return blocks
}

/** `<U+200B>` is that character, `<text*3>` is `texttexttext`. */
function expand(text: string): string {
  return text
    .replace(/<U\+([0-9A-F]{4,6})>/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/<([^<>*]+)\*(\d+)>/g, (_, part: string, count: string) => part.repeat(Number(count)))
}

const MARKERS = /[«»‹›]/g

function readSource(path: string, marked: string): PolicySource {
  const primary: { path: string; start: number; end: number }[] = []
  const secondary: typeof primary = []
  const open: typeof primary = []
  let text = ''
  let from = 0
  for (const { 0: marker, index } of marked.matchAll(MARKERS)) {
    text += marked.slice(from, index)
    from = index + 1
    if (marker === '«' || marker === '‹') {
      const span = { path, start: text.length, end: -1 }
      open.push(span)
      ;(marker === '«' ? primary : secondary).push(span)
      continue
    }
    const span = open.pop()
    if (span === undefined) throw new SyntaxError(`${path}: a marker closes nothing`)
    span.end = text.length
  }
  if (open.length > 0) throw new SyntaxError(`${path}: a marker is never closed`)
  return { path, text: text + marked.slice(from), primary, secondary }
}

type Fault = (line: number, message: string) => SyntaxError

function readQuestions(fence: number, mode: string, lines: readonly string[], fault: Fault): readonly Question[] {
  if (mode !== '' && mode !== 'possible' && mode !== 'host') throw fault(fence, `unknown mode \`${mode}\``)
  const questions: Question[] = []
  let common: object = {}
  for (const [index, text] of lines.entries()) {
    const line = fence + 1 + index
    if (text.startsWith('with ')) {
      common = JSON.parse(expand(text.slice('with '.length)))
      continue
    }
    const last = questions.at(-1)
    if (text.startsWith('  ')) {
      if (last === undefined) throw fault(line, 'there is no question above')
      questions[questions.length - 1] = { ...last, ...readDetail(last, text.trim(), (message) => fault(line, message)) }
      continue
    }
    const [, asked, decision = '', reason = ''] = /^(.+?) +=> (\S+) (\S+)$/.exec(text) ?? []
    if (asked === undefined) throw fault(line, 'expected `REQUEST => DECISION REASON`')
    const own: unknown = JSON.parse(expand(asked))
    const request = typeof own === 'object' && own !== null && !Array.isArray(own) ? { ...common, ...own } : own
    const kind = mode === '' ? 'plain' : mode
    const said = { charges: undefined, takes: undefined, guard: undefined }
    questions.push({ line, text: asked, mode: kind, request, decision, reason, ...said })
  }
  return questions
}

function readDetail(question: Question, text: string, fault: (message: string) => SyntaxError): Partial<Question> {
  const [word = '', rest = ''] = /^(\S+) (.*)$/.exec(text)?.slice(1) ?? []
  switch (word) {
    case 'guard':
      return { guard: Number(rest) }
    case 'charges':
      return { charges: rest === 'nothing' ? [] : rest.split(', ').map(Number) }
    case 'takes': {
      if (rest === 'nothing') return { takes: [] }
      const parts = /^(\d+) of (\d+) (calls|nanoUsd) (\S+) from (\S+)$/.exec(rest)
      if (parts === null) throw fault('expected `takes AMOUNT of LIMIT UNIT KEY from TIME`')
      const [, amount = '', limit = '', unit = '', key = '', from = ''] = parts
      const windowStart = from === 'null' ? null : Date.parse(from)
      return { takes: [...(question.takes ?? []), { key, amount, limit, unit, windowStart }] }
    }
    default:
      throw fault(`unknown detail \`${word}\``)
  }
}

function readFindings(lines: readonly string[]): readonly ExpectedFinding[] {
  const findings: { severity: string; code: string; message: string; details: string[] }[] = []
  for (const line of lines) {
    if (line.startsWith('  ')) {
      findings.at(-1)?.details.push(line.trim())
      continue
    }
    const [, severity = '', code = '', message = ''] = /^(error|warning) (KV\d{4}) (.+)$/.exec(line) ?? []
    if (code === '') throw new SyntaxError(`expected \`SEVERITY CODE MESSAGE\`, found \`${line}\``)
    findings.push({ severity, code, message, details: [] })
  }
  return findings
}
