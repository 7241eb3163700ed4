// What a team would write by hand for just one workload: maps of maps, a bit for each action, regexes made once. It has no
// reasons, no limits, no approvals and no second opinion; it is the floor that a policy engine is measured against.
import { ACTIONS } from './workload.mjs'

const BITS = new Map(ACTIONS.map((action, index) => [action, 1 << index]))

export function loadFloor(workload) {
  if (workload.spec.cond) return conditional(workload)
  const agents = new Map()
  for (let i = 0; i < workload.spec.agents; i++) {
    const resources = new Map()
    for (const { resource, action } of workload.grants(i)) {
      resources.set(resource, (resources.get(resource) ?? 0) | BITS.get(action))
    }
    agents.set(workload.agentId(i), resources)
  }
  const hasStars = workload.spec.glob > 0
  const holds = (agent, action, resource) => {
    const resources = agents.get(agent)
    if (resources === undefined) return false
    const bit = BITS.get(action)
    if ((resources.get(resource) & bit) !== 0) return true
    return hasStars && (resources.get(`${resource.slice(0, resource.lastIndexOf(':') + 1)}*`) & bit) !== 0
  }
  if (workload.spec.depth === undefined) return (fields) => holds(fields[0], fields[1], fields[2])
  return (fields) => {
    for (let hop = 2; hop < fields.length; hop++) if (!holds(fields[hop], fields[1], fields[0])) return false
    return true
  }
}

function conditional(workload) {
  const agents = new Map()
  for (let i = 0; i < workload.spec.agents; i++) {
    const scopes = new Map()
    for (const { resource, action, h0, h1, cidrs, regex } of workload.grants(i)) {
      const nets = cidrs.map((cidr) => {
        const [address, bits] = cidr.split('/')
        const mask = (0xffffffff << (32 - Number(bits))) >>> 0
        return { net: (parseV4(address) & mask) >>> 0, mask }
      })
      const key = `${action}|${resource}`
      if (!scopes.has(key)) scopes.set(key, [])
      scopes.get(key).push({ h0, h1, nets, regex: new RegExp(regex) })
    }
    agents.set(workload.agentId(i), scopes)
  }
  return (fields, hour) => {
    const grants = agents.get(fields[0])?.get(`${fields[1]}|${fields[2]}`)
    if (grants === undefined) return false
    const address = parseV4(fields[3])
    for (const { h0, h1, nets, regex } of grants) {
      if (hour < h0 || hour >= h1) continue
      for (const { net, mask } of nets) if ((address & mask) >>> 0 === net && regex.test(fields[4])) return true
    }
    return false
  }
}

function parseV4(text) {
  let value = 0
  let octet = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 46) {
      value = value * 256 + octet
      octet = 0
    } else octet = octet * 10 + code - 48
  }
  return (value * 256 + octet) >>> 0
}
