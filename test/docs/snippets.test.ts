/** Snippets of pages that are no whole programs: each type-checks in the application that it is meant for. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { blocksOf } from './blocks.ts'

const PAGES = ['docs/keys.md', 'docs/trust.md', 'docs/storage.md', 'docs/development.md']

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
      readonly KAVACH_WEBHOOK_SECRET: string
    }
  }
}
`

const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2023', 'dom'],
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [resolve('node_modules/@types')],
  },
  include: ['*.ts'],
}

test('every snippet type-checks', () => {
  const folder = resolve('build/examples/snippets')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
  writeFileSync(join(folder, 'around.ts'), AROUND)
  const counts = PAGES.map((page) => {
    const blocks = blocksOf(readFileSync(page, 'utf8')).filter(({ language }) => language === 'ts')
    for (const { line, text } of blocks) {
      writeFileSync(join(folder, `${basename(page, '.md')}-${line}.ts`), `${text}export {}\n`)
    }
    return blocks.length
  })
  const tsc = resolve('node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  expect(counts.every((count) => count > 0)).toBe(true)
})
