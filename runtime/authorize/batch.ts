/**
 * Group commit: what is asked while one transaction runs is decided in the next one, together. Each caller is answered when the
 * rows of all of them are durable, so the price of reaching the disk is shared.
 */
import type { Host } from '../host.ts'

/** Decides all of them in one transaction; resolves when it is durable. Never rejects. */
export type RunBatch<J> = (jobs: readonly J[]) => Promise<void>

/** More would keep other writers of the same database waiting. */
export const MAX_BATCH = 256

/** Milliseconds of work without a rest: callers that ask again at once would let neither timers nor sockets have a turn. */
const REST_AFTER_MS = 5

/** Turns of the microtask queue that a batch waits for others to join: callers ask from behind a few `await`s. */
const TURNS = 3

export class Batches<J> {
  private readonly run: RunBatch<J>
  private readonly host: Pick<Host, 'elapsed' | 'rest'>
  private waiting: J[] = []
  private working: Promise<void> | undefined

  constructor(host: Pick<Host, 'elapsed' | 'rest'>, run: RunBatch<J>) {
    this.host = host
    this.run = run
  }

  add(job: J): void {
    this.waiting.push(job)
    this.working ??= this.work()
  }

  /** Takes back what has not begun. */
  takeAll(): readonly J[] {
    return this.waiting.splice(0)
  }

  /** Resolves when nothing is asked any more. */
  async idle(): Promise<void> {
    await this.working
  }

  private async work(): Promise<void> {
    const { host } = this
    let since = host.elapsed()
    while (this.waiting.length > 0) {
      for (let turn = 0; turn < TURNS && this.waiting.length < MAX_BATCH; turn++) await undefined
      await this.run(this.waiting.splice(0, MAX_BATCH))
      if (host.elapsed() - since < REST_AFTER_MS) continue
      await host.rest()
      since = host.elapsed()
    }
    this.working = undefined
  }
}
