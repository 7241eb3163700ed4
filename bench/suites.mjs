// The suites of `npm run bench`, in the order in which they run. Each has `options`, `quick`, `help` and `run`, and is loaded when
// it is wanted.

export const SUITES = {
  decide: () => import('./decide.mjs'),
  batch: () => import('./batch.mjs'),
  authorize: () => import('./authorize.mjs'),
  compile: () => import('./compile.mjs'),
  prove: () => import('./prove.mjs'),
  diff: () => import('./diff.mjs'),
  http: () => import('./http.mjs'),
}
