/** Changes of an image, from a single bit to another image's section, and what each does to its meaning. */
import { createHash } from 'node:crypto'
import * as layout from '../../engine-wasm/format/layout.ts'
import type { Random } from '../properties/generate/random.ts'

export interface Mutant {
  readonly image: Uint8Array
  readonly change: string
  /** `same`: the answers are those of the original. `narrower`: what it allows, the original allows. */
  readonly meaning: 'any' | 'same' | 'narrower'
}

/** Size of a record by section. */
const SIZES: Readonly<Record<number, number>> = {
  [layout.S_BYTES]: 1,
  [layout.S_STRINGS]: layout.STRING_SIZE,
  [layout.S_ACTION_SLOTS]: 4,
  [layout.S_ACTIONS]: layout.ACTION_SIZE,
  [layout.S_AGENT_SLOTS]: layout.AGENT_SLOT_SIZE,
  [layout.S_AGENTS]: layout.AGENT_SIZE,
  [layout.S_RULES]: layout.RULE_SIZE,
  [layout.S_ROLE_REFS]: 4,
  [layout.S_RULESETS]: layout.RULESET_SIZE,
  [layout.S_PATTERNS]: layout.PATTERN_SIZE,
  [layout.S_DFAS]: layout.DFA_SIZE,
  [layout.S_EXTRAS]: layout.EXTRA_SIZE,
  [layout.S_CONDITIONS]: layout.CONDITION_SIZE,
  [layout.S_ATOMS]: layout.ATOM_SIZE,
  [layout.S_WORDS]: 4,
  [layout.S_NUMBERS]: layout.NUMBER_SIZE,
  [layout.S_RANGES]: layout.RANGE_SIZE,
  [layout.S_WEEKS]: layout.WEEK_SIZE,
  [layout.S_APPROVALS]: layout.APPROVAL_SIZE,
  [layout.S_LIMIT_LISTS]: layout.LIMIT_LIST_SIZE,
  [layout.S_LIMITS]: layout.LIMIT_SIZE,
  [layout.S_METERS]: layout.METER_SIZE,
  [layout.S_PAIR_SLOTS]: 4,
  [layout.S_DELEGATIONS]: layout.DELEGATION_SIZE,
  [layout.S_GUARDS]: layout.GUARD_SIZE,
  [layout.S_RULE_HASHES]: 4,
}

/** Changes `image`, which stays as it is; `other` lends its sections. */
export function mutateImage(random: Random, image: Uint8Array, other: Uint8Array): Mutant {
  const draft = new Draft(random, image, other)
  const kind = random.weighted({ any: 88, same: 7, narrower: 5 })
  let change = kind === 'same' ? draft.keep() : kind === 'narrower' ? draft.narrow() : undefined
  const meaning = change === undefined ? 'any' : kind
  if (change === undefined) {
    const changes: string[] = []
    for (let left = Number(random.weighted({ 1: 7, 2: 2, 5: 1 })); left > 0; left--) changes.push(draft.change())
    change = changes[0] ?? ''
  }
  if (meaning !== 'any' || random.chance(0.97)) draft.seal()
  return { image: draft.bytes, change, meaning }
}

/** Writes length and digest, as the compiler does. */
export function seal(image: Uint8Array): Uint8Array {
  if (image.length < HEADER) return image
  new DataView(image.buffer, image.byteOffset).setUint32(layout.H_LENGTH, image.length, true)
  const hash = createHash('sha256')
  hash.update(image.subarray(0, layout.H_DIGEST))
  hash.update(image.subarray(layout.H_DIGEST + layout.DIGEST_BYTES))
  image.set(hash.digest(), layout.H_DIGEST)
  return image
}

const HEADER = layout.H_SECTIONS + 8 * layout.SECTION_COUNT
/** Bytes of records that mean nothing, by section: offset and length. */
const IDLE: readonly (readonly [section: number, offset: number, length: number])[] = [
  [layout.S_AGENTS, layout.AGENT_HAS_EXPIRY + 1, 1],
  [layout.S_EXTRAS, layout.EXTRA_LIMITS + 4, 4],
  [layout.S_LIMITS, layout.LIMIT_METER_COUNT + 4, 4],
  [layout.S_METERS, layout.METER_WINDOW + 4, 4],
  [layout.S_DELEGATIONS, layout.DELEGATION_REVOKED + 1, 5],
  [layout.S_DELEGATIONS, layout.DELEGATION_EXPIRES + 8, 8],
]

