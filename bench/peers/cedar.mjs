// Cedar with a policy set for each agent, parsed beforehand, so that it looks at the policies of one agent only. A resource `server:*` is
// a pattern over the name that the request carries: with entities and a hierarchy a decision takes longer.
import { createRequire } from 'node:module'

const { preparsePolicySet, statefulIsAuthorized } = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs')

/** The policies of each agent, as text. */
export function make(workload) {
  return Array.from({ length: workload.spec.agents }, (_, i) =>
    workload
      .grants(i)
      .map((grant) => toPolicy(grant))
      .join('\n'),
  )
}

/** `prepare` makes the calls of a request, outside the clock: one, or one for each agent of a chain. */
export function load(workload, texts) {
  const { spec } = workload
  for (const [i, staticPolicies] of texts.entries()) {
    const answer = preparsePolicySet(workload.agentId(i), { staticPolicies })
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors))
  }
  if (spec.depth !== undefined) {
    return {
      decide(calls) {
        for (const call of calls) if (!isAllowed(call)) return false
        return true
      },
      prepare: ([resource, action, ...chain]) => chain.map((agent) => toCall(agent, action, resource, NOTHING)),
    }
  }
  const toContext = spec.cond ? conditions : spec.glob > 0 ? ([, , name]) => ({ name }) : () => NOTHING
  return {
    decide: isAllowed,
    prepare: (fields, hour) => toCall(fields[0], fields[1], fields[2], toContext(fields, hour)),
  }
}

const NOTHING = {}
const ENTITIES = []

function isAllowed(call) {
  const answer = statefulIsAuthorized(call)
  return answer.type === 'success' && answer.response.decision === 'allow'
}

function toCall(agent, action, resource, context) {
  return {
    principal: { type: 'Agent', id: agent },
    action: { type: 'Action', id: action },
    resource: { type: 'Tool', id: resource },
    context,
    preparsedPolicySetId: agent,
    entities: ENTITIES,
  }
}

function conditions([, , , ip, path], hour) {
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
