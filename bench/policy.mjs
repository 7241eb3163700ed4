// A workload as a policy: through the model API, so that no text has to be parsed for 1,000,000 grants.
import {
  compileRegex,
  emitImage,
  parseCidr,
  parseHours,
  parsePattern,
  parseRegexBody,
  weekRanges,
} from 'kavachos/compiler'

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

/** The request object that a caller would make of a workload's strings. */
export function toRequest(fields, hour, { cond, depth }) {
  if (cond) {
    const [agent, action, resource, ip, path] = fields
    return { agent, action, resource, ip, now: hour * 3_600_000, args: { path } }
  }
  if (depth === undefined) return { agent: fields[0], action: fields[1], resource: fields[2] }
  const chain = fields.slice(2)
  const agent = chain.pop()
  return chain.length === 0
    ? { agent, action: fields[1], resource: fields[0] }
    : { via: chain, agent, action: fields[1], resource: fields[0] }
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
