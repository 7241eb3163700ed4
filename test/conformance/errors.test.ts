/** The error reference of the published documents, read where it lies. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ERROR_CODES, KavachError, type KavachErrorCode } from '../../runtime/index.ts'

const SEEDS = join(process.env.KAVACH_CONFORMANCE ?? '', 'seeds')
const texts = readdirSync(SEEDS)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => readFileSync(join(SEEDS, name), 'utf8'))
const reference = texts.find((text) => text.includes('KVCH_E_SESSION_EXPIRED')) ?? ''

test('every code of the documents is a code of ours', () => {
  const codes = [...new Set([...reference.matchAll(/^\| (KVCH_E_\w+) \|/gm)].map(([, code = '']) => code))]
  expect(codes.length).toBe(29)
  expect(codes.filter((code) => !Object.hasOwn(ERROR_CODES, code))).toEqual([])
})

test('every family that a text names has codes', () => {
  const families = texts.flatMap((text) => [...text.matchAll(/KVCH_E_[A-Z]+_(?=\*)/g)].map(([family]) => family))
  const ours = Object.keys(ERROR_CODES)
  expect(new Set(families).size).toBe(5)
  expect(families.filter((family) => !ours.some((code) => code.startsWith(family)))).toEqual([])
})

test('an error has the members of the printed one, and leads to the same page', () => {
  const [printed = ''] = /^\{\n"error": \{[\s\S]*?^\}\n\}/m.exec(reference) ?? []
  const { error }: { readonly error: Readonly<Record<string, string>> & { readonly code: KavachErrorCode } } =
    JSON.parse(printed)
  const ours = new KavachError(error.code, undefined, { requestId: error.request_id }).toJSON()
  expect(Object.keys(ours)).toEqual(Object.keys(error))
  expect({ ...ours, timestamp: '', message: '' }).toEqual({ ...error, timestamp: '', message: '' })
})
