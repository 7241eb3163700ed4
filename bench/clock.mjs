// What it costs to read the clock, which is about as much as a decision.

/** The median, in nanoseconds. */
export function clockCostNs() {
  const times = new Float64Array(1024)
  for (let i = 0; i < times.length; i++) {
    const start = process.hrtime.bigint()
    times[i] = Number(process.hrtime.bigint() - start)
  }
  return times.sort()[times.length >> 1]
}
