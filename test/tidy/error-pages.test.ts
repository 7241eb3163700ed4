/** docs/errors holds a page for each diagnostic code of the sources, and what the pages show is true. Codes of the host: test/docs/errors.test.ts. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { analyzePolicy } from '../../compiler/analyze/index.ts'
import { checkPolicy, runTests } from '../../compiler/front/index.ts'
import { createReference } from '../../compiler/reference/index.ts'
import { type Diagnostic, parsePolicy } from '../../grammar/index.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGES = join(ROOT, 'docs/errors')

function sourcesOf(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(ROOT, folder, path), 'utf8'))
}

/** Codes in string literals; those that comments speak of do not count. */
const CODES = [
  ...new Set(
    ['grammar', 'compiler', 'cli'].flatMap(sourcesOf).flatMap((text) => text.match(/(?<=')KV\d{4}(?=')/g) ?? []),
  ),
]
const PAGE_CODES = readdirSync(PAGES)
  .filter((name) => /^KV\d{4}\.md$/.test(name))
  .map((name) => name.replace(/\.md$/, ''))

interface Page {
  readonly title: string
  readonly severity: string
  /** Files by path, of the example and of the mended one. */
  readonly example: ReadonlyMap<string, string>
  readonly mended: ReadonlyMap<string, string>
}

function readPage(code: string): Page {
  const text = readFileSync(join(PAGES, `${code}.md`), 'utf8')
  const parts =
    /^# KV\d{4}: (.+)\n\nAn? (error|warning)\.\n\n[^#]+\n## Example\n\n([\s\S]+)\n## How it is mended\n\n[^`][\s\S]*$/.exec(
      text,
    )
  const [, title = '', severity = '', example = ''] = parts ?? []
  return {
    title,
    severity,
    example: filesOf(example),
    mended: filesOf(text.slice(text.indexOf('## How it is mended'))),
  }
}

/**
 * The fenced blocks of a text. Behind the language stand the file's name, `escapes` (`\u{...}` is the character itself),
 * `repeat=N` (the block, N times), or `repeat-digit` (each digit, a million times).
 */
function filesOf(text: string): ReadonlyMap<string, string> {
  const blocks = [...text.matchAll(/^```(\w+)(.*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', info = '', body = '']) => {
      const words = info.trim().split(' ')
      const name = words.find((word) => word.includes('.')) ?? `example.${language}`
      const repeat = Number(/repeat=(\d+)/.exec(info)?.[1] ?? 1)
      let content = body.repeat(repeat)
      if (words.includes('repeat-digit')) content = content.replace(/\d/g, (digit) => digit.repeat(1_000_000))
      if (words.includes('escapes')) {
        content = content.replace(/\\u\{([0-9A-F]+)\}/gi, (_, hex: string) =>
          String.fromCodePoint(Number.parseInt(hex, 16)),
        )
      }
      return [name, content] as const
    },
  )
  return new Map(blocks)
}

const NOW = Date.UTC(2026, 3, 1, 12)

/** Everything that parser, checks and tests say of the files. */
function diagnose(files: ReadonlyMap<string, string>): readonly Pick<Diagnostic, 'code' | 'severity'>[] {
  const parsed = [...files].filter(([path]) => path.endsWith('.kavach')).map(([path, text]) => parsePolicy(path, text))
  const trees = parsed.map(({ file }) => file)
  const checked = checkPolicy(trees, { now: NOW, loadCatalog: (path) => files.get(path) })
  const found: Pick<Diagnostic, 'code' | 'severity'>[] = [
    ...parsed.flatMap(({ diagnostics }) => diagnostics),
    ...checked.diagnostics,
  ]
  const { model } = checked
  if (model === undefined) return found
  found.push(...analyzePolicy({ ...checked, files: trees, model }).diagnostics)
  const reference = createReference(trees)
  const failed = runTests(trees, (request) => reference.decide(request)).filter(({ passed }) => !passed)
  return [...found, ...failed.map(() => ({ code: 'KV8001', severity: 'error' as const }))]
}

/** The codes of errors, and the code itself where it is a warning: an example may be warned about for other reasons. */
function codesOf(files: ReadonlyMap<string, string>, code: string): readonly string[] {
  const relevant = diagnose(files).filter((diagnostic) => diagnostic.severity === 'error' || diagnostic.code === code)
  return [...new Set(relevant.map((diagnostic) => `${diagnostic.severity} ${diagnostic.code}`))]
}

it('every code of the sources has a page, and every page a code', () => {
  expect(PAGE_CODES.toSorted()).toEqual(CODES.toSorted())
})

it('the index lists every page under its title', () => {
  const rows = [
    ...readFileSync(join(PAGES, 'README.md'), 'utf8').matchAll(/^\| \[(KV\d{4})\]\(\1\.md\) \| (\w+) \| (.+) \|$/gm),
  ]
  expect(rows.map(([, code, severity, title]) => ({ code, severity, title }))).toEqual(
    PAGE_CODES.toSorted().map((code) => {
      const { severity, title } = readPage(code)
      return { code, severity, title }
    }),
  )
})

describe.each(PAGE_CODES)('%s', (code) => {
  const { severity, example, mended } = readPage(code)

  it('is what its example provokes, and nothing else', () => {
    expect(codesOf(example, code)).toEqual(EXPECTED.get(code) ?? [`${severity} ${code}`])
  })

  it('is gone from the mended example', () => {
    expect([mended.size > 0, codesOf(mended, code)]).toEqual([true, []])
  })
})

/** Where the code cannot come alone: a hundred errors come before, and a row that can never pass does not pass. */
const EXPECTED: ReadonlyMap<string, readonly string[]> = new Map([
  ['KV0110', ['error KV0101', 'error KV0110', 'error KV1001']],
  ['KV4009', ['warning KV4009', 'error KV8001']],
])
