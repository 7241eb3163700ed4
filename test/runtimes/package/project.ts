/** The package as `npm pack` makes it of this folder, and projects outside of it that installed it. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, expect } from 'vitest'

export interface Packed {
  /** Path of the tarball. */
  readonly tarball: string
  readonly packedBytes: number
  readonly unpackedBytes: number
  /** Paths inside the package. */
  readonly files: readonly string[]
}

const BUILD = resolve('build/package')
let packed: Packed | undefined

/** Packs what is built, once for each worker of a run; nothing is built for it. */
export function pack(): Packed {
  if (packed !== undefined) return packed
  mkdirSync(BUILD, { recursive: true })
  const folder = mkdtempSync(join(BUILD, 'packing-'))
  const { stdout } = succeed('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], resolve('.'))
  const answer: unknown = JSON.parse(stdout)
  // npm 11.17 answers with a list, later ones with a record by name.
  const [report] = Object.values(answer as Readonly<Record<string, PackReport>>)
  if (report === undefined) return expect.fail(`npm packed nothing: ${stdout}`)
  // Another worker may pack the same at this moment.
  const tarball = join(BUILD, report.filename)
  renameSync(join(folder, report.filename), tarball)
  rmSync(folder, { recursive: true })
  packed = {
    tarball,
    packedBytes: report.size,
    unpackedBytes: report.unpackedSize,
    files: report.files.map(({ path }) => path),
  }
  return packed
}

interface PackReport {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

/** A project in a folder of its own, with the package installed from its tarball; gone when the tests of the file are over. */
export function newProject(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'kavach-project-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  succeed('cp', ['-R', installed(), join(folder, 'node_modules')], folder)
  write(folder, { 'package.json': '{ "private": true, "type": "module" }', ...files })
  return folder
}

/** `npm install` takes ten seconds, copying what it installed a fifth of one: the same tarball is installed once. */
function installed(): string {
  const { tarball } = pack()
  const digest = createHash('sha256').update(readFileSync(tarball)).digest('hex').slice(0, 16)
  const target = join(BUILD, `installed-${digest}`)
  if (existsSync(target)) return target
  // Where no folder above has packages that could be found instead.
  const folder = mkdtempSync(join(tmpdir(), 'kavach-install-'))
  const fresh = mkdtempSync(join(BUILD, 'installing-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }')
    succeed('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball], folder)
    succeed('cp', ['-R', `${folder}/node_modules/.`, fresh], folder)
    removeOld()
    // Another worker may have been faster.
    if (!existsSync(target)) renameSync(fresh, target)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    rmSync(fresh, { recursive: true, force: true })
  }
  return target
}

/** Those of other contents, unless another run may still use them. */
function removeOld(): void {
  for (const name of readdirSync(BUILD).filter((name) => name.startsWith('installed-'))) {
    const path = join(BUILD, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat !== undefined && Date.now() - stat.mtimeMs > LONGEST_RUN_MS) rmSync(path, { recursive: true, force: true })
  }
}

const LONGEST_RUN_MS = 900_000

/** Packages of this folder and what they need, as if the project had installed them as well. */
export function addPackages(project: string, names: readonly string[]): void {
  for (const name of names) {
    const target = join(project, 'node_modules', name)
    const source = resolve('node_modules', name)
    // What a package needs in another version than this folder lies inside of it.
    if (existsSync(target) || !existsSync(source)) continue
    cpSync(source, target, { recursive: true, dereference: true })
    const { dependencies = {} }: { dependencies?: object } = JSON.parse(
      readFileSync(join(source, 'package.json'), 'utf8'),
    )
    addPackages(project, Object.keys(dependencies))
  }
}

export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program in a folder, without the settings of this run. */
export function run(command: string, args: readonly string[], cwd: string): Ran {
  const { NODE_OPTIONS: _, VITEST: __, ...env } = process.env
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
    env: { ...env, NODE_ENV: '', NO_COLOR: '1', WRANGLER_SEND_METRICS: 'false', npm_config_update_notifier: 'false' },
  })
  if (error !== undefined) throw error
  return { status, stdout, stderr }
}

/** As `run`, of a program that must succeed. */
export function succeed(command: string, args: readonly string[], cwd: string): Ran {
  const ran = run(command, args, cwd)
  if (ran.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${ran.status}\n${ran.stdout}\n${ran.stderr}`)
  return ran
}

/** The path of a program in a folder that `scripts/runtimes.mjs` installed. */
export function tool(variable: 'PACKAGING' | 'WORKERS', path: string): string {
  const folder = process.env[variable] ?? expect.fail(`${variable} names no folder: run \`npm run test:runtimes\``)
  return join(folder, 'node_modules', path)
}

/** Names of all doors that programs import. */
export function doors(): readonly string[] {
  const { exports }: { exports: object } = JSON.parse(readFileSync('package.json', 'utf8'))
  return Object.keys(exports)
    .filter((name) => !/\.(wasm|json)$/.test(name))
    .map((name) => name.replace('.', 'kavachos'))
}

/** A policy, some requests, and what is decided about them. */
export const POLICY = `policy shop generation 1

autonomous agent clerk {
  allow read on mcp:docs:**
  allow execute on tool:send_mail
    when args.to matches /[a-z]+@example\\.com/
}

forbid delete on **
`
export const REQUESTS = [
  { agent: 'clerk', action: 'read', resource: 'mcp:docs:handbook' },
  { agent: 'clerk', action: 'execute', resource: 'tool:send_mail', args: { to: 'ann@example.com' } },
  { agent: 'clerk', action: 'execute', resource: 'tool:send_mail', args: { to: 'ann@example.org' } },
  { agent: 'clerk', action: 'delete', resource: 'mcp:docs:handbook' },
  { agent: 'nobody', action: 'read', resource: 'mcp:docs:handbook' },
]
export const DECIDED = ['allow allowed', 'allow allowed', 'deny arg-mismatch', 'deny forbidden', 'deny agent-unknown']

/** For programs that have an `engine`: a line of `POLICY`'s answers. */
export const ASK = `${JSON.stringify(REQUESTS)}.map((request) => engine.decide(request)).map(({ decision, reason }) => decision + ' ' + reason)`

/** A project with `POLICY`, compiled by its own command to shop.wasm, shop.img and shop.d.ts. */
export function newShop(): string {
  const folder = newProject({ 'shop/shop.kavach': POLICY })
  kavach(folder, 'compile', 'shop', '-o', '.')
  return folder
}

/** What the command of a project's own says; it must succeed. */
export function kavach(project: string, ...args: readonly string[]): string {
  return succeed(join(project, 'node_modules/.bin/kavach'), args, project).stdout
}
