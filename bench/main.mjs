// `npm run bench -- [SUITE] [options]`; without a suite all of them, one after another.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { interrupted, listenForInterrupt } from './interrupt.mjs'
import { origin } from './origin.mjs'
import { watchOthers } from './others.mjs'
import { SUITES } from './suites.mjs'

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'build/bench')
const COMMON = {
  quick: { type: 'boolean', default: false },
  strict: { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
}
/** Exit status when a suite could not be measured; the others are all the same. */
const BROKEN = 70

const USAGE = `npm run bench -- [SUITE] [options]
  Without a suite: all of them, in less than ten minutes.
  --quick      the same with little of everything, in less than a minute
  --strict     exit with 1 when a limit is missed; otherwise with 0 when everything was measured
  --json FILE  where the results go; those of a whole run with no other option go to build/bench/SUITE.json in any case
  Ctrl-C prints what was measured so far.`

const [first, ...others] = process.argv.slice(2)
const isNamed = first !== undefined && !first.startsWith('-')
process.exit(await (isNamed ? runOne(first, others) : runAll(process.argv.slice(2))))

async function runOne(name, args) {
  if (!Object.hasOwn(SUITES, name)) return refuse(`there is no suite ${name}: ${Object.keys(SUITES).join(', ')}`)
  const suite = await SUITES[name]()
  const read = readOptions(args, { ...suite.options, ...COMMON })
  if (typeof read === 'string') return refuse(read)
  if (read.values.help) return print(suite.help)
  listenForInterrupt()
  const isOwn = read.given.some((option) => !Object.hasOwn(COMMON, option))
  const json = read.values.json ?? (isOwn ? undefined : fileOf(name, read.values.quick))
  const values = { ...read.values, ...(read.values.quick && without(suite.quick, read.given)), json }
  return suite.run({ ...values, origin: origin(), endWatch: watchOthers() })
}

async function runAll(args) {
  const read = readOptions(args, COMMON)
  if (typeof read === 'string') return refuse(read)
  const suites = await Promise.all(Object.values(SUITES).map((load) => load()))
  if (read.values.help) return print([USAGE, ...suites.map(({ help }) => help)].join('\n\n'))
  listenForInterrupt()
  const started = performance.now()
  const from = origin()
  const took = []
  let status = 0
  for (const [index, name] of Object.keys(SUITES).entries()) {
    const { options, quick, run } = suites[index]
    const defaults = Object.fromEntries(Object.entries(options).map(([option, { default: value }]) => [option, value]))
    const json = fileOf(name, read.values.quick)
    const begun = performance.now()
    rmSync(json, { force: true })
    try {
      const values = { ...defaults, ...read.values, ...(read.values.quick && quick), json }
      status = Math.max(status, await run({ ...values, origin: from, endWatch: watchOthers() }))
    } catch (cause) {
      console.error(`${name} could not be measured: ${cause.message}`)
      status = Math.max(status, BROKEN)
    }
    if (interrupted.aborted) return 130
    took.push(`${name} ${seconds(begun)}`)
  }
  console.log(`${took.length} suites in ${seconds(started)}: ${took.join(', ')}`)
  const files = Object.keys(SUITES).map((name) => fileOf(name, read.values.quick))
  const results = noteRun(files.filter(existsSync), Math.round((performance.now() - started) / 1000))
  if (read.values.json !== undefined) writeFileSync(read.values.json, `${JSON.stringify(results, undefined, 1)}\n`)
  return status
}

/** Says in each file that it is of a whole run, and what this run took; only the end of the run knows. */
function noteRun(files, runSeconds) {
  return files.map((file) => {
    const result = JSON.parse(readFileSync(file, 'utf8'))
    const noted = { ...result, origin: { ...result.origin, runSeconds } }
    writeFileSync(file, `${JSON.stringify(noted, undefined, 1)}\n`)
    return noted
  })
}

/** The values, and the names of those that were given; or what is wrong. */
function readOptions(args, options) {
  try {
    const { values, tokens } = parseArgs({ args, options, tokens: true })
    return { values, given: tokens.map(({ name }) => name) }
  } catch (cause) {
    return cause.message
  }
}

function fileOf(name, isQuick) {
  return join(folder, isQuick ? 'quick' : '', `${name}.json`)
}

function seconds(since) {
  return `${Math.round((performance.now() - since) / 1000)} s`
}

/** What `--quick` sets, save what was set by hand. */
function without(quick, given) {
  return Object.fromEntries(Object.entries(quick).filter(([option]) => !given.includes(option)))
}

function refuse(message) {
  console.error(`${message}\n\n${USAGE}`)
  return 64
}

function print(text) {
  console.log(text)
  return 0
}
