/**
 * Follows every link of the pages that were built, to the page and to the heading. VitePress looks at links to pages alone, and not at
 * those whose names have a dot in them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** Links that lead nowhere, as `PAGE: LINK`; `folder` is what was built, below `base`. */
export function deadLinks(folder, base = '/') {
  const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.html') && !name.startsWith('playground/'))
  const texts = new Map(pages.map((page) => [page, readFileSync(join(folder, page), 'utf8')]))
  const ids = new Map([...texts].map(([page, text]) => [page, new Set(matches(text, / id="([^"]+)"/g))]))
  const isDead = (page, link) => {
    const [path, anchor] = link.split('#')
    const target = path === '' ? page : targetOf(page, path)
    if (!ids.has(target)) return !existsSync(join(folder, target))
    return anchor !== undefined && !ids.get(target).has(decodeURIComponent(anchor))
  }
  return [...texts].flatMap(([page, text]) =>
    [...new Set(matches(text, /<a [^>]*href="([^"]+)"/g))]
      .filter((link) => !/^[a-z]+:/.test(link) && isDead(page, link))
      .map((link) => `${page}: ${link}`),
  )

  function targetOf(page, path) {
    const whole = path.startsWith(base) ? path.slice(base.length) : posix.join(posix.dirname(page), path)
    if (whole === '' || whole.endsWith('/')) return `${whole}index.html`
    return whole.endsWith('.html') ? whole : `${whole}.html`
  }
}

function matches(text, regex) {
  return [...text.matchAll(regex)].map(([, found]) => found)
}
