// The site: pages that site/stage.mjs laid out from docs/, in the order of site/sidebar.mjs.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import { toSidebar } from '../sidebar.mjs'
import { PAGES, ROOT, slugOf } from '../stage.mjs'

const grammar = JSON.parse(readFileSync(join(ROOT, 'site/kavach.tmLanguage.json'), 'utf8'))

export default defineConfig({
  title: 'kavachos',
  description: 'Policy as code for AI agents: a policy language, a compiler and a WebAssembly decision engine.',
  lang: 'en',
  srcDir: PAGES,
  outDir: join(ROOT, 'build/site/dist'),
  cacheDir: join(ROOT, 'build/site/cache'),
  base: process.env.SITE_BASE ?? '/',
  // A link to a page that is not there fails the build. The playground is no page: scripts/docs.mjs puts it beside them.
  ignoreDeadLinks: false,
  metaChunk: true,
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
      { text: 'Playground', link: '/playground/', target: '_self' },
    ],
    footer: {
      message:
        'An independent implementation of the product documents of KavachOS; not affiliated with their authors. MIT.',
    },
  },
})
