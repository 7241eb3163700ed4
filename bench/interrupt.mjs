// Ctrl-C ends the measuring, not the report: what was measured until then is printed. A second one ends everything.

const controller = new AbortController()

/** Aborted by the first Ctrl-C. */
export const interrupted = controller.signal

/** What a measurement throws that was cut off. */
export class Interrupted extends Error {}

export function listenForInterrupt() {
  process.on('SIGINT', () => {
    if (interrupted.aborted) process.exit(130)
    process.stderr.write('\nstopping; once more to end at once\n')
    controller.abort()
  })
}

/** Runs the steps one after another until there are no more or Ctrl-C; true when all were done. */
export async function untilInterrupted(steps) {
  try {
    for await (const _ of steps) if (interrupted.aborted) return false
    return true
  } catch (cause) {
    if (cause instanceof Interrupted) return false
    throw cause
  }
}
