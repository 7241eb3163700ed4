// Suites that are a list of works, each measured in a process of its own and held against the time that it may take.
import { runOnce } from './child.mjs'
import { untilInterrupted } from './interrupt.mjs'
import { progress } from './progress.mjs'
import { conclude, format, limit } from './report.mjs'

/** `rows` have `prepare`, which makes the work, `atMostMs`, and `isHeavy` when a few runs must do. */
export async function runTimed({ suite, module, rows, how }, values) {
  const found = []
  await untilInterrupted(measureAll({ suite, module, rows }, values, found))
  const limits = Object.entries(rows).map(([what, { atMostMs }]) => {
    const median = found.find((row) => row.what === what)?.median
    return limit(what, median, { atMost: atMostMs, unit: ' ms' })
  })
  const columns = ['what', 'p50 ms', 'p99 ms', 'min', 'max', 'first', 'runs', 'at most', '']
  const cells = found.map(({ what, median, p99, min, max, firstMs, runs, atMostMs }) => [
    what,
    ...[median, p99, min, max, firstMs].map(format),
    String(runs),
    format(atMostMs),
    limits.find((one) => one.what === what).holds ? 'holds' : 'MISSED',
  ])
  return conclude(
    { suite, how, rows: found, tables: [{ columns, rows: cells }], limits, areLimitsInTables: true },
    values,
  )
}

async function* measureAll({ suite, module, rows }, { seconds }, found) {
  for (const [what, { atMostMs, isHeavy }] of Object.entries(rows)) {
    progress(`${suite}: ${what}`)
    const ms = isHeavy ? 0 : Number(seconds) * 1000
    const figures = await runOnce('timed-child.mjs', [module, what, String(ms), isHeavy ? '1' : '5'])
    found.push({ what, atMostMs, ...figures })
    yield
  }
}
