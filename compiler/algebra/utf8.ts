/**
 * From an automaton over code points to one over the bytes of their UTF-8 forms.
 *
 * A code point above U+007F is read through states in between, one for each function that the bytes read so far leave
 * open: `E2` from state q leads to "two more bytes, then where q goes". Functions that are equal share a state, so a
 * minimal automaton stays minimal. Overlong forms and surrogates lead nowhere.
 *
 * What a lead byte opens does not depend on q, so it is cut into blocks of code points once, and each block is then
 * resolved for every state:
 *
 *   E2 -> block of 4096 points -> 64 blocks of 64 points -> 64 symbols -> where q goes with that symbol
 *
 * @see RFC 3629, section 4
 */
import type { Alphabet } from './nfa.ts'
import type { Table } from './table.ts'

const ASCII_END = 0x80
const SURROGATES_START = 0xd800
const SURROGATES_END = 0xe000
const POINTS_END = 0x110000
const CONTINUATIONS = 64

/** An automaton over groups of bytes, complete; states in between characters may be equal to none. */
export interface ByteTable extends Table {
  /** 256 entries: the symbol of each byte. */
  readonly symbolOf: Uint8Array
}

/** What lowering may cost before it gives up. */
export interface LoweringLimits {
  readonly states: number
  /** Cells of blocks, resolved for all states together. */
  readonly cells: number
}

/** The bytes of `table`, which must be minimal; `undefined` above the limits. */
export function lowerToBytes(table: Table, alphabet: Alphabet, limits: LoweringLimits): ByteTable | undefined {
  const blocks = blocksOf(alphabet)
  const groups = groupBytes(alphabet, blocks)
  if (table.stateCount * blocks.children.length * groups.continuations.length > limits.cells) return undefined
  const { stateCount, symbolCount, next, accepting } = table
  const { symbolOf, leads, continuations } = groups
  const width = leads.length + continuations.length

  // States of the table keep their numbers, the dead state follows when the table has none, then the states in between.
  const dead = findDead(table) ?? stateCount
  const rows: number[][] = []
  const known = new Map<string, number>()
  let count = Math.max(stateCount, dead + 1)

  /** The state that reads the rest of a block and then goes where `state` goes. */
  const resolve = (block: number, state: number, resolved: Int32Array): number => {
    if (block < 0) return block === NOTHING ? dead : (next[state * symbolCount + symbolIn(block)] ?? dead)
    const seen = resolved[block] ?? 0
    if (seen > 0) return seen - 1
    const targets = continuations.map((at) => resolve(blocks.children[block]?.[at] ?? NOTHING, state, resolved))
    const key = targets.join()
    let name = targets.every((target) => target === dead) ? dead : known.get(key)
    if (name === undefined) {
      name = count++
      known.set(key, name)
      rows.push([...leads.map(() => dead), ...targets])
    }
    resolved[block] = name + 1
    return name
  }

  const cells: number[] = []
  const resolved = new Int32Array(blocks.children.length)
  for (let state = 0; state < stateCount; state++) {
    resolved.fill(0)
    for (const lead of leads) cells.push(resolve(lead, state, resolved))
    for (const _ of continuations) cells.push(dead)
    if (count > limits.states) return undefined
  }
  if (dead === stateCount) for (let i = 0; i < width; i++) cells.push(dead)
  for (const row of rows) for (const target of row) cells.push(target)
  const flags = new Uint8Array(count)
  flags.set(accepting)
  return { stateCount: count, symbolCount: width, next: Int32Array.from(cells), accepting: flags, symbolOf }
}

/** The state that never accepts again: a minimal automaton has at most one. */
function findDead({ stateCount, symbolCount, next, accepting }: Table): number | undefined {
  for (let state = 0; state < stateCount; state++) {
    if (accepting[state] === 1) continue
    let isDead = true
    for (let symbol = 0; symbol < symbolCount && isDead; symbol++) isDead = next[state * symbolCount + symbol] === state
    if (isDead) return state
  }
  return undefined
}

/** In place of a block: bytes that begin no character; below it, symbol s is `-2 - s`. */
const NOTHING = -1

function symbolIn(block: number): number {
  return -2 - block
}

/** What the bytes above U+007F open. */
interface Blocks {
  /** For each of the bytes 80-FF what it opens: a block, or `NOTHING`. */
  readonly leads: readonly number[]
  /** For each block what its 64 continuation bytes lead to. Equal blocks are one. */
  readonly children: readonly (readonly number[])[]
  /** The group of each continuation byte: those that no block tells apart. */
  readonly groupOf: readonly number[]
}

