/** Keys of meters, remembered: to write one takes longer than to decide. */
import { PER_ALL, PER_OWNER, PER_TENANT } from '../format/layout.ts'
import { scopePart, WINDOWS } from './meter.ts'

/** Agents, owners and tenants whose keys are remembered; then all are forgotten. */
const MAX_VALUES = 100_000
/** Clauses that are remembered of one of them. */
const MAX_CLAUSES = 64
const MAX_RESOURCES = 10_000

interface Known {
  readonly low: number
  readonly high: number
  readonly kinds: number
  readonly key: string
}

export class MeterKeys {
  private readonly known = new Map<string, Known[]>()
  private readonly parts = new Map<string, string>()

  /**
   * The key without the part of the resource.
   *
   * @param kinds window, pacing, scope and money, a byte each
   * @param value whose meter it is; empty when nobody's
   */
  keyOf(high: number, low: number, kinds: number, value: string): string {
    let list = this.known.get(value)
    if (list === undefined) {
      if (this.known.size >= MAX_VALUES) this.known.clear()
      list = []
      this.known.set(value, list)
    }
    for (const entry of list) if (entry.low === low && entry.high === high && entry.kinds === kinds) return entry.key
    const key = `${hexOf(high)}${hexOf(low)}${(kinds >> 8) & 1 ? 'p' : ''}/${WINDOWS[kinds & 255]}${scopeOf((kinds >> 16) & 255, value)}`
    if (list.length >= MAX_CLAUSES) list.length = 0
    list.push({ low, high, kinds, key })
    return key
  }

  /** The part of a resource. */
  partOf(resource: string): string {
    let part = this.parts.get(resource)
    if (part === undefined) {
      if (this.parts.size >= MAX_RESOURCES) this.parts.clear()
      part = scopePart('resource', resource)
      this.parts.set(resource, part)
    }
    return part
  }
}

function scopeOf(per: number, value: string): string {
  if (per === PER_ALL) return ''
  return scopePart(per === PER_TENANT ? 'tenant' : per === PER_OWNER ? 'owner' : 'agent', value)
}

const hexOf = (word: number): string => word.toString(16).padStart(8, '0')