/** What a record of a section owns alone: offset and length of the reference. */
const OWNED: readonly (readonly [section: number, offset: number, length: number])[] = [
  [layout.S_AGENTS, layout.AGENT_RULES, 12],
  [layout.S_RULESETS, layout.RULESET_RULES, 12],
  [layout.S_DELEGATIONS, layout.DELEGATION_RULES, 12],
  [layout.S_DFAS, 0, layout.DFA_SIZE],
  [layout.S_CONDITIONS, layout.CONDITION_ATOMS, 8],
  [layout.S_LIMIT_LISTS, layout.LIMIT_LIST_START, 8],
  [layout.S_ROLE_REFS, 0, 4],
]

class Draft {
  bytes: Uint8Array
  private readonly random: Random
  private readonly other: Uint8Array

  constructor(random: Random, image: Uint8Array, other: Uint8Array) {
    this.random = random
    this.bytes = image.slice()
    this.other = other
  }

  seal(): void {
    seal(this.bytes)
  }

  /** Any change; its name. */
  change(): string {
    const { random } = this
    const how = random.weighted({
      field: 40,
      bits: 12,
      section: 8,
      header: 5,
      records: 10,
      automaton: 7,
      cut: 5,
      splice: 6,
      block: 4,
      sections: 3,
      actions: 2,
      twin: 3,
    })
    switch (how) {
      case 'field':
        return this.overwriteField()
      case 'bits':
        for (let left = random.between(1, 4); left > 0; left--) {
          const at = random.below(this.bytes.length)
          this.bytes[at] = (this.bytes[at] ?? 0) ^ (1 << random.below(8))
        }
        return how
      case 'header':
        this.setU32(4 * random.below(layout.H_SECTIONS / 4), this.boundary())
        return how
      case 'section': {
        const at = layout.H_SECTIONS + 4 * random.below(2 * layout.SECTION_COUNT)
        const value = this.u32(at)
        this.setU32(at, random.chance(0.6) ? value + random.pick([1, -1, 4, -4, 8, -8]) : this.boundary())
        return how
      }
      case 'records':
        return this.mixRecords()
      case 'automaton':
        return this.bendAutomaton()
      case 'cut': {
        const longer = new Uint8Array(this.bytes.length + 8 * random.below(9))
        longer.set(this.bytes)
        this.bytes = random.chance(0.5) ? longer : this.bytes.slice(0, random.below(this.bytes.length))
        return how
      }
      case 'splice':
        return this.splice()
      case 'block': {
        const length = random.between(1, Math.min(64, this.bytes.length))
        const from = random.below(this.bytes.length - length + 1)
        this.bytes.copyWithin(random.below(this.bytes.length - length + 1), from, from + length)
        return how
      }
      case 'actions': {
        // A list of actions that begins near the end of the words.
        const record = this.record(layout.S_RULES)
        const words = this.entry(layout.S_WORDS).count
        if (record === undefined || words === 0) return this.change()
        this.setU32(record + layout.RULE_ACTIONS, 0x80000000 + Math.max(0, words - random.between(1, 4)))
        return how
      }
      case 'twin':
        return this.shareOwned()
      case 'sections': {
        const [a, b] = [random.below(layout.SECTION_COUNT), random.below(layout.SECTION_COUNT)]
        const [first, second] = [this.entry(a), this.entry(b)]
        this.setEntry(a, second)
        if (random.chance(0.5)) this.setEntry(b, first)
        return how
      }
    }
  }

