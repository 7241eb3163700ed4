// What others did on this machine meanwhile: the processors that were busy, less what this process and those it started used.
import { readdirSync, readFileSync } from 'node:fs'
import { loadavg } from 'node:os'

/** A busy minute must not vanish in the mean of five. */
const WINDOW_MS = 10_000
/** Jiffies of /proc are hundredths of a second, whatever the kernel ticks at. */
const TICK_MS = 10

/**
 * A function that ends the watch and gives the processors that others kept busy, in the busiest ten seconds or over all of a
 * shorter time. Where there is no /proc, it is the load of the minute before the watch began.
 */
export function watchOthers() {
  const first = readTimes()
  if (first === undefined) {
    const [load] = loadavg()
    return () => load
  }
  let last = first
  let most = 0
  const timer = setInterval(() => {
    const now = readTimes()
    most = Math.max(most, busyBetween(last, now))
    last = now
  }, WINDOW_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    return Math.max(most, busyBetween(first, readTimes()))
  }
}

function busyBetween(from, to) {
  return Math.max(0, (to.othersMs - from.othersMs) / Math.max(1, to.at - from.at))
}

function readTimes() {
  const all = read('/proc/stat')
  if (all === undefined) return undefined
  // Interrupts are left out: the load over HTTP and the writing to disk cause them as well.
  const [user, nice, system, , , , , steal = 0] = all.split('\n')[0].split(/\s+/).slice(1).map(Number)
  return { at: performance.now(), othersMs: (user + nice + system + steal) * TICK_MS - ownMs() }
}

/** Of this process and all below it, with the children of each that have ended. */
function ownMs() {
  const children = new Map()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    // The name of a program may hold anything, and ends at the last bracket.
    const fields = read(`/proc/${pid}/stat`)
      ?.replace(/^.*\) /s, '')
      .split(' ')
    if (fields === undefined) continue
    const ticks = fields.slice(11, 15).reduce((sum, text) => sum + Number(text), 0)
    children.set(fields[1], [...(children.get(fields[1]) ?? []), { pid, ticks }])
    if (pid === String(process.pid)) children.set('self', [{ pid, ticks }])
  }
  const sum = (parent) => (children.get(parent) ?? []).reduce((all, { pid, ticks }) => all + ticks + sum(pid), 0)
  return sum('self') * TICK_MS
}

/** Nothing when it is not there, as when a process ends meanwhile. */
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
