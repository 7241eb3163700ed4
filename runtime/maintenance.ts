/** What a host does from time to time: the small works that keep a store in order, while it is open. */
import type { Host } from './host.ts'

export interface Task {
  readonly name: string
  readonly everyMs: number
  /** What it throws is a warning; it is tried again when its time comes. */
  readonly run: () => Promise<unknown>
}

export interface Maintenance {
  /** Resolves when nothing is running any more. */
  readonly stop: () => Promise<void>
}

/** Runs each task again and again, one after the other, until it is stopped. It keeps no process alive. */
export function startMaintenance(
  { host, warn }: { readonly host: Host; readonly warn: (message: string) => void },
  tasks: readonly Task[],
): Maintenance {
  const stopped = new AbortController()
  const due = tasks.map(({ everyMs }) => host.elapsed() + everyMs)

  async function work(): Promise<void> {
    while (!stopped.signal.aborted && tasks.length > 0) {
      const next = Math.min(...due)
      await host.sleep(Math.max(0, next - host.elapsed()), { signal: stopped.signal, isBackground: true })
      for (const [at, task] of tasks.entries()) {
        if (stopped.signal.aborted || (due[at] ?? 0) > host.elapsed()) continue
        await runTask(task, warn)
        due[at] = host.elapsed() + task.everyMs
      }
    }
  }

  // Stopping ends the sleep with a rejection, and nothing else rejects.
  const working = work().catch(() => undefined)
  return {
    async stop() {
      stopped.abort()
      await working
    },
  }
}

/** Runs each task once, for hosts that live no longer than a request. */
export async function runTasks(tasks: readonly Task[], warn: (message: string) => void): Promise<void> {
  for (const task of tasks) await runTask(task, warn)
}

async function runTask({ name, run }: Task, warn: (message: string) => void): Promise<void> {
  try {
    await run()
  } catch (error) {
    warn(`${name} failed, and will be tried again: ${error instanceof Error ? error.message : String(error)}`)
  }
}
