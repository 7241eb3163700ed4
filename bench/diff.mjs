// `npm run bench -- diff`: differences of policies, each against the time it may take.
import { rows } from './diff-rows.mjs'
import { runTimed } from './timed.mjs'

export const options = {
  seconds: { type: 'string', default: '2' },
  first: { type: 'string', default: String(Object.keys(rows).length) },
}
export const quick = { seconds: '0.3', first: '1' }
export const help = `npm run bench -- diff [--seconds 2] [--first 3]
  what one version of a policy allows and another does not
  --first  how many of the pairs of policies`

export function run(values) {
  const wanted = Object.fromEntries(Object.entries(rows).slice(0, Number(values.first)))
  return runTimed({ suite: 'diff', module: 'diff-rows.mjs', rows: wanted, how: HOW }, values)
}

const HOW = 'each run from a universe of its own, warmed up'
