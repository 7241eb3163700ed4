// Who takes part in `npm run bench -- decide`: ours, the floors, and the peers, each in its fastest documented way.

/** The hand-written programs, of which the faster is what a limit is held against. */
export const BY_HAND = ['by hand', 'given']

const SLOW_TO_LOAD = '63 s and 1.5 GB to load 100,000 policy sets'
const NO_REGEX = { W4: 'a key has no conditions' }

/**
 * `kind` is `ours`, `floor` or `peer`; `cannot` says why a workload is beyond it, `leftOut` what it took when it was tried: for
 * these nothing is measured, and the table says so. `why` is why it may be ahead.
 */
export const CONTENDERS = {
  kavachos: { kind: 'ours', load: async (workload) => (await import('./ours.mjs')).load(workload) },
  'by hand': {
    kind: 'floor',
    load: async (workload) => ({ decide: (await import('../floor.mjs')).loadFloor(workload) }),
  },
  given: { kind: 'floor', load: async (workload, floors) => (await import(`${floors}/plain-js.mjs`)).load(workload) },
  'one Map.get': {
    kind: 'floor',
    cannot: NO_REGEX,
    load: async (workload) => (await import('./map.mjs')).load(workload),
  },
  CASL: {
    kind: 'peer',
    package: '@casl/ability',
    load: async (workload) => (await import('./casl.mjs')).load(workload),
    why: 'a look-up of the action and of the subject in the maps of one agent, without reasons, limits or prohibitions',
  },
  casbin: { kind: 'peer', package: 'casbin', load: async (workload) => (await import('./casbin.mjs')).load(workload) },
  'casbin cached': {
    kind: 'peer',
    package: 'casbin',
    load: async (workload) => (await import('./casbin.mjs')).loadCached(workload),
    why: 'it remembers the answers of all requests that were asked before, and these all were',
  },
  Cedar: {
    kind: 'peer',
    package: '@cedar-policy/cedar-wasm',
    leftOut: { W3bx: SLOW_TO_LOAD, W3bg: SLOW_TO_LOAD },
    load: async (workload) => (await import('./cedar.mjs')).load(workload),
  },
}
