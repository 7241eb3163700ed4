/** An agent that is denied again and again is suspended: somebody should look at it before it finds a way. */
import type { Change, Entry } from '../site.ts'
import type { Awaitable } from '../store.ts'
import type { Row } from '../tables.ts'
import type { BatchMeters } from './meters.ts'
import { Suspension } from './reads.ts'
import type { World } from './world.ts'

export interface AnomalyPorts {
  /** Denials in a row that suspend; infinity: never. */
  readonly consecutiveDenials: number
  readonly anomalyEntry: (agentId: string, denials: number) => Entry
}

/**
 * Follows the denials of each agent through one transaction. How many there were in a row is kept in the store, so that they
 * count wherever they happen. A process remembers the number with the agent; when a row begins or ends, every process is made
 * to read the agent anew, so that an allowed call ends the row wherever it is made.
 */
export class Anomalies {
  private readonly ports: AnomalyPorts
  private readonly change: Change
  private readonly meters: BatchMeters
  private readonly world: World

  constructor(ports: AnomalyPorts, change: Change, meters: BatchMeters, world: World) {
    this.ports = ports
    this.change = change
    this.meters = meters
    this.world = world
  }

  /** A decision was made that is no denial. */
  noteOther(agentId: string): Awaitable<void> {
    const known = this.world.peek(agentId)
    if (known === undefined || known.denials === 0) return undefined
    this.meters.set(denialsKey(agentId), 0, 0)
    known.denials = 0
    return this.change.put('agents', [{ ...known.row, version: this.change.epoch() }])
  }

  /** A denial was recorded. */
  noteDenial(agentId: string): Awaitable<void> {
    if (this.ports.consecutiveDenials === Number.POSITIVE_INFINITY) return undefined
    let before: number
    try {
      before = this.meters.read(denialsKey(agentId), 0)
    } catch (error) {
      if (!(error instanceof Suspension)) throw error
      // Read again then: others may have counted meanwhile.
      return error.ready.then(() => this.noteDenial(agentId))
    }
    return this.count(agentId, before + 1)
  }

  private count(agentId: string, denials: number): Awaitable<void> {
    const { change, meters, ports, world } = this
    const known = world.peek(agentId)
    if (known === undefined || known.row.status !== 'active') return undefined
    const isSuspended = denials >= ports.consecutiveDenials
    meters.set(denialsKey(agentId), 0, isSuspended ? 0 : denials)
    const isFirst = known.denials === 0
    known.denials = denials
    if (!isSuspended) return isFirst ? change.put('agents', [{ ...known.row, version: change.epoch() }]) : undefined
    change.record(ports.anomalyEntry(agentId, denials))
    const row: Row<'agents'> = {
      ...known.row,
      status: 'suspended',
      statusReason: `anomaly: ${denials} consecutive denials`,
      updatedAt: change.now,
      version: change.epoch(),
    }
    // Whoever is decided about later in this transaction is suspended already.
    known.row = row
    return change.put('agents', [row])
  }
}

/** Forgets the denials in a row of an agent. */
export function clearDenials(change: Pick<Change, 'put'>, agentId: string): Awaitable<void> {
  return change.put('meters', [{ key: denialsKey(agentId), windowStart: 0, used: 0 }])
}

/** Of the meter that counts an agent's denials in a row; its window never ends. */
export function denialsKey(agentId: string): string {
  return `denials/${agentId}`
}