/** Blocks of the alphabets that tell no characters above U+007F apart, by the symbol of these; most regexes have such. */
const PLAIN = new Map<number, Blocks>()

function blocksOf(alphabet: Alphabet): Blocks {
  const { starts, symbols } = alphabet
  const isPlain = (starts.at(-1) ?? 0) <= ASCII_END
  const symbol = symbols.at(-1) ?? 0
  const known = isPlain ? PLAIN.get(symbol) : undefined
  if (known !== undefined) return known
  const blocks = cutBlocks(alphabet)
  if (isPlain) PLAIN.set(symbol, blocks)
  return blocks
}

function cutBlocks({ starts, symbols }: Alphabet): Blocks {
  const children: number[][] = []
  const known = new Map<string, number>()
  const intern = (items: number[]): number => {
    if (items.every((item) => item === NOTHING)) return NOTHING
    const key = items.join()
    const found = known.get(key)
    if (found !== undefined) return found
    known.set(key, children.length)
    return children.push(items) - 1
  }
  const uniform = new Map<string, number>()
  let interval = 0
  /** The block of the `size` code points from `low` on, without those below `first`; is called with ascending `low`. */
  const cut = (low: number, size: number, first: number): number => {
    if (low + size <= first || low >= POINTS_END) return NOTHING
    if (low >= SURROGATES_START && low + size <= SURROGATES_END) return NOTHING
    while ((starts[interval + 1] ?? POINTS_END) <= low) interval++
    const symbol = symbols[interval] ?? 0
    if (size === 1) return -2 - symbol
    const isClear =
      low >= first && (low + size <= SURROGATES_START || low >= SURROGATES_END) && low + size <= POINTS_END
    const key = isClear && low + size <= (starts[interval + 1] ?? POINTS_END) ? `${size}/${symbol}` : undefined
    const same = key === undefined ? undefined : uniform.get(key)
    if (same !== undefined) return same
    const step = size / CONTINUATIONS
    const items = Array.from({ length: CONTINUATIONS }, (_, i) => cut(low + i * step, step, first))
    const block = intern(items)
    if (key !== undefined) uniform.set(key, block)
    return block
  }
  const leads = Array.from({ length: 0x80 }, (_, i) => {
    const byte = 0x80 + i
    if (byte < 0xc0 || byte > 0xf4) return NOTHING
    if (byte < 0xe0) return cut((byte - 0xc0) * 64, 64, ASCII_END)
    if (byte < 0xf0) return cut((byte - 0xe0) * 4096, 4096, 0x800)
    return cut((byte - 0xf0) * 262_144, 262_144, 0x10000)
  })
  const groups = new Map<string, number>()
  const groupOf = Array.from({ length: CONTINUATIONS }, (_, i) => {
    const key = children.map((items) => items[i]).join()
    const group = groups.get(key) ?? groups.size
    groups.set(key, group)
    return group
  })
  return { leads, children, groupOf }
}

interface ByteGroups {
  readonly symbolOf: Uint8Array
  /** What the bytes of each group open that do not continue a character. */
  readonly leads: readonly number[]
  /** Then the groups of those that do: the index of one of them. */
  readonly continuations: readonly number[]
}

/** Bytes that no block tells apart are one group. */
function groupBytes({ starts, symbols }: Alphabet, blocks: Blocks): ByteGroups {
  const symbolOf = new Uint8Array(256)
  const groupOf = new Map<number, number>()
  const leads: number[] = []
  const put = (byte: number, opens: number): void => {
    let group = groupOf.get(opens)
    if (group === undefined) {
      group = leads.push(opens) - 1
      groupOf.set(opens, group)
    }
    symbolOf[byte] = group
  }
  for (let byte = 0, interval = 0; byte < ASCII_END; byte++) {
    while ((starts[interval + 1] ?? POINTS_END) <= byte) interval++
    put(byte, -2 - (symbols[interval] ?? 0))
  }
  for (let byte = 0xc0; byte < 256; byte++) put(byte, blocks.leads[byte - 0x80] ?? NOTHING)
  const continuations: number[] = []
  for (let i = 0; i < CONTINUATIONS; i++) {
    const group = blocks.groupOf[i] ?? 0
    if (group === continuations.length) continuations.push(i)
    symbolOf[0x80 + i] = leads.length + group
  }
  return { symbolOf, leads, continuations }
}
