// `npm run bench -- diff`: differences of policies, each against the time it may take.
import { rows } from './diff-rows.mjs'
import { runTimed } from './timed.mjs'

export const options = { seconds: { type: 'string', default: '2' } }
export const quick = { seconds: '0.3' }
export const help = `npm run bench -- diff [--seconds 2]
  what one version of a policy allows and another does not`

export function run(values) {
  return runTimed(
    { suite: 'diff', module: 'diff-rows.mjs', rows, how: 'each run from a universe of its own, warmed up' },
    values,
  )
}
