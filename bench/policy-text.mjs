// Policies as text and as models: seeded, so that each is the same on every machine.

const ACTIONS = ['read', 'write', 'comment', 'execute', 'delete']

function* grantLines(agent, count) {
  for (let j = 0; j < count; j++) {
    const server = (agent * 31 + j * 17) % 97
    const pattern = [`tool_${j}`, `tool_${j}_*`, `{a_${j},b_${j}}`, '**'][j % 4]
    const when = j % 5 === 3 ? ' when ip in office and trust >= 40' : ''
    yield `  allow ${ACTIONS[j % ACTIONS.length]} on mcp:server_${server}:${pattern}${when}`
  }
}

function agentText(agent, count, more = []) {
  return [`service agent agent_${agent} {`, ...grantLines(agent, count), ...more, '}'].join('\n')
}

const HEAD = 'set office = cidr [10.0.0.0/8, 2001:db8::/32]'
const GUARDS = [
  'forbid delete on mcp:server_1:**',
  'require ip in office for * on mcp:server_2:**',
  'limit rate 600 per minute for * on ** each agent',
]

function policyText(generation, agents) {
  return [`policy bench generation ${generation}`, HEAD, ...agents, ...GUARDS].join('\n')
}

/** About 2,000 lines, as somebody edits them. */
export function editorText() {
  return policyText(
    1,
    Array.from({ length: 166 }, (_, agent) => agentText(agent, 10)),
  )
}

/** 50 agents x 20 grants before and after; five agents are touched. */
export function teamText() {
  const touched = new Map([
    [3, ['  allow write on mcp:server_3:new:*']],
    [11, ['  allow read on mcp:server_11:** when trust >= 80']],
    [24, ['  allow delete on mcp:server_9:old']],
    [37, ['  allow execute on mcp:server_37:deploy needs approval']],
    [49, ['  allow comment on mcp:server_4:{x,y}']],
  ])
  const agents = (more) => Array.from({ length: 50 }, (_, agent) => agentText(agent, 20, more.get(agent)))
  return [policyText(1, agents(new Map())), policyText(2, agents(touched))]
}

/** 1,000 grants of one agent before and after; ten of them changed. */
export function oneAgentText() {
  const lines = [...grantLines(0, 1000)]
  const changed = lines.map((line, j) => (j % 100 === 42 ? line.replace('mcp:server_', 'mcp:changed_') : line))
  const text = (generation, some) => policyText(generation, [`service agent agent_0 {\n${some.join('\n')}\n}`])
  return [text(1, lines), text(2, changed)]
}

/** 10,000 agents x 10 grants before and after, as models; five grants changed. */
export function largeModel() {
  const literal = (text) => ({ segments: text.split(':').map((part) => [{ kind: 'text', text: part }]), rest: false })
  const make = (generation, isChanged) => {
    let id = 0
    const agents = Array.from({ length: 10_000 }, (_, agent) => ({
      name: `agent-${agent}`,
      type: 'service',
      grants: Array.from({ length: 10 }, (_, j) => {
        const name = isChanged && agent % 2000 === 7 && j === 3 ? 'changed' : `tool-${j}`
        const action = ACTIONS[j % ACTIONS.length]
        return { id: id++, actions: [action], patterns: [literal(`mcp:server-${(agent * 31 + j) % 997}:${name}`)] }
      }),
    }))
    return { name: 'bench', generation, roles: [], agents, delegations: [], forbids: [], requires: [], limits: [] }
  }
  return [make(1, false), make(2, true)]
}

/** A workload without conditions and chains as policy text; in it no part of a name begins with a digit. */
export function workloadText(workload) {
  const parts = ['policy bench']
  for (let i = 0; i < workload.spec.agents; i++) {
    parts.push(`autonomous agent ${textName(workload.agentId(i))} {`)
    for (const { action, resource } of workload.grants(i)) parts.push(`  allow ${action} on ${resource}`)
    parts.push('}')
  }
  return `${parts.join('\n')}\n`
}

export function textName(agent) {
  return agent.replace('-', '_')
}
