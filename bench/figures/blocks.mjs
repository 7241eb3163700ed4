// The blocks of figures that pages have between markers, each made from the results of the suites.
import { describeBusy, describeMachine, describeVersions } from '../machine.mjs'
import { decideTable, peersTable, pictures } from './decide.mjs'
import { batchTable, compileTable, limitsTable, proveTable, scaleTable, swapTable } from './engine.mjs'
import { hostTable, storageTable } from './host.mjs'
import { sizeTable } from './size.mjs'

/** Each takes the results by suite, and gives text, or nothing when what it needs was not measured. */
export const BLOCKS = {
  machine: (results) => machineOf(results),
  'decide-table': ({ decide }) => decide && decideTable(decide),
  'peers-table': ({ decide }) => decide && peersTable(decide),
  'decide-spread': ({ decide }) => decide && pictures(decide),
  'host-table': hostTable,
  'size-table': ({ size }) => size && sizeTable(size),
  'batch-table': ({ batch }) => batch && batchTable(batch),
  'scale-table': ({ scale }) => scale && scaleTable(scale),
  'swap-table': ({ swap }) => swap && swapTable(swap),
  'compile-table': ({ compile }) => compile && compileTable(compile),
  'prove-table': ({ prove, diff, compile }) => proveTable([prove, diff, compile].filter(Boolean)),
  'storage-table': ({ storage }) => storage && storageTable(storage),
  'limits-table': limitsTable,
}

const MARKED = /(<!-- figures:([\w-]+) -->\n)[\s\S]*?(<!-- \/figures:\2 -->)/g

/**
 * The page with its blocks filled; one that was not measured stays as it is.
 *
 * @throws {Error} for a name that no block has, and for a marker without an end
 */
export function fillBlocks(page, results) {
  const opened = [...page.matchAll(/<!-- figures:([\w-]+) -->/g)].map(([, name]) => name)
  const filled = page.replace(MARKED, (block, open, name, close) => {
    if (!Object.hasOwn(BLOCKS, name)) throw new Error(`there is no block ${name}: ${Object.keys(BLOCKS).join(', ')}`)
    const text = BLOCKS[name](results)
    return text === undefined ? block : `${open}\n${text}\n\n${close}`
  })
  const closed = [...page.matchAll(MARKED)].map(([, , name]) => name)
  const lost = opened.find((name) => !closed.includes(name))
  if (lost !== undefined) throw new Error(`the block ${lost} has no end: <!-- /figures:${lost} -->`)
  return filled
}

function machineOf(results) {
  const [first, ...rest] = Object.values(results)
  if (first === undefined) return undefined
  const others = rest.filter(({ machine }) => JSON.stringify(machine) !== JSON.stringify(first.machine))
  const versions = Object.assign({}, ...Object.values(results).map((suite) => suite.versions))
  const days = [...new Set(Object.values(results).map(({ measured }) => measured))].sort()
  const when = days.length === 1 ? days[0] : `${days[0]} to ${days.at(-1)}`
  const elsewhere = others.map((one) => `\`${one.suite}\` was measured on ${describeMachine(one.machine)}.`)
  const loads = Object.values(results).flatMap(({ load }) => load ?? [])
  return [
    `Measured ${when} on ${describeMachine(first.machine)}, with ${describeVersions(versions)}.`,
    ...originOf(Object.values(results)),
    ...elsewhere,
    ...(loads.length > 0 ? [describeBusy(Math.max(...loads))] : []),
  ].join(' ')
}

/** Which sources and engine, and how long the run took; or a warning when the figures do not belong together. */
export function originOf(suites) {
  const distinct = (of) => [...new Set(suites.map(({ origin = {} }) => of(origin)))]
  const [commits, engines] = [distinct(({ commit }) => commit), distinct(({ engine }) => engine)]
  const code = (values) => values.map((value) => (value === undefined ? 'unknown' : `\`${value}\``)).join(', ')
  const apart = suites.filter(({ origin }) => origin?.runSeconds === undefined).map(({ suite }) => `\`${suite}\``)
  const runs = distinct(({ runSeconds }) => runSeconds).filter((seconds) => seconds !== undefined)
  const quick = distinct(({ quickSeconds }) => quickSeconds).filter((seconds) => seconds !== undefined)
  const warnings = [
    ...(commits.length > 1 ? [`The suites are of different commits: ${code(commits)}.`] : []),
    ...(engines.length > 1 ? [`The suites are of different engines: ${code(engines)}.`] : []),
    ...(apart.length > 0 ? [`Not of a whole run with its defaults: ${apart.join(', ')}.`] : []),
    ...(runs.length > 1 ? ['The suites are of different runs.'] : []),
  ]
  return [
    ...(commits.length === 1 && engines.length === 1 ? [`Commit ${code(commits)}, engine ${code(engines)}.`] : []),
    ...(runs.length === 1 && apart.length === 0 ? [`The whole run took ${runs[0]} s.`] : []),
    ...(quick.length === 1 ? [`\`--quick\` took ${quick[0]} s.`] : []),
    ...warnings.map((text) => `**${text}**`),
  ]
}
