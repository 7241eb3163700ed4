// A workload as a policy: through the model API, so that no text has to be parsed for 1,000,000 grants.
import { readFileSync } from 'node:fs'
import {
  compileRegex,
  emitImage,
  parseCidr,
  parseHours,
  parsePattern,
  parseRegexBody,
  spliceModule,
  weekRanges,
} from 'kavachos/compiler'

/** The module of a workload. */
export function toModule(workload) {
  const wasm = readFileSync(process.env.KAVACH_ENGINE ?? new URL('../build/engine.wasm', import.meta.url))
  return spliceModule(wasm, toImage(workload))
}

/** The image of a workload. */
export function toImage(workload) {
  return emitImage(toModel(workload))
}

export function toModel(workload) {
  const { agents: count, depth } = workload.spec
  let id = 0
  const patterns = remember((text) => must(parsePattern(text)))
  const machines = remember((source) => {
    const compiled = compileRegex(must(parseRegexBody(source, '', { slashEscaped: false })))
    if (!compiled.ok) throw new Error(`${source} is too large`)
    return compiled.dfa
  })
  const toGrant = ({ resource, action, h0, h1, cidrs, regex }) => ({
    id: id++,
    actions: [action],
    patterns: [patterns(resource)],
    ...(regex !== undefined && {
      when: [
        { kind: 'time-in', negated: false, ranges: weekRanges([must(parseHours(`daily ${clock(h0)}-${clock(h1)}`))]) },
        { kind: 'ip-in', negated: false, ranges: cidrs.map((cidr) => must(parseCidr(cidr))) },
        { kind: 'arg-matches', negated: false, path: ['path'], dfa: machines(regex) },
      ],
    }),
  })
  const agents = []
  const delegations = []
  for (let i = 0; i < count; i++) {
    const grants = workload.grants(i).map(toGrant)
    const name = workload.agentId(i)
    if (depth === undefined || i % 5 === 0)
      agents.push({ name, type: 'autonomous', grants, ...(depth && { mayDelegate: 5 }) })
    else {
      agents.push({ name, type: 'delegated', grants: [] })
      delegations.push({ from: workload.agentId(i - 1), to: name, depth: 5, grants })
    }
  }
  return { name: 'bench', generation: 1, roles: [], agents, delegations, forbids: [], requires: [], limits: [] }
}

function clock(hour) {
  return `${String(hour).padStart(2, '0')}:00`
}

function remember(make) {
  const made = new Map()
  return (key) => {
    if (!made.has(key)) made.set(key, make(key))
    return made.get(key)
  }
}

function must(parsed) {
  if (!parsed.ok) throw new Error(parsed.fault.message)
  return parsed.value
}
