// The least that can be done at all: one look-up of the concatenated key. A `*` takes a second look-up, a chain one for each agent in it.
export function load(workload) {
  const { spec } = workload
  const keys = new Map()
  for (let i = 0; i < spec.agents; i++)
    for (const { resource, action } of workload.grants(i))
      keys.set(`${workload.agentId(i)} ${action} ${resource}`, true)
  if (spec.depth !== undefined) {
    return {
      decide(fields) {
        for (let hop = 2; hop < fields.length; hop++)
          if (keys.get(`${fields[hop]} ${fields[1]} ${fields[0]}`) === undefined) return false
        return true
      },
    }
  }
  if (spec.glob === 0) return { decide: (fields) => keys.get(`${fields[0]} ${fields[1]} ${fields[2]}`) !== undefined }
  return {
    decide(fields) {
      const head = `${fields[0]} ${fields[1]} `
      if (keys.get(head + fields[2]) !== undefined) return true
      return keys.get(`${head}${fields[2].slice(0, fields[2].lastIndexOf(':') + 1)}*`) !== undefined
    },
  }
}
