// What a suite says at its end: a heading, tables, the limits that are held to, and the same as JSON.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { interrupted } from './interrupt.mjs'
import { busyWith, describeBusy, describeMachine, describeVersions, machine, versionsOf } from './machine.mjs'
import { endProgress } from './progress.mjs'
import { printTable } from './table.mjs'

const NOT_MEASURED = 'not measured'

/**
 * Prints the results, writes them to `values.json` unless they are cut off, and returns the exit status: 130 when they are, 1 when a limit
 * is missed and `values.strict` asks for it.
 *
 * `results` hold `suite`, `how` (a phrase), `packages`, `rows` (for JSON), `tables` of `{ title, columns, rows }`, `limits` of
 * `limit()`, which the tables may have shown already, and `notes`. `values` have `origin` of the run, and `endWatch`, which tells the load
 * that others made.
 */
export function conclude(results, { json, strict, origin, endWatch }) {
  const { suite, how, packages = [], rows, tables, limits = [], areLimitsInTables = false, notes = [] } = results
  const versions = versionsOf(['kavachos', ...packages])
  const isComplete = !interrupted.aborted
  const load = busyWith(endWatch())
  endProgress()
  console.log(`# ${suite}\n\n${describeMachine()}\n${describeVersions(versions)}\n${how}\n`)
  if (load !== undefined) console.log(`${describeBusy(load)}\n`)
  for (const { title, columns, rows: cells } of tables.filter(({ rows: cells }) => cells.length > 0)) {
    if (title !== undefined) console.log(title)
    printTable(columns, cells)
    console.log()
  }
  if (limits.length > 0 && !areLimitsInTables) {
    printTable(
      ['limit', 'measured', 'bound', ''],
      limits.map(({ what, value, unit, bound, isAtMost, holds }) => [
        what,
        formatMeasured({ value, unit }),
        `${isAtMost ? 'at most' : 'at least'} ${format(bound)}${unit}`,
        holds ? 'holds' : 'MISSED',
      ]),
    )
    console.log()
  }
  for (const note of notes) console.log(note)
  if (notes.length > 0) console.log()
  if (!isComplete) console.log('Stopped early: this is what was measured until then.\n')
  if (json !== undefined && isComplete) {
    const file = resolve(json)
    mkdirSync(dirname(file), { recursive: true })
    const measured = new Date().toISOString().slice(0, 10)
    const about = { suite, measured, machine: machine(), load, origin, versions, how }
    writeFileSync(file, `${JSON.stringify({ ...about, rows, limits, notes }, undefined, 1)}\n`)
  }
  if (!isComplete) return 130
  return strict && limits.some(({ holds }) => !holds) ? 1 : 0
}

/** A limit, judged on the value itself and not on what is printed of it. One that has no value does not hold. */
export function limit(what, value, { atMost, atLeast, unit = '' }) {
  const isAtMost = atMost !== undefined
  const bound = isAtMost ? atMost : atLeast
  if (!Number.isFinite(value)) return { what, value: NOT_MEASURED, unit, bound, isAtMost, holds: false }
  return { what, value, unit, bound, isAtMost, holds: isAtMost ? value <= bound : value >= bound }
}

/** The value of a limit with its unit. */
export function formatMeasured({ value, unit }) {
  return value === NOT_MEASURED ? value : `${format(value)}${unit}`
}

/** Three digits, or whole numbers with commas. */
export function format(value) {
  if (value === undefined) return ''
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
