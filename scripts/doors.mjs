// What each door of the package may weigh where it is used, and what may stand behind it.

const CHEVROTAIN = [
  '@chevrotain/cst-dts-gen',
  '@chevrotain/gast',
  '@chevrotain/regexp-to-ast',
  '@chevrotain/utils',
  'chevrotain',
  'lodash-es',
]
const HOST = ['drizzle-orm', 'hono', 'jose', 'zod']
const LISTENER = ['dns/promises', 'http', 'http2', 'https', 'net', 'stream']

/**
 * `maxGzippedBytes` is a tenth above what was measured when it was set: bundled and minified, with everything that is imported later
 * and with the engine. Packages and modules of Node that are not listed may not be imported, directly or through others.
 */
export const DOORS = [
  {
    door: 'kavachos',
    platform: 'node',
    maxGzippedBytes: 277_000,
    packages: [...HOST, '@hono/node-server', 'better-sqlite3'],
    builtins: [...LISTENER, 'crypto', 'fs', 'fs/promises', 'path', 'url'],
  },
  { door: 'kavachos', platform: 'worker', maxGzippedBytes: 267_000, packages: HOST, builtins: [] },
  { door: 'kavachos', platform: 'browser', maxGzippedBytes: 26_300, packages: [], builtins: [] },
  { door: 'kavachos/engine', platform: 'node', maxGzippedBytes: 27_500, packages: [], builtins: [] },
  { door: 'kavachos/engine', platform: 'worker', maxGzippedBytes: 27_500, packages: [], builtins: [] },
  { door: 'kavachos/engine', platform: 'browser', maxGzippedBytes: 27_500, packages: [], builtins: [] },
  { door: 'kavachos/compiler', platform: 'node', maxGzippedBytes: 212_000, packages: CHEVROTAIN, builtins: [] },
  { door: 'kavachos/compiler', platform: 'browser', maxGzippedBytes: 212_000, packages: CHEVROTAIN, builtins: [] },
  { door: 'kavachos/grammar', platform: 'browser', maxGzippedBytes: 77_000, packages: CHEVROTAIN, builtins: [] },
  {
    door: 'kavachos/dev',
    platform: 'node',
    maxGzippedBytes: 240_000,
    packages: [...CHEVROTAIN, 'commander'],
    builtins: ['child_process', 'crypto', 'events', 'fs', 'path', 'process', 'stream', 'url'],
  },
  { door: 'kavachos/hono', platform: 'node', maxGzippedBytes: 3_300, packages: [], builtins: [] },
  { door: 'kavachos/hono', platform: 'worker', maxGzippedBytes: 3_300, packages: [], builtins: [] },
  { door: 'kavachos/next', platform: 'node', maxGzippedBytes: 3_300, packages: [], builtins: [] },
  { door: 'kavachos/next', platform: 'worker', maxGzippedBytes: 3_300, packages: [], builtins: [] },
  {
    door: 'kavachos/express',
    platform: 'node',
    maxGzippedBytes: 11_000,
    packages: ['@hono/node-server', 'hono'],
    builtins: LISTENER,
  },
  {
    door: 'kavachos/fastify',
    platform: 'node',
    maxGzippedBytes: 11_000,
    packages: ['@hono/node-server', 'hono'],
    builtins: LISTENER,
  },
  {
    door: 'kavachos/node',
    platform: 'node',
    maxGzippedBytes: 13_700,
    packages: ['@hono/node-server', 'hono'],
    builtins: LISTENER,
  },
  { door: 'kavachos/client', platform: 'node', maxGzippedBytes: 2_700, packages: [], builtins: [] },
  { door: 'kavachos/client', platform: 'browser', maxGzippedBytes: 2_700, packages: [], builtins: [] },
]

/** What stands in a graph although the door does not allow it, in words. */
export function leaksOf({ packages, builtins }, graph) {
  return [
    ...graph.packages.filter((name) => !packages.includes(name)).map((name) => `the package ${name}`),
    ...graph.builtins.filter((name) => !builtins.includes(name)).map((name) => `node:${name}`),
  ]
}
