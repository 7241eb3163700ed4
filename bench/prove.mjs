// `npm run bench -- prove`: assertions, each against the time it may take.
import { rows } from './prove-rows.mjs'
import { runTimed } from './timed.mjs'

export const options = {
  seconds: { type: 'string', default: '2' },
  hard: { type: 'string', default: '20' },
}
export const quick = { seconds: '0.3', hard: '1' }
export const help = `npm run bench -- prove [--seconds 2] [--hard 20]
  20 assertions proved; 20 policies that are too hard end as unknown
  --hard  how many of these`

export function run(values) {
  const wanted = Object.entries(rows).slice(0, 1 + Number(values.hard))
  return runTimed({ suite: 'prove', module: 'prove-rows.mjs', rows: Object.fromEntries(wanted), how: HOW }, values)
}

const HOW = 'each run from a universe of its own; the hard ones a second time, the others warmed up'
