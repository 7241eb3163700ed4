/**
 * Lays the pages out that VitePress reads: docs/ as it is, and whatever its pages link to outside of it.
 *
 * Links of docs/ are those of a repository: `README.md` is the page of its folder, and `../policies/acme/acme.kavach` a file. Here a
 * README becomes an `index`, and a file outside of docs/ a page below `repository/` that shows it, so that no link leaves the site
 * for a place that it cannot know.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'

export const ROOT = dirname(import.meta.dirname)
export const PAGES = join(ROOT, 'build/site/pages')

const LANGUAGES = {
  mjs: 'js',
  js: 'js',
  ts: 'ts',
  json: 'json',
  kavach: 'kavach',
  sh: 'sh',
  yml: 'yaml',
  jsonc: 'json',
  sql: 'sql',
}
const PICTURES = /\.(png|svg)$/
const LEFT_OUT = new Set(['node_modules', 'build', 'dist', '.git', '.wrangler'])

/** As GitHub makes them of headings; test/docs/links.test.ts goes by the same rule. */
export function slugOf(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-')
}

/** Writes all pages anew and gives their number. What stands in `public` are no pages, and stays. */
export function stage() {
  mkdirSync(PAGES, { recursive: true })
  for (const name of readdirSync(PAGES)) if (name !== 'public') rmSync(join(PAGES, name), { recursive: true })
  let count = 0
  // The set is whole when it has been walked once: what each page leads to is added on the way.
  const wanted = new Set(['docs'])
  for (const path of wanted) for (const _ of pagesOf(path, wanted)) count++
  for (const path of wanted) for (const [place, text] of pagesOf(path, wanted)) write(place, text)
  return count
}

/** Pages that a path of the repository becomes: place and text. What they lead to is added to `wanted`. */
function* pagesOf(path, wanted) {
  if (path === 'docs') {
    for (const name of filesBelow('docs')) {
      if (PICTURES.test(name)) copy(name)
      else if (name.endsWith('.md')) yield [placeOf(name), pageOf(name, wanted)]
    }
  } else if (statSync(join(ROOT, path)).isDirectory()) {
    const files = filesBelow(path)
    for (const file of files) wanted.add(file)
    if (!files.includes(`${path}/README.md`))
      yield [`repository/${path}/index.md`, `# ${path}\n`.concat(listOf(path, files))]
  } else if (PICTURES.test(path)) copy(path)
  else if (path.endsWith('.md')) yield [placeOf(path), pageOf(path, wanted)]
  else yield [placeOf(path), sourceOf(path)]
}

/** A page of ours, with links and fences as the site has them. */
function pageOf(path, wanted) {
  const parts = readFileSync(join(ROOT, path), 'utf8').split(/^(```[\s\S]*?^```$)/m)
  const text = parts.map((part) => (part.startsWith('```') ? toFence(part) : toProse(part, path, wanted))).join('')
  const home = path === 'docs/index.md' ? readFileSync(join(import.meta.dirname, 'home.yml'), 'utf8') : undefined
  // A folder that somebody links to shows its files; a page that is linked to by itself does not.
  const isFolder = path.endsWith('/README.md') && wanted.has(dirname(path))
  const beside = isFolder ? listOf(dirname(path), filesBelow(dirname(path))) : ''
  return home === undefined ? `${text}${beside}` : `---\n${home}---\n\n${text.replace(/^# .+\n/, '')}`
}

/** Behind the language stands a file's name, or why the block does not run: the one is shown above, the other is for tests. */
function toFence(fence) {
  const [, language = '', info = ''] = /^```(\w*)(.*)/.exec(fence) ?? []
  const file = /^ (?!fragment:)([^\s=]*\.[^\s=]+)/.exec(info)?.[1]
  const name = file === undefined ? '' : `<p class="file-name">${file}</p>\n\n`
  return `${name}\`\`\`${language}${fence.slice(3 + language.length + info.length)}`
}

function toProse(text, path, wanted) {
  const markdown = text.replace(
    /(\]\()([^)\s]+)(\))/g,
    (_, open, link, close) => open + toLink(link, path, wanted) + close,
  )
  return markdown.replace(
    /((?:src|srcset)=")([^"]+)(")/g,
    (_, open, link, close) => open + toLink(link, path, wanted) + close,
  )
}

function toLink(link, path, wanted) {
  if (/^[a-z]+:|^#/.test(link)) return link
  const [file, anchor] = link.split('#')
  const target = posix.join(dirname(path), file).replace(/\/$/, '')
  if (!existsSync(join(ROOT, target))) throw new Error(`${path}: the link ${link} leads nowhere`)
  if (!target.startsWith('docs/')) wanted.add(target)
  const place = statSync(join(ROOT, target)).isDirectory() ? placeOf(`${target}/README.md`) : placeOf(target)
  const way = posix.relative(posix.dirname(placeOf(path)), place)
  return (way.startsWith('.') ? way : `./${way}`) + (anchor === undefined ? '' : `#${anchor}`)
}

/** Where a file of the repository stands among the pages. */
function placeOf(path) {
  const place = path.startsWith('docs/') ? path.slice('docs/'.length) : `repository/${path}`
  if (PICTURES.test(path)) return place
  return (place.endsWith('.md') ? place : `${place}.md`).replace(/(^|\/)README\.md$/, '$1index.md')
}

function sourceOf(path) {
  const text = readFileSync(join(ROOT, path), 'utf8').trimEnd()
  const ticks = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)))
  const language = LANGUAGES[path.split('.').at(-1)] ?? 'text'
  return `---\nsearch: false\noutline: false\n---\n\n# ${path}\n\n${ticks}${language}\n${text}\n${ticks}\n`
}

function listOf(path, files) {
  const items = files.filter((file) => !file.endsWith('README.md') || dirname(file) !== path)
  const lines = items.map(
    (file) =>
      `- [${relative(path, file)}](./${posix.relative(posix.dirname(placeOf(`${path}/README.md`)), placeOf(file))})`,
  )
  return items.length === 0 ? '' : `\n## Files\n\n${lines.join('\n')}\n`
}

function filesBelow(folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !LEFT_OUT.has(name))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]))
    .sort()
}

function copy(path) {
  const to = join(PAGES, placeOf(path))
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(join(ROOT, path), to)
}

function write(place, text) {
  const to = join(PAGES, place)
  mkdirSync(dirname(to), { recursive: true })
  writeFileSync(to, text)
}
