// What a number was measured on.
import { cpus, platform, release, totalmem } from 'node:os'

/** A line for people. */
export function describeMachine() {
  const [cpu] = cpus()
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} x ${cpu?.model.trim() ?? 'unknown processor'}, ${gib} GiB, ${platform()} ${release()}, Node ${process.version}`
}
