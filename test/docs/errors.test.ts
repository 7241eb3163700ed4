/** docs/errors holds a page for each code of the host, and what the pages say of it is true. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../../runtime/index.ts'

const PAGES = 'docs/errors'
const codes = Object.keys(ERROR_CODES)
const pages = new Map(
  readdirSync(PAGES)
    .filter((name) => /^KVCH_E_\w+\.md$/.test(name))
    .map((name) => [name.replace(/\.md$/, ''), readFileSync(join(PAGES, name), 'utf8')]),
)

test('every code of the host has a page, and every page a code', () => {
  expect([...pages.keys()].sort()).toEqual(codes.toSorted())
})

test('the index lists every code once, with its status and what it says', () => {
  const index = readFileSync(join(PAGES, 'README.md'), 'utf8')
  const rows = [...index.matchAll(/^\| \[(KVCH_E_\w+)\]\(\1\.md\) \| (\d+) \| (.+) \|$/gm)]
  expect(rows.map(([, code, status, message]) => [code, Number(status), message]).sort()).toEqual(
    Object.entries(ERROR_CODES)
      .map(([code, { status, message }]) => [code, status, message])
      .sort(),
  )
})

describe.each(Object.entries(ERROR_CODES))('%s', (code, { status, message }) => {
  const page = pages.get(code) ?? ''

  test('has a page of the form that all have, with its status and message', () => {
    const [head = '', ...parts] = page.split(/^## /m)
    const [, title, printed, comes, again, told = ''] =
      /^# (.+)\n\n\| \| \|\n\|---\|---\|\n\| HTTP status \| (\d+) \|\n\| comes as \| (.+) \|\n\| trying again \| (.+) \|\n\n([\s\S]+)\n\n$/.exec(
        head,
      ) ?? []
    expect({ title, status: Number(printed) }).toEqual({ title: `${code}: ${message}`, status })
    expect([comes, again, told].map((text) => (text ?? '').length > 3)).toEqual([true, true, true])
    expect(parts.map((part) => part.split('\n')[0])).toEqual(['Usual causes', 'What to do', 'Related'])
    expect(parts.filter((part) => part.trim().split('\n').length < 3)).toEqual([])
  })

  test('leads to other codes, with what they say', () => {
    const related = page.slice(page.indexOf('## Related\n')).trim().split('\n').slice(2)
    const found = related.map((line) => /^- \[(KVCH_E_\w+)\]\(\1\.md\): (.+)$/.exec(line)?.slice(1) ?? [line])
    const told: ReadonlyMap<string, string> = new Map(Object.entries(ERROR_CODES).map(([c, e]) => [c, e.message]))
    expect(found.length).toBeGreaterThan(0)
    expect(found).toEqual(found.map(([name = '']) => [name, told.get(name)]))
    expect(found.map(([name]) => name)).not.toContain(code)
  })
})
