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

/** The lines of each agent, as arrays. */
export function make(workload) {
  return Array.from({ length: workload.spec.agents }, (_, i) => workload.grants(i).map(toLine))
}

export async function load(workload, lines) {
  const enforcers = await open(workload, lines, newEnforcer)
  const prepare = toCalls(workload)
  if (workload.spec.depth === undefined)
    return { decide: ({ agent, values }) => enforcers.get(agent).enforceSync(...values), prepare }
  return {
    decide({ agents, values }) {
      for (const agent of agents) if (!enforcers.get(agent).enforceSync(...values)) return false
      return true
    },
    prepare,
  }
}

export async function loadCached(workload, lines) {
  const enforcers = await open(workload, lines, newCachedEnforcer)
  const prepare = toCalls(workload)
  if (workload.spec.depth === undefined)
    return { decide: ({ agent, values }) => enforcers.get(agent).enforce(...values), prepare }
  return {
    async decide({ agents, values }) {
      for (const agent of agents) if (!(await enforcers.get(agent).enforce(...values))) return false
      return true
    },
    prepare,
  }
}

/** What is asked of whom, made from a request outside the clock. */
function toCalls({ spec }) {
  if (spec.cond) {
    return ([agent, action, resource, ip, path], hour) => ({
      agent,
      values: [resource, action, ip, path, String(hour)],
    })
  }
  if (spec.depth === undefined) return ([agent, action, resource]) => ({ agent, values: [resource, action] })
  return ([resource, action, ...agents]) => ({ agents, values: [resource, action] })
}

async function open({ spec, agentId }, lines, create) {
  const text = spec.cond ? CONDITIONAL : model('obj', matcherOf(spec))
  const enforcers = new Map()
  for (const [i, list] of lines.entries()) {
    const enforcer = await create(newModelFromString(text))
    if (spec.cond) await enforcer.addFunction('inHours', inHours)
    await enforcer.addPolicies(list)
    enforcers.set(agentId(i), enforcer)
  }
  return enforcers
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
