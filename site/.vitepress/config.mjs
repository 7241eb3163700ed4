// The site: pages that site/stage.mjs laid out from docs/, in the order of site/sidebar.mjs.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import { toSidebar } from '../sidebar.mjs'
import { PAGES, ROOT, slugOf } from '../stage.mjs'

const grammar = JSON.parse(readFileSync(join(ROOT, 'site/kavach.tmLanguage.json'), 'utf8'))

/** A shield, as a picture that needs no file. */
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#1f6f54" d="M16 2 4 7v8c0 8 5 13 12 15 7-2 12-7 12-15V7z"/><path fill="none" stroke="#fff" stroke-width="3" d="m10 16 4 4 8-8"/></svg>`

export default defineConfig({
  title: 'kavachos',
  description: 'Policy as code for AI agents: a policy language, a compiler and a WebAssembly decision engine.',
  lang: 'en',
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }]],
  srcDir: PAGES,
  outDir: join(ROOT, 'build/site/dist'),
  cacheDir: join(ROOT, 'build/site/cache'),
  base: process.env.SITE_BASE ?? '/',
  // A link to a page that is not there fails the build. The playground is no page: scripts/docs.mjs puts it beside them.
  ignoreDeadLinks: false,
  metaChunk: true,
  // The index of the search is a chunk of its own, which is loaded when somebody searches.
  vite: { build: { chunkSizeWarningLimit: 1024 } },
  markdown: {
    theme: { light: 'github-light', dark: 'github-dark' },
    languages: [grammar],
    languageAlias: { console: 'shellsession' },
    anchor: { slugify: slugOf },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: toSidebar(),
    nav: [
      { text: 'Start', link: '/start/quickstart', activeMatch: '/start/' },
      { text: 'Language', link: '/language' },
      { text: 'Commands', link: '/commands' },
      { text: 'Errors', link: '/errors/' },
      { text: 'Playground', link: '/playground/index.html', target: '_self' },
    ],
    footer: {
      message:
        'An independent implementation of the product documents of KavachOS; not affiliated with their authors. MIT.',
    },
  },
})
