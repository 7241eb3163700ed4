import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkPolicy, emitSourceMap, emitTypes } from '../../../compiler/front/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'

const FOLDER = 'policies/acme'
const FILES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.kavach'))
  .map((name) => ({ path: name, text: readFileSync(join(FOLDER, name), 'utf8') }))
const WORDS = FILES.flatMap(({ text }) => text.match(/[\w.-]+|\/.*\/|[^\w\s]/g) ?? [])
const loadCatalog = (path: string): string => readFileSync(join(FOLDER, path), 'utf8')

/** Replaces a few words of the policy by others of it. */
const mutation = fc.array(fc.tuple(fc.nat(FILES.length - 1), fc.nat(100_000), fc.nat(WORDS.length - 1)), {
  minLength: 1,
  maxLength: 4,
})

it('whatever the words of a policy, every finding stands inside the text, and no errors mean a model', () => {
  let sound = 0
  fc.assert(
    fc.property(mutation, (edits) => {
      const texts = FILES.map(({ text }) => text)
      for (const [file, at, word] of edits) {
        const text = texts[file] ?? ''
        const words = [...text.matchAll(/[\w.-]+|[^\w\s]/g)]
        const target = words[at % words.length]
        const start = target?.index ?? 0
        texts[file] = `${text.slice(0, start)}${WORDS[word]}${text.slice(start + (target?.[0].length ?? 0))}`
      }
      const parsed = FILES.map(({ path }, i) => parsePolicy(path, texts[i] ?? ''))
      const { model, diagnostics, map, catalogs } = checkPolicy(
        parsed.map(({ file }) => file),
        { now: 0, loadCatalog: (path) => (path === 'catalog/github.tools.json' ? loadCatalog(path) : undefined) },
      )
      const outside = diagnostics.filter(({ path, span, secondary = [] }) =>
        [{ path, span }, ...secondary].some(({ path: name, span: { start, end } }) => {
          const text = texts[FILES.findIndex((file) => file.path === name)]
          return text === undefined || start < 0 || end < start || end > text.length
        }),
      )
      const isSound = [...parsed.flatMap(({ diagnostics }) => diagnostics), ...diagnostics].every(
        ({ severity }) => severity === 'warning',
      )
      expect({ outside, hasModel: model !== undefined }).toEqual({ outside: [], hasModel: isSound })
      if (model === undefined) return
      sound++
      expect([emitTypes(model, catalogs).length > 0, emitSourceMap(map).length > 0]).toEqual([true, true])
    }),
    { numRuns: 200 },
  )
  expect(sound).toBeGreaterThan(10)
})
