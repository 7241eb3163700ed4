/** What the site is built from: pages laid out of the repository, whose links stay among them. `npm run docs:build` does the rest. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { toSidebar } from '../../site/sidebar.mjs'
import { PAGES, stage } from '../../site/stage.mjs'

const count = stage()
const pages = readdirSync(PAGES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))

test('every page of docs is there, and what pages link to outside of it', () => {
  const docs = readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.replace(/README\.md$/, 'index.md'))
  expect(pages).toHaveLength(count)
  expect(docs.filter((name) => !pages.includes(name))).toEqual([])
  expect(pages).toContain('repository/policies/acme/acme.kavach.md')
  expect(pages).toContain('repository/ARCHITECTURE.md')
})

test('every link leads to a page or a picture of the site', () => {
  const dead = pages.flatMap((page) => {
    const prose = readFileSync(join(PAGES, page), 'utf8').replace(/^(`{3,})[\s\S]*?^\1$/gm, '')
    return [...prose.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(PAGES, dirname(page), link)))
      .map((link) => `${page}: ${link}`)
  })
  expect(dead).toEqual([])
})

test('a block shows the file that it is, and not why it does not run', () => {
  const text = (page: string): string => readFileSync(join(PAGES, page), 'utf8')
  expect(text('start/first-policy.md')).toContain('<p class="file-name">desk/desk.kavach</p>\n\n```kavach\n')
  expect(text('adapters.md')).not.toContain('fragment:')
})

test('the sidebar has each page once', () => {
  const links: string[] = []
  const visit = (items: ReturnType<typeof toSidebar>[string]): void => {
    for (const { link, items: below } of items) {
      if (link !== undefined) links.push(link)
      if (below !== undefined) visit(below)
    }
  }
  visit(toSidebar()['/'] ?? [])
  expect(links).toEqual([...new Set(links)])
  const missing = links
    .map((link) => (/\/$/.test(link) ? `${link}index.md` : `${link}.md`))
    .filter((path) => !existsSync(join(PAGES, path)))
  expect(missing).toEqual([])
})
