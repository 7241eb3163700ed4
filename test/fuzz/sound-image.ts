/**
 * Whether everything in an image points at something in it, written from engine-wasm/format/layout.ts and slower than the
 * verifier: a reference that leads astray inside the image traps nowhere, so that running it does not tell.
 */
import * as layout from '../../engine-wasm/format/layout.ts'

const NUMBERS: readonly number[] = [
  layout.OP_TRUST,
  layout.OP_COST,
  layout.OP_LEN,
  layout.OP_ARG_COMPARE,
  layout.OP_ARG_NUMBERS,
]

/** The first reference that leads astray, in words. */
export function strayReference(image: Uint8Array): string | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const u8 = (at: number) => view.getUint8(at)
  const u32 = (at: number) => view.getUint32(at, true)
  const start = (section: number) => u32(layout.H_SECTIONS + 8 * section)
  const count = (section: number) => u32(layout.H_SECTIONS + 8 * section + 4)
  const records = (section: number, size: number) => {
    return Array.from({ length: count(section) }, (_, index) => start(section) + index * size)
  }
  const faults: string[] = []
  const claim = (isTrue: boolean, what: string) => {
    if (!isTrue) faults.push(what)
  }
  const points = (at: number, section: number, what: string) => claim(u32(at) < count(section), what)
  const mayPoint = (at: number, section: number, what: string) => {
    if (u32(at) !== layout.NONE) points(at, section, what)
  }
  /** No two of a section share what they own: `[from, to)` by record, in their order. */
  const owns = (ranges: readonly (readonly [number, number])[], what: string) => {
    const used = ranges.filter(([from, to]) => from < to)
    for (const [index, [from]] of used.entries()) claim(from >= (used[index - 1]?.[1] ?? 0), `${what} shared`)
  }
  const ownRules = (section: number, size: number, offset: number, what: string) => {
    const sets = records(section, size).map((at) => at + offset)
    owns(
      sets.map((at) => [u32(at), u32(at) + u32(at + 4) + u32(at + 8)]),
      `rules of ${what}`,
    )
  }
  const ownSpans = (section: number, size: number, what: string) => {
    owns(
      records(section, size).map((at) => [u32(at), u32(at) + u32(at + 4)]),
      what,
    )
  }
  const spans = (at: number, section: number, what: string) => claim(u32(at) + u32(at + 4) <= count(section), what)

  const isPolicy = u32(layout.H_KIND) === layout.KIND_POLICY
  const guards = { from: u32(layout.H_GUARD_RULES), to: 0 }
  guards.to = guards.from + u32(layout.H_GUARD_HASHED) + u32(layout.H_GUARD_GENERAL)
  const ruleSet = (at: number, what: string) => {
    const [from, hashed, total] = [u32(at), u32(at + 4), u32(at + 4) + u32(at + 8)]
    claim(total === 0 || from + total <= count(layout.S_RULES), `${what}: rules`)
    for (let index = from; index < Math.min(from + total, count(layout.S_RULES)); index++) {
      const rule = start(layout.S_RULES) + index * layout.RULE_SIZE
      const pattern = start(layout.S_PATTERNS) + u32(rule + layout.RULE_PATTERN) * layout.PATTERN_SIZE
      if (u32(rule + layout.RULE_PATTERN) >= count(layout.S_PATTERNS)) return
      const isDfa = u32(pattern + layout.PATTERN_KIND) === layout.PATTERN_DFA
      claim(isDfa === index - from >= hashed, `${what}: kind of rule`)
      const hash = start(layout.S_RULE_HASHES) + 4 * index
      if (!isDfa && index > from) claim(u32(hash - 4) <= u32(hash), `${what}: order`)
      const isGuard = index >= guards.from && index < guards.to
      claim(isGuard === (at === layout.H_GUARD_RULES), `${what}: guardrails are grants`)
    }
  }

  ownRules(layout.S_AGENTS, layout.AGENT_SIZE, layout.AGENT_RULES, 'agents')
  ownRules(layout.S_RULESETS, layout.RULESET_SIZE, layout.RULESET_RULES, 'roles')
  ownRules(layout.S_DELEGATIONS, layout.DELEGATION_SIZE, layout.DELEGATION_RULES, 'delegations')
  ownSpans(layout.S_CONDITIONS, layout.CONDITION_SIZE, 'atoms')
  ownSpans(layout.S_LIMIT_LISTS, layout.LIMIT_LIST_SIZE, 'limits')
  claim(count(layout.S_RULE_HASHES) === count(layout.S_RULES), 'hashes')
  points(layout.H_NAME, layout.S_STRINGS, 'name')
  mayPoint(layout.H_BOUNDARY_LIMITS, layout.S_LIMIT_LISTS, 'limits of the boundary')
  ruleSet(layout.H_GUARD_RULES, 'guardrails')
  ruleSet(layout.H_BOUNDARY_RULES, 'boundary')
  for (const at of records(layout.S_STRINGS, layout.STRING_SIZE)) spans(at, layout.S_BYTES, 'string')
  for (const at of records(layout.S_ACTION_SLOTS, 4)) claim(u32(at) <= count(layout.S_ACTIONS), 'slot of an action')
  for (const at of records(layout.S_ACTIONS, layout.ACTION_SIZE)) {
    points(at + layout.ACTION_NAME, layout.S_STRINGS, 'name of an action')
  }
  for (const at of records(layout.S_AGENT_SLOTS, layout.AGENT_SLOT_SIZE)) {
    claim(u32(at + layout.AGENT_SLOT_INDEX) <= count(layout.S_AGENTS), 'slot of an agent')
  }
  for (const at of records(layout.S_AGENTS, layout.AGENT_SIZE)) {
    spans(at + layout.AGENT_NAME_OFFSET, layout.S_BYTES, 'name of an agent')
    mayPoint(at + layout.AGENT_OWNER, layout.S_STRINGS, 'owner')
    ruleSet(at + layout.AGENT_RULES, 'agent')
    spans(at + layout.AGENT_ROLES, layout.S_ROLE_REFS, 'roles')
    mayPoint(at + layout.AGENT_LIMITS, layout.S_LIMIT_LISTS, 'limits of an agent')
    const roles = start(layout.S_ROLE_REFS) + 4 * u32(at + layout.AGENT_ROLES)
    for (let index = 1; index < u32(at + layout.AGENT_ROLE_COUNT); index++) {
      claim(u32(roles + 4 * index - 4) < u32(roles + 4 * index), 'a role twice')
    }
  }
  for (const [index, at] of records(layout.S_RULES, layout.RULE_SIZE).entries()) {
    points(at + layout.RULE_PATTERN, layout.S_PATTERNS, 'pattern')
    const actions = u32(at + layout.RULE_ACTIONS)
    if (actions > layout.ACTIONS_ANY) {
      const list = actions & layout.ACTIONS_ANY
      const length = list < count(layout.S_WORDS) ? u32(start(layout.S_WORDS) + 4 * list) : 0
      claim(list + 1 + length <= count(layout.S_WORDS), 'actions')
    }
    const extras = index >= guards.from && index < guards.to ? layout.S_GUARDS : layout.S_EXTRAS
    claim(u32(at + layout.RULE_EXTRA) <= count(extras), 'extra')
    claim(extras === layout.S_EXTRAS || u32(at + layout.RULE_EXTRA) > 0, 'guardrail without a guard')
  }
  for (const at of records(layout.S_ROLE_REFS, 4)) points(at, layout.S_RULESETS, 'role')
  for (const at of records(layout.S_RULESETS, layout.RULESET_SIZE)) ruleSet(at, 'role')
  for (const at of records(layout.S_PATTERNS, layout.PATTERN_SIZE)) {
    if (u32(at + layout.PATTERN_KIND) === layout.PATTERN_DFA) {
      points(at + layout.PATTERN_OFFSET, layout.S_DFAS, 'automaton of a pattern')
    } else spans(at + layout.PATTERN_OFFSET, layout.S_BYTES, 'text of a pattern')
  }
  for (const at of records(layout.S_DFAS, layout.DFA_SIZE)) {
    const [states, classes, from] = [
      u32(at + layout.DFA_STATES),
      u32(at + layout.DFA_CLASSES),
      u32(at + layout.DFA_OFFSET),
    ]
    const cells = states * classes
    claim(states > 0 && from + 256 + 2 * cells + states <= count(layout.S_BYTES), 'table of an automaton')
    if (faults.length > 0) return faults[0]
    const table = start(layout.S_BYTES) + from
    for (let byte = 0; byte < 256; byte++) claim(u8(table + byte) < classes, 'class of a byte')
    for (let cell = 0; cell < cells; cell++) claim(view.getUint16(table + 256 + 2 * cell, true) < states, 'state')
  }
  for (const at of records(layout.S_EXTRAS, layout.EXTRA_SIZE)) {
    mayPoint(at + layout.EXTRA_CONDITION, layout.S_CONDITIONS, 'condition')
    mayPoint(at + layout.EXTRA_APPROVAL, layout.S_APPROVALS, 'approval')
    mayPoint(at + layout.EXTRA_LIMITS, layout.S_LIMIT_LISTS, 'limits of a grant')
  }
  for (const at of records(layout.S_CONDITIONS, layout.CONDITION_SIZE)) {
    spans(at + layout.CONDITION_ATOMS, layout.S_ATOMS, 'atoms')
    claim(u32(at + layout.CONDITION_AGENT_ATOMS) <= u32(at + layout.CONDITION_COUNT), 'atoms over the agent')
  }
  const isString = (word: number) => u32(start(layout.S_WORDS) + 4 * word) < count(layout.S_STRINGS)
  const strings = (at: number, what: string) => {
    spans(at, layout.S_WORDS, what)
    const end = Math.min(u32(at) + u32(at + 4), count(layout.S_WORDS))
    for (let word = u32(at); word < end; word++) claim(isString(word), what)
  }
  for (const at of records(layout.S_ATOMS, layout.ATOM_SIZE)) {
    const op = u8(at + layout.ATOM_OP)
    claim(op <= layout.OP_ARG_BOOLEAN, 'operation')
    if (op >= layout.OP_LEN) strings(at + layout.ATOM_PATH, 'path')
    const operand = at + layout.ATOM_START
    if ([layout.OP_IP, layout.OP_ARG_IP].includes(op)) spans(operand, layout.S_RANGES, 'addresses')
    if ([layout.OP_TIME, layout.OP_ARG_TIME].includes(op)) spans(operand, layout.S_WEEKS, 'hours')
    // A comparison is a list of one: the engine reads as many numbers as the atom counts, for every operation.
    if (NUMBERS.includes(op)) spans(operand, layout.S_NUMBERS, 'numbers')
    if ([layout.OP_AGENT_OWNER, layout.OP_ARGS_ONLY, layout.OP_ARG_STRINGS].includes(op)) strings(operand, 'strings')
    if ([layout.OP_AGENT_OWNER_DFA, layout.OP_ARG_DFA].includes(op)) points(operand, layout.S_DFAS, 'automaton')
  }
  for (const at of records(layout.S_APPROVALS, layout.APPROVAL_SIZE)) mayPoint(at, layout.S_STRINGS, 'approver')
  for (const at of records(layout.S_LIMIT_LISTS, layout.LIMIT_LIST_SIZE)) spans(at, layout.S_LIMITS, 'list of limits')
  for (const at of records(layout.S_LIMITS, layout.LIMIT_SIZE))
    spans(at + layout.LIMIT_METERS, layout.S_METERS, 'meters')
  for (const at of records(layout.S_METERS, layout.METER_SIZE)) claim(u32(at) <= layout.WINDOW_MONTH, 'window')
  for (const at of records(layout.S_PAIR_SLOTS, 4)) claim(u32(at) <= count(layout.S_DELEGATIONS), 'slot of a pair')
  for (const at of records(layout.S_DELEGATIONS, layout.DELEGATION_SIZE)) {
    const names = isPolicy ? layout.S_AGENTS : layout.S_STRINGS
    points(at + layout.DELEGATION_FROM, names, 'delegator')
    points(at + layout.DELEGATION_TO, names, 'receiver')
    ruleSet(at + layout.DELEGATION_RULES, 'delegation')
    mayPoint(at + layout.DELEGATION_LIMITS, layout.S_LIMIT_LISTS, 'limits of a delegation')
  }
  for (const at of records(layout.S_GUARDS, layout.GUARD_SIZE)) {
    mayPoint(at + layout.GUARD_WHEN, layout.S_CONDITIONS, 'when')
    mayPoint(at + layout.GUARD_UNLESS, layout.S_CONDITIONS, 'unless')
    mayPoint(at + layout.GUARD_APPROVAL, layout.S_APPROVALS, 'approval of a guardrail')
    mayPoint(at + layout.GUARD_LIMIT, layout.S_LIMITS, 'limit of a guardrail')
  }
  return faults[0]
}
