// `npm run docs:build` and `npm run docs:dev`: the documents as pages, in build/site/dist, and while they are written.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './vitest.mjs'

const SITE = join(root, 'site')
const OUT = join(root, 'build/site/dist')
const STAMP = join(SITE, 'node_modules/.installed')

const [command = 'build', ...rest] = process.argv.slice(2)
if (!['build', 'dev'].includes(command) || rest.length > 0) {
  console.error('usage: node scripts/docs.mjs build|dev')
  process.exit(64)
}

installSite()
if (!['dist/grammar/tokens.js', 'build/engine.wasm'].every((path) => existsSync(join(root, path)))) {
  mustBe(node('scripts/build.mjs'), 'the build failed')
}
const { PAGES, stage } = await import('../site/stage.mjs')
layOut()
addPlayground()
if (command === 'dev') {
  await serve()
} else {
  await checkGrammar()
  rmSync(OUT, { recursive: true, force: true })
  mustBe(node('site/node_modules/vitepress/bin/vitepress.js', 'build', 'site'), 'the site was not built')
  await checkLinks()
  console.log('build/site/dist has the site')
}

function layOut() {
  try {
    console.log(`${stage()} pages laid out`)
  } catch (error) {
    mustBe(1, error.message)
  }
}

/** With what its lockfile says, once. */
function installSite() {
  const lock = readFileSync(join(SITE, 'package-lock.json'), 'utf8')
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return
  const npm = ['ci', '--prefix', SITE, '--ignore-scripts', '--no-audit', '--no-fund']
  mustBe(
    spawnSync('npm', npm, { stdio: 'inherit', shell: process.platform === 'win32' }).status,
    'npm ci failed in site/',
  )
  writeFileSync(STAMP, lock)
}

async function checkGrammar() {
  const { grammarFaults } = await import('../site/check-grammar.mjs')
  const { KW } = await import('../dist/grammar/tokens.js')
  const faults = await grammarFaults(new Set(Object.keys(KW)))
  for (const fault of faults) console.error(fault)
  mustBe(faults.length, 'site/kavach.tmLanguage.json does not know the language')
}

async function checkLinks() {
  const { deadLinks } = await import('../site/check-links.mjs')
  const dead = deadLinks(OUT, process.env.SITE_BASE)
  for (const link of dead) console.error(link)
  mustBe(dead.length, 'links lead nowhere')
}

/** It is no page of VitePress, but files beside the pages. */
function addPlayground() {
  mustBe(node('scripts/playground.mjs'), 'the playground was not built')
  const place = join(PAGES, 'public/playground')
  rmSync(place, { recursive: true, force: true })
  cpSync(join(root, 'build/playground'), place, { recursive: true })
}

/** Pages are laid out anew whenever one is saved; VitePress sees to the browser. */
async function serve() {
  let timer
  watch(join(root, 'docs'), { recursive: true }, () => {
    clearTimeout(timer)
    timer = setTimeout(() => stage(), 100)
  })
  const { createServer } = await import(join(SITE, 'node_modules/vitepress/dist/node/index.js'))
  const server = await createServer(SITE)
  await server.listen()
  server.printUrls()
}

function node(script, ...args) {
  return spawnSync(process.execPath, [join(root, script), ...args], { cwd: root, stdio: 'inherit' }).status
}

function mustBe(status, message) {
  if (status === 0) return
  console.error(message)
  process.exit(1)
}
