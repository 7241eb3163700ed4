// Who takes part in `npm run bench -- decide`: ours, the floors, and the peers, each in its fastest documented way.

/** The hand-written programs, of which the faster is what a limit is held against. */
export const BY_HAND = ['by hand', 'given']

const SLOW_TO_LOAD = '63 s and 1.5 GB to load 100,000 policy sets'
const NO_REGEX = { W4: 'a key has no conditions' }

/**
 * `kind` is `ours`, `floor` or `peer`; `cannot` says why a workload is beyond it, `leftOut` what it took when it was tried: for
 * these nothing is measured, and the table says so. `make` makes from a workload what its `load` takes; `execArgv` are
 * flags that Node needs. `why` is why it may be ahead.
 */
export const CONTENDERS = {
  kavachos: {
    kind: 'ours',
    make: async (workload) => (await import('./ours.mjs')).make(workload),
    load: async (workload, { made }) => (await import('./ours.mjs')).load(workload, made),
  },
  'by hand': {
    kind: 'floor',
    load: async (workload) => ({ decide: (await import('../floor.mjs')).loadFloor(workload) }),
  },
  given: {
    kind: 'floor',
    load: async (workload, { floors }) => (await import(`${floors}/plain-js.mjs`)).load(workload),
  },
  'one Map.get': {
    kind: 'floor',
    cannot: NO_REGEX,
    load: async (workload) => (await import('./map.mjs')).load(workload),
  },
  CASL: {
    kind: 'peer',
    package: '@casl/ability',
    make: async (workload) => (await import('./casl.mjs')).make(workload),
    load: async (workload, { made }) => (await import('./casl.mjs')).load(workload, made),
    why: 'a look-up of the action and of the subject in the maps of one agent; the rules here use neither its prohibitions nor its reasons, and it has no limits',
  },
  casbin: {
    kind: 'peer',
    package: 'casbin',
    make: async (workload) => (await import('./casbin.mjs')).make(workload),
    load: async (workload, { made }) => (await import('./casbin.mjs')).load(workload, made),
  },
  'casbin cached': {
    kind: 'peer',
    package: 'casbin',
    make: async (workload) => (await import('./casbin.mjs')).make(workload),
    load: async (workload, { made }) => (await import('./casbin.mjs')).loadCached(workload, made),
    why: 'it remembers the answers of all requests that were asked before, and these all were; answers stay after a change of policy until somebody calls invalidateCache()',
  },
  Cedar: {
    kind: 'peer',
    package: '@cedar-policy/cedar-wasm',
    // V8 of Node 20 ends the process when it gives up an optimised function with a call of Cedar inlined into it.
    execArgv: ['--no-turbo-inline-js-wasm-calls'],
    leftOut: { W3bx: SLOW_TO_LOAD, W3bg: SLOW_TO_LOAD },
    make: async (workload) => (await import('./cedar.mjs')).make(workload),
    load: async (workload, { made }) => (await import('./cedar.mjs')).load(workload, made),
  },
}
