// Seeded policies and requests for the benchmarks: W1-W5, each a number of agents with a number of grants, and a pool of
// distinct requests of which half are allowed. bench/README.md describes them.
//
// Request strings are cut anew from one buffer for every use, so that no engine profits from a string whose hash another
// call has already computed.

/** Agents, grants each, percent of grants that end in `*`, conditions, hops. */
const SPECS = {
  W1x: { agents: 10, grants: 5, glob: 0 },
  W1g: { agents: 10, grants: 5, glob: 30 },
  W2x: { agents: 1000, grants: 20, glob: 0 },
  W2g: { agents: 1000, grants: 20, glob: 30 },
  W3ax: { agents: 10_000, grants: 20, glob: 0 },
  W3ag: { agents: 10_000, grants: 20, glob: 30 },
  W3bx: { agents: 100_000, grants: 10, glob: 0 },
  W3bg: { agents: 100_000, grants: 10, glob: 30 },
  W4: { agents: 1000, grants: 5, glob: 0, cond: true },
  W5d1: { agents: 1000, grants: 20, glob: 0, depth: 1 },
  W5d2: { agents: 1000, grants: 20, glob: 0, depth: 2 },
  W5d3: { agents: 1000, grants: 20, glob: 0, depth: 3 },
  W5d4: { agents: 1000, grants: 20, glob: 0, depth: 4 },
  W5d5: { agents: 1000, grants: 20, glob: 0, depth: 5 },
}

export const WORKLOADS = Object.keys(SPECS)
export const ACTIONS = ['create', 'read', 'update', 'delete']

const AREAS = ['crm', 'mail', 'repo', 'chat', 'files', 'orders', 'wiki', 'metrics']
const PLACES = ['east', 'west', 'north', 'south', 'eu', 'us', 'apac', 'lab']
const VERBS = ['list', 'fetch', 'create', 'find', 'merge', 'close', 'sync', 'export']
const NOUNS = ['issues', 'records', 'files', 'remarks', 'tickets', 'events', 'branches', 'letters']
const SERVERS = AREAS.flatMap((area) => PLACES.map((place) => `${area}${place}`))
const TOOLS = VERBS.flatMap((verb) => NOUNS.map((noun) => `${verb}_${noun}`))
const CHAIN = 5

