/** Counts what the corpus holds, so that nothing of the language is left without a case. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadCases } from './case-file.ts'
import { PRODUCTIONS, productionsOf } from './productions.ts'
import { checkCase } from './subject.ts'
import { pairsOf, REQUIRED_PAIRS } from './unknown-pairs.ts'

const CASES = loadCases()

test('there are at least 180 cases', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(180)
})

test('each known defect of the reference system has a case by its name', () => {
  const named = new Set(CASES.map(({ name }) => /^defects\/(defect-\d\d)-/.exec(name)?.[1]))
  const defects = Array.from({ length: 15 }, (_, index) => `defect-${String(index + 1).padStart(2, '0')}`)
  expect(defects.filter((defect) => !named.has(defect))).toEqual([])
})

describe('the grammar', () => {
  // Only sound policies count: a production in a text that is refused shows little.
  const files = CASES.map((each) => checkCase(each)).flatMap(({ files, model }) => (model === undefined ? [] : files))
  const ticks = new Set(files.flatMap((file) => [...productionsOf(file)]))

  test('every production occurs', () => {
    expect(PRODUCTIONS.filter((production) => !ticks.has(production))).toEqual([])
  })

  test('every tick belongs to a production', () => {
    const known = new Set(PRODUCTIONS)
    expect([...ticks].filter((tick) => !known.has(tick))).toEqual([])
  })
})

describe('diagnostics', () => {
  const emitted = new Set(['grammar', 'compiler'].flatMap(sourcesUnder).flatMap((text) => text.match(CODES) ?? []))
  const expected = new Set(CASES.flatMap(({ findings }) => findings ?? []).map(({ code }) => code))

  test('every code that the sources emit is expected by a case, with its message', () => {
    expect([...emitted].filter((code) => !expected.has(code)).sort()).toEqual([])
  })
})

const CODES = /\bKV\d{4}\b/g

/** The sources of a folder without their comments, which speak of codes and emit none. */
function sourcesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(folder, path), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ''))
}

test('every reason is an expected answer', () => {
  const codes = readFileSync('engine-wasm/format/codes.ts', 'utf8').matchAll(/^export const REASON_(\w+) =/gm)
  const reasons = [...codes].map(([, name = '']) => name.toLowerCase().replaceAll('_', '-'))
  const expected = new Set(CASES.flatMap(({ questions }) => questions).map(({ reason }) => reason))
  // The loader adds one to those of the module.
  expect([...reasons, 'meters-required'].filter((reason) => !expected.has(reason))).toEqual([])
  expect(reasons).toHaveLength(23)
})

test('every construct is asked with each fact that it can miss, absent and of another type', () => {
  const found = new Set(CASES.flatMap((each) => [...pairsOf(each, checkCase(each).files)]))
  expect(REQUIRED_PAIRS.filter((pair) => !found.has(pair))).toEqual([])
})
