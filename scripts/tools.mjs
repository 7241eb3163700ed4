// What the suites of `npm run test:services` and `npm run test:runtimes` need beside Node and the packages of this project: each is looked for, and installed
// where it is missing and can be. Whatever cannot be had is a failure, and says what to do.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './vitest.mjs'

const folder = join(root, 'build/tools')

/** Path of a headless-capable Chromium. */
export function chromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
  const given = process.env.CHROMIUM
  if (given !== undefined) return given
  const find = () => names.map(which).find((path) => path !== undefined)
  const found = find()
  if (found !== undefined) return found
  if (which('apt-get') !== undefined) {
    run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], { DEBIAN_FRONTEND: 'noninteractive' })
  }
  return find() ?? fail('there is no Chromium: install the package `chromium`, or name its program in CHROMIUM')
}

/** Path of a Node of this major version, for programs that refuse the one that runs. */
export function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath
  return programOf(`node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`, major, 'bin/node')
}

const ARM = process.arch === 'arm64'

export function bun() {
  const name = `@oven/bun-${process.platform === 'win32' ? 'windows' : process.platform}-${ARM ? 'aarch64' : process.arch}`
  return programOf(name, '1.4.5', 'bin/bun')
}

export function deno() {
  const libc = process.platform === 'linux' ? '-glibc' : ''
  return programOf(`@deno/${process.platform}-${process.arch}${libc}`, '2.9.6', 'deno')
}

/** A folder with workerd, and what bundles and runs Workers in it: the newest that run on Node 20. */
export function workers() {
  return packages('workers', ['miniflare@4.20260426.0', 'wrangler@4.86.0'])
}

/** Path of a program that a package carries for this kind of machine. */
function programOf(name, version, path) {
  const prefix = packages(`${name.replace('/', '-').replace('@', '')}-${version}`, [`${name}@${version}`])
  const program = join(prefix, 'node_modules', name, process.platform === 'win32' ? `${path}.exe` : path)
  if (!existsSync(program)) fail(`there is no ${name} for this machine: ${program} is missing`)
  chmodSync(program, 0o755)
  return program
}

/** A folder of its own with these packages, installed once, and anew when they are others. */
export function packages(name, wanted) {
  const prefix = join(folder, name)
  const stamp = join(prefix, 'installed')
  const list = `${wanted.join('\n')}\n`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === list) return prefix
  rmSync(prefix, { recursive: true, force: true })
  mkdirSync(prefix, { recursive: true })
  writeFileSync(join(prefix, 'package.json'), '{ "private": true }\n')
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', prefix, ...wanted])
  writeFileSync(stamp, list)
  return prefix
}

function which(name) {
  const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  })
  if (error !== undefined || status !== 0) fail(`\`${command} ${args.join(' ')}\` failed`)
}

function fail(message) {
  throw new Error(message)
}
