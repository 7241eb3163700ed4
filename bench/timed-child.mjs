// One row of a suite in a process of its own: prints a line of JSON. node timed-child.mjs MODULE ROW MS ITERATIONS
// MODULE is a file beside this one whose `rows` make the work by name.
import { Bench } from 'tinybench'

const [module, name, ms, iterations] = process.argv.slice(2)
const { rows } = await import(`./${module}`)
const work = rows[name].prepare()
const started = performance.now()
work()
const firstMs = performance.now() - started
const bench = new Bench({
  time: Number(ms),
  iterations: Number(iterations),
  warmup: Number(ms) > 0,
  warmupTime: ms / 2,
})
bench.add(name, work)
const [{ result }] = await bench.run()
if (result.error) throw result.error
const { p50, p99, min, max, samplesCount } = result.latency
console.log(JSON.stringify({ firstMs, median: p50, p99, min, max, runs: samplesCount }))
