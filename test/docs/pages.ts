/** Which pages have examples, and how each is held to what it says. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path/posix'

/**
 * Pages whose blocks are run in order: files are written, commands and programs run, and what a page prints is what they print. Pages
 * of one list go on in the same folder.
 */
export const STORIES: readonly (readonly string[])[] = [
  ['README.md'],
  ['docs/commands.md'],
  ['docs/signing.md'],
  ['docs/start/quickstart.md'],
  ['docs/start/first-policy.md', 'docs/start/first-host.md'],
  ['docs/production.md'],
  ['docs/tools.md'],
]

/** Pages that a test of their own runs whole, by the name of that test. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  'docs/audit.md': 'audit.test.ts',
  'docs/host.md': 'host.test.ts',
  'docs/reviewing.md': 'reviewing.test.ts',
}

/** Every page that the package or the repository shows to people. */
export const PAGES: readonly string[] = [
  'README.md',
  'ARCHITECTURE.md',
  'RELIABILITY.md',
  ...['docs', 'bench', 'examples', 'policies'].flatMap(markdownBelow),
]

/** Pages of codes of policies: their examples are held to the codes by test/tidy/error-pages.test.ts. */
export function isPolicyCode(page: string): boolean {
  return /^docs\/errors\/KV\d{4}\.md$/.test(page)
}

/** All other pages: each block stands for itself. */
export const REFERENCE: readonly string[] = PAGES.filter(
  (page) => !isPolicyCode(page) && !STORIES.flat().includes(page) && !Object.hasOwn(PROGRAMS, page),
)

function markdownBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name.replaceAll('\\', '/')))
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .sort()
}
