// CASL in its fastest documented way: one ability for each agent, built beforehand. Where all resources are exact the whole string is the
// subject; where some are `server:*`, the server is the subject and the tool its field, and a rule without fields has all of them.
import { createMongoAbility } from '@casl/ability'

export function load(workload) {
  const { spec } = workload
  const kind = spec.cond ? conditional : spec.glob > 0 ? byField : whole
  const abilities = new Map()
  for (let i = 0; i < spec.agents; i++) abilities.set(workload.agentId(i), kind.build(workload.grants(i)))
  if (spec.depth === undefined) return { decide: (fields, hour) => kind.can(abilities.get(fields[0]), fields, hour) }
  return {
    decide(fields) {
      for (let hop = 2; hop < fields.length; hop++)
        if (!abilities.get(fields[hop]).can(fields[1], fields[0])) return false
      return true
    },
  }
}

const whole = {
  build: (grants) => createMongoAbility(grants.map(({ action, resource }) => ({ action, subject: resource }))),
  can: (ability, fields) => ability.can(fields[1], fields[2]),
}

const byField = {
  build: (grants) =>
    createMongoAbility(
      grants.map(({ action, resource }) => {
        const { server, tool } = parts(resource)
        return { action, subject: server, ...(tool !== '*' && { fields: [tool] }) }
      }),
    ),
  can(ability, fields) {
    const { server, tool } = parts(fields[2])
    return ability.can(fields[1], server, tool)
  },
}

/** A rule for each network, since its conditions have no `or`. */
const conditional = {
  build: (grants) =>
    createMongoAbility(
      grants.flatMap(({ action, resource, h0, h1, cidrs, regex }) =>
        cidrs.map((cidr) => {
          const [low, high] = rangeOf(cidr)
          const conditions = {
            hour: { $gte: h0, $lt: h1 },
            ip: { $gte: low, $lte: high },
            path: { $regex: regex },
          }
          return { action, subject: resource, conditions }
        }),
      ),
      { detectSubjectType: ({ resource }) => resource },
    ),
  can: (ability, [, action, resource, ip, path], hour) =>
    ability.can(action, { resource, hour, ip: parseV4(ip), path }),
}

function parts(resource) {
  const end = resource.lastIndexOf(':')
  return { server: resource.slice(0, end), tool: resource.slice(end + 1) }
}

function rangeOf(cidr) {
  const [address, bits] = cidr.split('/')
  const size = 2 ** (32 - Number(bits))
  const low = Math.floor(parseV4(address) / size) * size
  return [low, low + size - 1]
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
  return value * 256 + octet
}
