/** No block of a page is left unchecked: each has a language that some test looks at, on a page that it looks at. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Block, blocksOf } from './blocks.ts'
import { isPolicyCode, PAGES, PROGRAMS, REFERENCE, STORIES } from './pages.ts'

/** Who looks at the blocks of a language, on a page of a kind. `text` is what was printed, or a drawing: nothing that anybody types. */
const CHECKED: Readonly<Record<string, readonly string[]>> = {
  'run in order by examples.test.ts': ['ts', 'sh', 'console', 'kavach', 'json', 'text'],
  'run whole by a test of its own': ['ts', 'sh', 'console', 'kavach', 'text'],
  'held to its code by error-pages.test.ts': ['kavach', 'json'],
  'a block at a time by snippets.test.ts and commands.test.ts': ['ts', 'sh', 'kavach', 'json', 'text'],
}

/** Blocks of other languages, and the test that reads them. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/repository-layout.md yaml': 'test/cli/diff-action.test.ts',
  'docs/runtimes.md js': 'test/runtimes/answers/samples.test.ts',
}

function kindOf(page: string): string {
  if (STORIES.flat().includes(page)) return 'run in order by examples.test.ts'
  if (Object.hasOwn(PROGRAMS, page)) return 'run whole by a test of its own'
  if (isPolicyCode(page)) return 'held to its code by error-pages.test.ts'
  return 'a block at a time by snippets.test.ts and commands.test.ts'
}

const blocks: readonly (Block & { readonly page: string })[] = PAGES.flatMap((page) =>
  blocksOf(readFileSync(page, 'utf8')).map((block) => ({ ...block, page })),
)

test('each block is looked at by a test', () => {
  const lost = blocks.filter(
    ({ page, language }) =>
      !CHECKED[kindOf(page)]?.includes(language) && !Object.hasOwn(ELSEWHERE, `${page} ${language}`),
  )
  expect(lost.map(({ page, line, language }) => `${page}:${line}: ${language}`)).toEqual([])
})

test('each fence has a language, so that none is passed over', () => {
  const lost = PAGES.flatMap((page) => {
    const fences = readFileSync(page, 'utf8').match(/^ *```.*$/gm) ?? []
    const seen = blocks.filter((block) => block.page === page).length
    return fences.length === 2 * seen ? [] : [`${page}: ${fences.length} fences, ${seen} blocks`]
  })
  expect(lost).toEqual([])
})

test('a block that does not run says why', () => {
  const fragments = blocks.flatMap(({ page, line, fragment }) =>
    fragment === undefined ? [] : [{ page, line, fragment }],
  )
  expect(fragments.filter(({ fragment }) => fragment.length < 10)).toEqual([])
  const programs = blocks.filter(({ language }) => language === 'ts')
  const unrun = programs.filter(({ fragment }) => fragment !== undefined)
  // Most programs run; what listens or needs a platform is type-checked.
  expect(unrun.length / programs.length).toBeLessThan(0.3)
})

test('the pages and tests that are named are there', () => {
  expect([...STORIES.flat(), ...REFERENCE].filter((path) => !existsSync(path))).toEqual([])
  const readers = [
    ...Object.entries(PROGRAMS).map(([page, name]) => [page, `test/docs/${name}`] as const),
    ...Object.entries(ELSEWHERE).map(([place, path]) => [place.split(' ')[0] ?? '', path] as const),
  ]
  expect(readers.filter(([page, path]) => !readFileSync(path, 'utf8').includes(page))).toEqual([])
})