  /** A change that keeps the meaning; `undefined` when there is nothing to change in this way. */
  keep(): string | undefined {
    const { random } = this
    switch (random.below(4)) {
      case 0: {
        const [section, offset, length] = random.pick(IDLE)
        const record = this.record(section)
        if (record === undefined) return undefined
        for (let i = 0; i < length; i++) this.bytes[record + offset + i] = random.below(256)
        return 'idle bytes'
      }
      case 1:
        for (let at = layout.H_ORDER; at < layout.H_SECTIONS; at++) this.bytes[at] = random.below(256)
        this.setU16(layout.H_VERSION + 2, random.below(65536))
        return 'idle header'
      case 2: {
        // A section moves to the end, and rubbish stays where it was.
        const section = random.below(layout.SECTION_COUNT)
        const { offset, count } = this.entry(section)
        const length = count * this.sizeOf(section)
        const at = this.bytes.length
        const longer = new Uint8Array((at + length + 7) & ~7)
        longer.set(this.bytes)
        longer.copyWithin(at, offset, offset + length)
        for (let i = offset; i < offset + length; i++) longer[i] = random.below(256)
        this.bytes = longer
        this.setEntry(section, { offset: at, count })
        return 'moved section'
      }
      default: {
        const longer = new Uint8Array(this.bytes.length + 8 * random.between(1, 40))
        longer.set(this.bytes)
        for (let at = this.bytes.length; at < longer.length; at++) longer[at] = random.below(256)
        this.bytes = longer
        return 'longer'
      }
    }
  }

  /** A change that can only take access away; `undefined` when there is nothing to change in this way. */
  narrow(): string | undefined {
    const { random } = this
    switch (random.below(7)) {
      case 0: {
        // No action of a grant; the guardrails keep theirs.
        const start = this.u32(layout.H_GUARD_RULES)
        const end = start + this.u32(layout.H_GUARD_HASHED) + this.u32(layout.H_GUARD_GENERAL)
        const { offset, count } = this.entry(layout.S_RULES)
        const index = random.below(Math.max(1, count))
        if (count === 0 || (index >= start && index < end)) return undefined
        this.setU32(offset + index * layout.RULE_SIZE + layout.RULE_ACTIONS, 0)
        return 'grant without actions'
      }
      case 1:
        return this.setByte(layout.S_DELEGATIONS, layout.DELEGATION_REVOKED, 1) && 'revoked delegation'
      case 2:
        return this.setByte(layout.S_DELEGATIONS, layout.DELEGATION_DEPTH, 0) && 'shallow delegation'
      case 3: {
        const record = this.record(layout.S_AGENTS)
        if (record === undefined) return undefined
        this.bytes[record + layout.AGENT_HAS_EXPIRY] = 1
        this.setU64(record + layout.AGENT_EXPIRES_AT, 0n)
        return 'expired agent'
      }
      case 4:
        return this.setByte(layout.S_AGENTS, layout.AGENT_MAY, 0) && 'agent that may not delegate'
      case 5: {
        const record = this.record(layout.S_METERS)
        if (record === undefined) return undefined
        this.setU64(record + layout.METER_CAP, 0n)
        return 'no calls, no money'
      }
      default: {
        this.setU64(layout.H_NOT_AFTER, 0n)
        return 'out of date'
      }
    }
  }

  /** A word or a byte of some record gets a value at the edge of what is allowed. */
  private overwriteField(): string {
    const { random } = this
    const section = random.below(layout.SECTION_COUNT)
    const record = this.record(section)
    if (record === undefined || section === layout.S_BYTES) return this.change()
    const size = this.sizeOf(section)
    if (random.chance(0.25))
      this.bytes[record + random.below(size)] = random.pick([0, 1, 2, 3, 4, 5, 6, 16, 100, 127, 128, 255])
    else this.setU32(record + 4 * random.below(size / 4), this.boundary())
    return `field of ${section}`
  }

  /** Two records change places, or one takes the place of the other. */
  private mixRecords(): string {
    const section = this.random.below(layout.SECTION_COUNT)
    const [a, b] = [this.record(section), this.record(section)]
    if (a === undefined || b === undefined) return this.change()
    const size = this.sizeOf(section)
    const kept = this.bytes.slice(a, a + size)
    this.bytes.copyWithin(a, b, b + size)
    if (this.random.chance(0.6)) this.bytes.set(kept, b)
    return 'records'
  }

  /** A record refers to what another one of its section owns. */
  private shareOwned(): string {
    const [section, offset, length] = this.random.pick(OWNED)
    const [a, b] = [this.record(section), this.record(section)]
    if (a === undefined || b === undefined || a === b) return this.change()
    this.bytes.copyWithin(a + offset, b + offset, b + offset + length)
    return 'twin'
  }