/** A 32-bit generator (xorshift over a mixed seed); the same seed gives the same numbers everywhere. */
export function createRandom(seed) {
  let state = Math.imul(seed ^ 0x5bd1e995, 0x2c1b3c6d) | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/**
 * `shape` is one of the known workloads unless given. `grants(i)` are those of agent i, made on demand; `fresh(i)` the strings of request i: agent, action, resource, then
 * address and path (W4), or resource, action and the chain, root first (W5).
 */
export function createWorkload(name, { pool = 8192, shape = SPECS[name] } = {}) {
  if (shape === undefined) throw new RangeError(`there is no workload ${name}: ${WORKLOADS.join(', ')}`)
  const agentId = (i) => `agent-${String(i).padStart(6, '0')}`
  const resource = ({ server, tool }) => `mcp:${SERVERS[server]}:${tool === undefined ? '*' : TOOLS[tool]}`

  const numbers = (i) => {
    // A delegate holds the first grants of its root, two fewer with every hop.
    const root = shape.depth ? i - (i % CHAIN) : i
    const random = createRandom(0x1000193 * (root + 1))
    const taken = new Set()
    const made = []
    while (made.length < shape.grants) {
      const server = random(SERVERS.length)
      const tool = random(100) < shape.glob ? undefined : random(TOOLS.length)
      const action = random(ACTIONS.length)
      const key = `${server} ${tool} ${action}`
      if (taken.has(key)) continue
      taken.add(key)
      const from = 6 + random(6)
      made.push({ server, tool, action, from, to: 14 + random(8), net: random(200), version: 1 + random(9) })
    }
    return shape.depth ? made.slice(0, shape.grants - 2 * (i % CHAIN)) : made
  }
  const covers = (grants, server, tool, action) =>
    grants.some((g) => g.server === server && g.action === action && (g.tool === undefined || g.tool === tool))

  const random = createRandom(20_261_124)
  const pick = (list) => list[random(list.length)]
  const toRequest = (isAllowed) => {
    if (shape.depth) {
      const root = random(shape.agents / CHAIN) * CHAIN
      const chain = Array.from({ length: shape.depth }, (_, hop) => agentId(root + hop))
      const held = numbers(root + shape.depth - 1)
      const lost = numbers(root).slice(held.length)
      const aim = isAllowed || lost.length === 0 || random(2) === 0 ? (isAllowed ? pick(held) : anywhere()) : pick(lost)
      if (!isAllowed && covers(held, aim.server, aim.tool, aim.action)) return undefined
      return { fields: [resource(aim), ACTIONS[aim.action], ...chain], hour: 0 }
    }
    const i = random(shape.agents)
    const held = numbers(i)
    const grant = pick(held)
    if (shape.cond) {
      const miss = isAllowed ? -1 : random(3)
      const hour = miss === 0 ? (grant.to + random(24 - grant.to)) % 24 : grant.from + random(grant.to - grant.from)
      const net = miss === 1 ? (grant.net + 1 + random(40)) % 256 : grant.net
      const ip = random(2) === 0 ? `10.${net}.${random(256)}.${random(256)}` : `192.168.${net}.${random(256)}`
      const path = `/api/v${miss === 2 ? (grant.version % 9) + 1 : grant.version}/items/${random(100_000)}`
      return { fields: [agentId(i), ACTIONS[grant.action], resource(grant), ip, path], hour }
    }
    const aim = isAllowed || random(2) === 0 ? { ...grant, tool: grant.tool ?? random(TOOLS.length) } : anywhere()
    if (!isAllowed) aim.action = random(ACTIONS.length)
    if (!isAllowed && covers(held, aim.server, aim.tool, aim.action)) return undefined
    return { fields: [agentId(i), ACTIONS[aim.action], resource(aim)], hour: 0 }
  }
  const anywhere = () => ({
    server: random(SERVERS.length),
    tool: random(TOOLS.length),
    action: random(ACTIONS.length),
  })

  const requests = []
  const seen = new Set()
  // The smallest workload has fewer allowed requests than the pool has places: then some stand in it twice.
  for (let tries = 0; requests.length < pool; ) {
    const isAllowed = requests.length % 2 === 0
    const request = toRequest(isAllowed)
    if (request === undefined) continue
    const key = `${request.hour} ${request.fields.join(' ')}`
    if (seen.has(key) && tries++ < pool * 4) continue
    seen.add(key)
    requests.push({ ...request, isAllowed })
  }
  for (let i = requests.length - 1; i > 0; i--) {
    const j = random(i + 1)
    ;[requests[i], requests[j]] = [requests[j], requests[i]]
  }
  const width = requests[0].fields.length
  const text = requests.map(({ fields }) => fields.join('')).join('')
  const buffer = Buffer.from(text, 'latin1')
  const ends = new Uint32Array(pool * width + 1)
  for (const [i, { fields }] of requests.entries()) {
    for (const [k, field] of fields.entries()) ends[i * width + k + 1] = ends[i * width + k] + field.length
  }
  return {
    name,
    spec: shape,
    sep: ':',
    pool,
    agentId,
    hours: Uint8Array.from(requests, ({ hour }) => hour),
    expect: Uint8Array.from(requests, ({ isAllowed }) => (isAllowed ? 1 : 0)),
    distinct: seen.size,
    grants: (i) =>
      numbers(i).map((g) => ({
        resource: resource(g),
        action: ACTIONS[g.action],
        ...(shape.cond && {
          h0: g.from,
          h1: g.to,
          cidrs: [`10.${g.net}.0.0/16`, `192.168.${g.net}.0/24`],
          regex: `^/api/v${g.version}/.*`,
        }),
      })),
    fresh: (i) => {
      const fields = new Array(width)
      for (let k = 0; k < width; k++) fields[k] = buffer.latin1Slice(ends[i * width + k], ends[i * width + k + 1])
      return fields
    },
  }
}
