/** The loader carries bytes to the module and back; nothing in it depends on a policy. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path/posix'
import { expect, test } from 'vitest'
import { importsOf } from '../tidy/floors.ts'

const HOST = 'engine-wasm/host'
const sources = readdirSync(HOST)
  .filter((name) => name !== 'engine-bytes.ts')
  .map((name) => ({ name, text: readFileSync(join(HOST, name), 'utf8') }))

test('the loader imports itself and the format, and of the format no structure of a policy but names and identity', () => {
  const specifiers = new Set(sources.flatMap(({ text }) => importsOf(text)))
  // By `#carried` a platform says how the engine comes along: as text, or as a module.
  const engine = ['#carried', 'kavachos/engine.wasm']
  const outside = [...specifiers].filter((specifier) => !specifier.startsWith('./') && !engine.includes(specifier))
  expect(outside.sort()).toEqual(['../format/codes.ts', '../format/layout.ts', '../format/limits.ts'])
  const structures =
    /\b(RULE|RULESET|PATTERN|DFA|CONDITION|ATOM|GUARD|EXTRA|LIMIT|LIMIT_LIST|METER|EXPIRY|OP|COMPARE)_[A-Z_]+\b/g
  const named = sources.flatMap(({ name, text }) => [...text.matchAll(structures)].map(([word]) => `${name} ${word}`))
  expect(named).toEqual([])
})

test('the loader says no name that a policy of the repository declares', () => {
  const words = new Set(
    readdirSync('policies').flatMap((folder) =>
      readdirSync(join('policies', folder))
        .filter((name) => name.endsWith('.kavach'))
        .flatMap((name) => {
          const text = readFileSync(join('policies', folder, name), 'utf8')
          const declared = text.matchAll(/^(?:policy|role|(?:autonomous|delegated|service) agent|set) ([\w-]+)/gm)
          return [...declared, ...text.matchAll(/\bon ([a-z]+:[a-z]+)/g)].flatMap(([, word]) => word ?? [])
        }),
    ),
  )
  expect(words.size).toBeGreaterThan(20)
  // As a text of the program: `memory` may well be a member of an instance.
  const said = sources.flatMap(({ text }) => [...text.matchAll(/'([^'\n]*)'/g)].map(([, word]) => word ?? ''))
  expect(said.filter((word) => words.has(word))).toEqual([])
})

test('the second encoder has at most 150 lines and imports nothing', () => {
  const text = readFileSync('test/abi/second-encoder.mjs', 'utf8')
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(150)
  expect(text).not.toMatch(/\b(import|require)\b\s*[({'"*]|^import\b/m)
})