  private bendAutomaton(): string {
    const { random } = this
    const record = this.record(layout.S_DFAS)
    if (record === undefined) return this.change()
    const [states, classes] = [this.u32(record + layout.DFA_STATES), this.u32(record + layout.DFA_CLASSES)]
    const table = this.entry(layout.S_BYTES).offset + this.u32(record + layout.DFA_OFFSET)
    if (random.chance(0.3)) this.setByteAt(table + random.below(256), random.pick([classes, classes - 1, 255, 0]))
    else {
      const at = table + 256 + 2 * random.below(Math.max(1, states * classes))
      if (at + 2 <= this.bytes.length)
        this.setU16(at, random.pick([states, states - 1, 0, 65535, random.below(states + 1)]))
    }
    return 'automaton'
  }

  /** A section, or any piece, of the other image. */
  private splice(): string {
    const { random, other } = this
    if (random.chance(0.5)) {
      const section = random.below(layout.SECTION_COUNT)
      const view = new DataView(other.buffer, other.byteOffset)
      const from = view.getUint32(layout.H_SECTIONS + 8 * section, true)
      const { offset, count } = this.entry(section)
      const length = Math.min(count, view.getUint32(layout.H_SECTIONS + 8 * section + 4, true)) * this.sizeOf(section)
      if (offset + length <= this.bytes.length) this.bytes.set(other.subarray(from, from + length), offset)
      return 'spliced section'
    }
    const cut = random.below(Math.min(this.bytes.length, other.length))
    this.bytes = Uint8Array.from([...this.bytes.subarray(0, cut), ...other.subarray(cut)])
    return 'spliced image'
  }

  /** Numbers at which checks change their minds. */
  private boundary(): number {
    const { random } = this
    const count = this.entry(random.below(layout.SECTION_COUNT)).count
    return random.pick([
      0,
      1,
      2,
      0xffffffff,
      0xfffffffe,
      0x7fffffff,
      0x80000000,
      0x80000000 + count,
      count,
      count - 1,
      count + 1,
      this.bytes.length,
      this.bytes.length - 4,
      65536,
      random.below(64),
      random.below(Math.max(1, count)),
      random.next(),
    ])
  }

  /** Offset of some record of a section. */
  private record(section: number): number | undefined {
    const { offset, count } = this.entry(section)
    const size = this.sizeOf(section)
    const at = offset + this.random.below(Math.max(1, count)) * size
    return count === 0 || at + size > this.bytes.length ? undefined : at
  }

  private setByte(section: number, offset: number, value: number): true | undefined {
    const record = this.record(section)
    if (record === undefined) return undefined
    this.setByteAt(record + offset, value)
    return true
  }

  private setByteAt(at: number, value: number): void {
    if (at < this.bytes.length) this.bytes[at] = value
  }

  private sizeOf(section: number): number {
    return SIZES[section] ?? 1
  }

  private entry(section: number): { readonly offset: number; readonly count: number } {
    const at = layout.H_SECTIONS + 8 * section
    return { offset: this.u32(at), count: this.u32(at + 4) }
  }

  private setEntry(section: number, { offset, count }: { readonly offset: number; readonly count: number }): void {
    this.setU32(layout.H_SECTIONS + 8 * section, offset)
    this.setU32(layout.H_SECTIONS + 8 * section + 4, count)
  }

  private view(): DataView {
    return new DataView(this.bytes.buffer, this.bytes.byteOffset)
  }

  /** 0 where an earlier change has cut the image off. */
  private u32(at: number): number {
    return at + 4 <= this.bytes.length ? this.view().getUint32(at, true) : 0
  }

  private setU32(at: number, value: number): void {
    if (at + 4 <= this.bytes.length) this.view().setUint32(at, value >>> 0, true)
  }

  private setU16(at: number, value: number): void {
    if (at + 2 <= this.bytes.length) this.view().setUint16(at, value, true)
  }

  private setU64(at: number, value: bigint): void {
    if (at + 8 <= this.bytes.length) this.view().setBigUint64(at, value, true)
  }
}
