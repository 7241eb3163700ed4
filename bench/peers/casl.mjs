// CASL in its fastest documented way: one ability for each agent, built beforehand. Where all resources are exact the whole string is the
// subject; where some are `server:*`, the server is the subject and the tool its field, and a rule without fields has all of them.
import { createMongoAbility } from '@casl/ability'

/** The rules of each agent, as objects. */
export function make(workload) {
  const { toRules } = kindOf(workload)
  return Array.from({ length: workload.spec.agents }, (_, i) => workload.grants(i).flatMap(toRules))
}

/** `prepare` makes the arguments of `can` from a request, outside the clock: the address as a number, the name in its two parts. */
export function load(workload, rules) {
  const { toArguments, options } = kindOf(workload)
  const abilities = new Map(rules.map((list, i) => [workload.agentId(i), createMongoAbility(list, options)]))
  if (workload.spec.depth === undefined) {
    return {
      decide: ({ agent, action, subject, field }) => abilities.get(agent).can(action, subject, field),
      prepare: toArguments,
    }
  }
  return {
    decide(fields) {
      for (let hop = 2; hop < fields.length; hop++)
        if (!abilities.get(fields[hop]).can(fields[1], fields[0])) return false
      return true
    },
  }
}

function kindOf({ spec }) {
  if (spec.cond) return conditional
  return spec.glob > 0 ? byField : whole
}

const whole = {
  toRules: ({ action, resource }) => ({ action, subject: resource }),
  toArguments: ([agent, action, resource]) => ({ agent, action, subject: resource, field: undefined }),
}

const byField = {
  toRules({ action, resource }) {
    const { server, tool } = parts(resource)
    return { action, subject: server, ...(tool !== '*' && { fields: [tool] }) }
  },
  toArguments([agent, action, resource]) {
    const { server, tool } = parts(resource)
    return { agent, action, subject: server, field: tool }
  },
}

/** A rule for each network, since its conditions have no `or`. */
const conditional = {
  options: { detectSubjectType: ({ resource }) => resource },
  toRules: ({ action, resource, h0, h1, cidrs, regex }) =>
    cidrs.map((cidr) => {
      const [low, high] = rangeOf(cidr)
      const conditions = {
        hour: { $gte: h0, $lt: h1 },
        ip: { $gte: low, $lte: high },
        path: { $regex: regex },
      }
      return { action, subject: resource, conditions }
    }),
  toArguments: ([agent, action, resource, ip, path], hour) => ({
    agent,
    action,
    subject: { resource, hour, ip: parseV4(ip), path },
    field: undefined,
  }),
}

/** Both parts are strings of their own, not views of the whole, which a map would have to copy first. */
function parts(resource) {
  const end = resource.lastIndexOf(':')
  const bytes = Buffer.from(resource, 'latin1')
  return { server: bytes.latin1Slice(0, end), tool: bytes.latin1Slice(end + 1) }
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
