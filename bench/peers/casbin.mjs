// casbin with an enforcer for each agent, so that it looks at the lines of one agent only. `cached` keeps every answer by the text of
// its request, and all requests have been asked before: it shows a look-up in that cache. Its answers are promises.
import { newCachedEnforcer, newEnforcer, newModelFromString } from 'casbin'

/** `fields` are those of a line before the action. */
const model = (fields, match) => `
[request_definition]
r = ${fields}, act
[policy_definition]
p = ${fields}, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = ${match} && r.act == p.act
`

const CONDITIONAL = `
[request_definition]
r = obj, act, ip, path, hour
[policy_definition]
p = obj, act, net, net2, path, from, to
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.obj == p.obj && r.act == p.act && inHours(r.hour, p.from, p.to) && (ipMatch(r.ip, p.net) || ipMatch(r.ip, p.net2)) && regexMatch(r.path, p.path)
`

export const load = (workload) => open(workload, newEnforcer, (enforcer, values) => enforcer.enforceSync(...values))
export const loadCached = (workload) =>
  open(workload, newCachedEnforcer, (enforcer, values) => enforcer.enforce(...values))

async function open(workload, make, enforce) {
  const { spec } = workload
  const text = spec.cond ? CONDITIONAL : model('obj', matcherOf(spec))
  const enforcers = new Map()
  for (let i = 0; i < spec.agents; i++) {
    const enforcer = await make(newModelFromString(text))
    if (spec.cond) await enforcer.addFunction('inHours', inHours)
    await enforcer.addPolicies(workload.grants(i).map(toLine))
    enforcers.set(workload.agentId(i), enforcer)
  }
  if (spec.cond) {
    return {
      decide: ([agent, action, resource, ip, path], hour) =>
        enforce(enforcers.get(agent), [resource, action, ip, path, String(hour)]),
    }
  }
  if (spec.depth === undefined) {
    return { decide: ([agent, action, resource]) => enforce(enforcers.get(agent), [resource, action]) }
  }
  if (make === newCachedEnforcer) {
    return {
      async decide(fields) {
        for (let hop = 2; hop < fields.length; hop++)
          if (!(await enforce(enforcers.get(fields[hop]), [fields[0], fields[1]]))) return false
        return true
      },
    }
  }
  return {
    decide(fields) {
      for (let hop = 2; hop < fields.length; hop++)
        if (!enforce(enforcers.get(fields[hop]), [fields[0], fields[1]])) return false
      return true
    },
  }
}

/** The model of a workload with one enforcer for all agents. */
export function modelOf({ spec }) {
  return model('sub, obj', `r.sub == p.sub && ${matcherOf(spec)}`)
}

function matcherOf({ glob }) {
  return glob > 0 ? 'keyMatch(r.obj, p.obj)' : 'r.obj == p.obj'
}

function toLine({ resource, action, h0, h1, cidrs, regex }) {
  return cidrs === undefined ? [resource, action] : [resource, action, ...cidrs, regex, String(h0), String(h1)]
}

function inHours(hour, from, to) {
  return Number(from) <= Number(hour) && Number(hour) < Number(to)
}
