// Cedar with a policy set for each agent, parsed beforehand, so that it looks at the policies of one agent only. A resource `server:*` is
// a pattern over the name that the request carries: with entities and a hierarchy a decision takes longer.
import { createRequire } from 'node:module'

const { preparsePolicySet, statefulIsAuthorized } = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs')

export function load(workload) {
  const { spec } = workload
  for (let i = 0; i < spec.agents; i++) {
    const answer = preparsePolicySet(workload.agentId(i), {
      staticPolicies: workload
        .grants(i)
        .map((grant) => toPolicy(grant))
        .join('\n'),
    })
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors))
  }
  const context = spec.glob > 0 ? ([, , name]) => ({ name }) : () => NOTHING
  if (spec.cond) return { decide: (fields, hour) => ask(fields[0], fields[1], fields[2], toContext(fields, hour)) }
  if (spec.depth === undefined) return { decide: (fields) => ask(fields[0], fields[1], fields[2], context(fields)) }
  return {
    decide(fields) {
      for (let hop = 2; hop < fields.length; hop++) if (!ask(fields[hop], fields[1], fields[0], NOTHING)) return false
      return true
    },
  }
}

const NOTHING = {}
const ENTITIES = []

function ask(agent, action, resource, context) {
  const answer = statefulIsAuthorized({
    principal: { type: 'Agent', id: agent },
    action: { type: 'Action', id: action },
    resource: { type: 'Tool', id: resource },
    context,
    preparsedPolicySetId: agent,
    entities: ENTITIES,
  })
  return answer.type === 'success' && answer.response.decision === 'allow'
}

function toContext([, , , ip, path], hour) {
  return { hour, ip: { __extn: { fn: 'ip', arg: ip } }, path }
}

/** The grant as Cedar says it, of one agent when it is named; the patterns of the workload need no regex, and Cedar has none. */
export function toPolicy({ resource, action, h0, h1, cidrs, regex }, agent) {
  const head = `principal${agent === undefined ? '' : ` == Agent::"${agent}"`}, action == Action::"${action}"`
  if (resource.endsWith(':*')) return `permit(${head}, resource) when { context.name like "${resource}" };`
  if (cidrs === undefined) return `permit(${head}, resource == Tool::"${resource}");`
  const nets = cidrs.map((cidr) => `context.ip.isInRange(ip("${cidr}"))`).join(' || ')
  const path = regex.replace(/^\^/, '').replace(/\.\*$/, '*')
  return `permit(${head}, resource == Tool::"${resource}") when { context.hour >= ${h0} && context.hour < ${h1} && (${nets}) && context.path like "${path}" };`
}
