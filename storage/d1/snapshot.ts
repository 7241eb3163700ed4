/** What a transaction reads: everything of one state, in as few calls of the database as can be. */
import { type Host, KavachError } from '../../runtime/index.ts'
import type { D1Result, D1Statement } from './binding.ts'
import { toD1Error } from './faults.ts'
import { type Fence, READ_FENCE } from './fence.ts'
import type { D1Statements } from './statements.ts'

export interface SnapshotPlace {
  readonly statements: D1Statements
  readonly batch: (statements: D1Statement[]) => Promise<D1Result[]>
  readonly host: Pick<Host, 'now'>
}

/** Questions that one call carries at most; each is a statement, or two for meters. */
const MAX_ASKED = 100
/** Milliseconds that the clocks of this machine and of the database may be apart. */
const MAX_SKEW_MS = 2000

interface Asked {
  readonly statements: readonly D1Statement[]
  readonly answer: (results: readonly (readonly unknown[])[]) => void
  readonly giveUp: (error: unknown) => void
}

export class Snapshot {
  /** The stamp of the state; undefined until something was read. */
  stamp: number | null | undefined = undefined
  /** The state is not the one any more that was read first. */
  isLost = false
  private readonly place: SnapshotPlace
  private readonly project: string
  private waiting: Asked[] = []

  constructor(place: SnapshotPlace, project: string) {
    this.place = place
    this.project = project
  }

  /** The rows that each of the statements gives. What is asked in the same turn goes in the same call. */
  ask(statements: readonly D1Statement[]): Promise<readonly (readonly unknown[])[]> {
    return new Promise((answer, giveUp) => {
      this.waiting.push({ statements, answer, giveUp })
      if (this.waiting.length === 1) Promise.resolve().then(() => this.flush())
    })
  }

  private flush(): void {
    const asked = this.waiting
    this.waiting = []
    for (let at = 0; at < asked.length; at += MAX_ASKED) {
      const some = asked.slice(at, at + MAX_ASKED)
      this.send(some).catch((error: unknown) => {
        for (const { giveUp } of some) giveUp(error)
      })
    }
  }

  private async send(asked: readonly Asked[]): Promise<void> {
    const { statements, batch, host } = this.place
    const from = host.now()
    const all = [statements.of(READ_FENCE, this.project), ...asked.flatMap((each) => each.statements)]
    const [first, ...rest] = await batch(all).catch((error: unknown) => {
      throw toD1Error(error)
    })
    const fence = first?.results?.[0] as Fence | undefined // The columns of READ_FENCE.
    if (fence === undefined) throw new KavachError('KVCH_E_STORE_UNAVAILABLE', 'the database gave no answer')
    assertClock(fence.now, from, host.now())
    if (this.stamp === undefined) this.stamp = fence.stamp
    if (this.stamp !== fence.stamp) {
      this.isLost = true
      throw lost()
    }
    let at = 0
    for (const { statements: own, answer } of asked) {
      answer(rest.slice(at, at + own.length).map(({ results = [] }) => results))
      at += own.length
    }
  }
}

/** Windows, expiry and the log go by the clock of the host: it has to be right, and every host has to have the same. */
function assertClock(now: number, from: number, to: number): void {
  const skew = now < from ? from - now : Math.max(0, now - to)
  if (skew <= MAX_SKEW_MS) return
  throw new KavachError(
    'KVCH_E_STORE_UNAVAILABLE',
    `the clock of this machine is ${Math.round(skew)} ms away from that of the database; set it right`,
    { details: { skewMs: Math.round(skew) } },
  )
}

/** Nobody sees it who does not look into a transaction that is run again. */
export function lost(): KavachError {
  return new KavachError('KVCH_E_STORE_LOCKED', 'another transaction was committed meanwhile')
}
