/** A decision about a chain whose last hops are certain delegations, and none of the others between the same agents. */
import type {
  Decision,
  EngineRequest,
  LiveDecideOptions,
  LiveEngine,
  RecordSource,
} from '../../engine-wasm/host/index.ts'
import type { Row } from '../tables.ts'

/** What to decide with, and what counts. */
export interface Isolated {
  readonly engine: LiveEngine
  readonly options: LiveDecideOptions & { readonly records: RecordSource }
  /** Made at run time. */
  readonly hops: readonly Row<'delegations'>[]
  /** The engine's record of one delegation. */
  readonly recordOf: (hop: Row<'delegations'>) => Uint8Array | undefined
}

/**
 * Decides by these delegations alone. An engine has one record for each pair of agents, which it keeps: it is given another one,
 * and forgets that before anybody else asks. What the policy itself lends between the same two agents counts all the same.
 */
export function decideIsolated({ engine, options, hops, recordOf }: Isolated, request: EngineRequest): Decision {
  const drop = () => {
    for (const { from, to } of hops) engine.dropRecord({ from, to })
  }
  const records: RecordSource = {
    agent: (name) => options.records.agent(name),
    delegations(from, to) {
      const hop = hops.find((one) => one.from === from && one.to === to)
      return hop === undefined ? options.records.delegations(from, to) : recordOf(hop)
    },
  }
  drop()
  try {
    return engine.decide(request, { ...options, records })
  } finally {
    drop()
  }
}
