/** Snippets of pages that are no whole programs: each type-checks in the application that it is meant for. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newApplication, typeErrorsOf } from '../fixtures/application.ts'
import { blocksOf } from './blocks.ts'

const PAGES = [
  'docs/adapters.md',
  'docs/development.md',
  'docs/http.md',
  'docs/keys.md',
  'docs/mcp/README.md',
  'docs/mcp/authorization.md',
  'docs/mcp/servers.md',
  'docs/mcp/tokens.md',
  'docs/sessions.md',
  'docs/storage.md',
  'docs/trust.md',
]

/** What the snippets take from the application around them; they may declare the same anew. */
const AROUND = `import type { createKavach as open } from 'kavachos'
declare global {
  const kavach: Awaited<ReturnType<typeof open>>
  const createKavach: typeof open
  const database: { readonly provider: 'sqlite'; readonly url: string }
  const agentId: string
  const request: Request
  namespace NodeJS {
    interface ProcessEnv {
      readonly KAVACH_SECRET: string
      readonly KAVACH_SECRET_OLD: string
      readonly WORKER_SECRET: string
      readonly KAVACH_WEBHOOK_SECRET: string
    }
  }
}
`

test('every snippet type-checks', () => {
  const folder = newApplication('examples/snippets')
  writeFileSync(join(folder, 'around.ts'), AROUND)
  const counts = PAGES.map((page) => {
    const blocks = blocksOf(readFileSync(page, 'utf8')).filter(({ language }) => language === 'ts')
    for (const { line, text } of blocks) {
      writeFileSync(
        join(folder, `${page.slice('docs/'.length, -'.md'.length).replace('/', '-')}-${line}.ts`),
        `${text}export {}\n`,
      )
    }
    return blocks.length
  })
  expect(typeErrorsOf(folder)).toBe('')
  expect(counts.every((count) => count > 0)).toBe(true)
})
