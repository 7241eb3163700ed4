// Writes NOTICE and THIRD_PARTY.md: the packages that come with kavachos, what of others is inside it, and their licences. With
// `--check` it writes nothing, and fails where the files say something else.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Licences that ask for no more than that their text goes along. Whatever else turns up is for a person to judge. */
const PERMITTED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT']

/** Headings of licences, which each package spells as it likes. */
const HEADING = /^#*\s*\(?(the )?(mit|isc|bsd)( \d-clause)?( license)?( \(mit\))?\)?\.?$/i

/** What of others is in files of this package, with where it comes from. */
const INSIDE = [
  [
    '`build/engine.wasm`, and every module that `kavach compile` writes',
    'a few functions and constants of the standard library of [AssemblyScript](https://github.com/AssemblyScript/assemblyscript), whose compiler translates the engine',
    'Apache-2.0',
  ],
  [
    '`policies/browser/browser.tools.json`',
    'names, descriptions and schemas of the tools of @playwright/mcp 0.0.83',
    'Apache-2.0',
  ],
  ['`policies/git/git.tools.json`', 'the same of @cyanheads/git-mcp-server 2.15.3', 'Apache-2.0'],
  [
    '`policies/everything`, `policies/filesystem` and `policies/memory`, `*.tools.json`',
    'the same of @modelcontextprotocol/server-everything, server-filesystem and server-memory 2026.8.31',
    'LICENSE of [modelcontextprotocol/servers](https://github.com/modelcontextprotocol/servers), which the packages name',
  ],
]

const NOTICE = `kavachos
Copyright (c) 2026 the kavachos authors

Licensed under the MIT License: see LICENSE.

This is an independent implementation of the product documents of KavachOS. It is not affiliated with their authors, nor endorsed
by them. Names of other products are used to say what this one works with; they belong to their owners.

THIRD_PARTY.md lists the packages that are installed with this one and what of others is inside it, with their licences.
`

function main(args) {
  const files = [
    ['NOTICE', NOTICE],
    ['THIRD_PARTY.md', thirdParty(root)],
  ]
  if (!args.includes('--check')) {
    for (const [name, text] of files) writeFileSync(join(root, name), text)
    return
  }
  const stale = files.filter(
    ([name, text]) => !existsSync(join(root, name)) || readFileSync(join(root, name), 'utf8') !== text,
  )
  for (const [name] of stale) console.error(`${name} is not current: run \`node scripts/notices.mjs\``)
  if (stale.length > 0) process.exitCode = 1
}

/** The text of THIRD_PARTY.md for a folder with a package.json, a package-lock.json and node_modules. */
export function thirdParty(folder) {
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'))
  const manifest = packages['']
  const installed = treeOf(packages, Object.keys(manifest.dependencies ?? {}))
  const withUs = installed.map((path) => packageAt(folder, path, packages[path])).sort(byName)
  const peers = Object.keys(manifest.peerDependencies ?? {}).map((name) => `node_modules/${name}`)
  const ofUsers = peers.map((path) => packageAt(folder, path, packages[path])).sort(byName)
  for (const { name, licence } of [...withUs, ...ofUsers]) {
    const isPermitted = licence
      .replace(/^\(|\)$/g, '')
      .split(' OR ')
      .some((one) => PERMITTED.includes(one))
    if (!isPermitted) throw new Error(`${name} has the licence \`${licence}\`: see whether it may come along`)
  }
  return `# Third parties

What others made and you get with kavachos, and their licences. Written by \`node scripts/notices.mjs\`; changes are lost.

## Installed with it

Their files are not part of this package: npm fetches them. The versions are those that this release was tested with.

${table(['package', 'version', 'licence'], withUs.map(row))}

## Used where you install it

${table(['package', 'version', 'licence'], ofUsers.map(row))}

## Inside it

${table(['file', 'what', 'licence'], INSIDE)}

## Texts

Each text once, with the packages that it comes from and what these say about copyright.

${groupTexts(withUs).map(section).join('\n')}`
}

/** Paths in the lock of these packages and of all that they need. */
function treeOf(packages, names) {
  const found = new Set()
  const visit = (name, from) => {
    const path = resolvePath(packages, name, from)
    if (path === undefined || found.has(path)) return
    found.add(path)
    const {
      dependencies = {},
      optionalDependencies = {},
      peerDependencies = {},
      peerDependenciesMeta = {},
    } = packages[path]
    const peers = Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta[peer]?.optional)
    for (const next of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) visit(next, path)
  }
  for (const name of names) visit(name, '')
  return [...found]
}

/** Where Node would find the package: the nearest node_modules above. */
function resolvePath(packages, name, from) {
  const path = `${from === '' ? '' : `${from}/`}node_modules/${name}`
  if (packages[path] !== undefined) return path
  if (from === '') return undefined
  return resolvePath(packages, name, from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))))
}

function packageAt(folder, path, { version, license }) {
  const at = join(folder, path)
  if (!existsSync(at)) throw new Error(`${path} is missing: run \`npm ci\``)
  const licence = license ?? 'none'
  const names = readdirSync(at)
    .filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
    .sort()
  return {
    name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    version,
    licence,
    texts: names.map((name) => readFileSync(join(at, name), 'utf8')),
  }
}

function byName(a, b) {
  return compare(a.name, b.name) || compare(a.version, b.version)
}

function row({ name, version, licence }) {
  return [name, version, licence]
}

/** Texts that differ only in who holds the copyright, in their headings and in white space are one. */
function groupTexts(packages) {
  const groups = new Map()
  for (const { name, licence, texts } of packages) {
    for (const text of texts.length === 0 ? [undefined] : texts) {
      const lines = (text ?? '').replace(/\r/g, '').split('\n')
      const isHolder = (line) => /^\s*(copyright ([\d(©]|.*\b\d{4}\b)|\(c\) \d)/i.test(line)
      const body = lines
        .filter((line) => !isHolder(line) && !HEADING.test(line.trim()))
        .join('\n')
        .trim()
      const key = text === undefined ? `none ${licence}` : body.toLowerCase().replace(/[^a-z0-9]+/g, ' ')
      const group = groups.get(key) ?? { licence, body: text === undefined ? undefined : body, holders: new Map() }
      const held = lines.filter(isHolder).map((line) => line.trim().replace(/\s+/g, ' '))
      group.holders.set(name, [...new Set([...(group.holders.get(name) ?? []), ...held])])
      groups.set(key, group)
    }
  }
  return [...groups.values()].sort(
    (a, b) =>
      compare(a.licence, b.licence) ||
      b.holders.size - a.holders.size ||
      compare([...a.holders.keys()][0], [...b.holders.keys()][0]),
  )
}

function section({ licence, body, holders }) {
  const names = [...holders].map(
    ([name, held]) => `- ${name}${held.length === 0 ? '' : `: ${held.map((line) => toMarkdown(line)).join('; ')}`}`,
  )
  if (body === undefined) {
    return `### ${licence}, named in package.json alone\n\n${names.join('\n')}\n`
  }
  return `### ${licence}\n\n${names.join('\n')}\n\n\`\`\`text\n${body.replace(/[ \t]+$/gm, '')}\n\`\`\`\n`
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function toMarkdown(text) {
  return text.replace(/[<>|]/g, '\\$&')
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))
