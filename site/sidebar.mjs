/** Which pages there are, in the order in which a newcomer reads them. A page of docs/ that stands in no group fails the build. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const DOCS = join(import.meta.dirname, '../docs')

const GROUPS = [
  ['Start', ['index', 'start/quickstart', 'start/first-policy', 'start/first-host', 'faq']],
  [
    'Guides',
    [
      'repository-layout',
      'reviewing',
      'development',
      'tools',
      'host',
      'adapters',
      'mcp/README',
      'mcp/servers',
      'mcp/gateway',
      'mcp/authorization',
      'mcp/clients',
      'mcp/tokens',
      'sessions',
      'workers',
      'runtimes',
      'storage',
      'production',
      'audit',
      'keys',
      'signing',
      'trust',
      'cedar',
    ],
  ],
  ['Reference', ['language', 'commands', 'options', 'http', 'errors/README', 'decision-log', 'abi', 'compatibility']],
  ['Figures', ['benchmarks']],
]

/** The sidebars of VitePress: one for all pages, and the same with every code for the pages of errors. */
export function toSidebar() {
  const known = new Set(GROUPS.flatMap(([, pages]) => pages))
  const lost = pagesOf('').filter((page) => !known.has(page) && !isCode(page))
  if (lost.length > 0) throw new Error(`site/sidebar.mjs has no place for ${lost.join(', ')}`)
  const groups = GROUPS.map(([text, pages]) => ({ text, collapsed: false, items: pages.map(toItem) }))
  return { '/errors/': [toErrors(), ...groups], '/': groups }
}

function toErrors() {
  const codes = pagesOf('errors').filter(isCode)
  const items = [
    ['Of policies', codes.filter((page) => !page.includes('KVCH'))],
    ['Of the host', codes.filter((page) => page.includes('KVCH'))],
  ].map(([text, pages]) => ({
    text,
    collapsed: true,
    items: pages.map((page) => ({ text: nameOf(page), link: linkOf(page) })),
  }))
  return { text: 'Errors', link: '/errors/', items }
}

function toItem(page) {
  const path = join(DOCS, `${page}.md`)
  if (!existsSync(path)) throw new Error(`site/sidebar.mjs names docs/${page}.md, which is not there`)
  const [, title] = /^# (.+)$/m.exec(readFileSync(path, 'utf8')) ?? []
  if (title === undefined) throw new Error(`docs/${page}.md has no title`)
  return { text: page === 'index' ? 'What and why' : title.replaceAll('`', ''), link: linkOf(page) }
}

const isCode = (page) => /^errors\/K/.test(page)
const nameOf = (page) => page.split('/').at(-1)
const linkOf = (page) => `/${page.replace(/(^|\/)(README|index)$/, '$1')}`

function pagesOf(folder) {
  return readdirSync(join(DOCS, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name).replaceAll('\\', '/').slice(0, -'.md'.length))
    .sort()
}
