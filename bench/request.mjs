// A request of a workload as our engine takes it; apart from the policy, so that whoever only asks needs no compiler.

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
