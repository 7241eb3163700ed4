// The suites of `npm run bench`, in the order in which they run. Each has `options`, `help`, `run`, and `quick`, which are the values of a
// short run; it is loaded when it is wanted.

export const SUITES = {
  decide: () => import('./decide.mjs'),
  batch: () => import('./batch.mjs'),
  scale: () => import('./scale.mjs'),
  swap: () => import('./swap.mjs'),
  compile: () => import('./compile.mjs'),
  prove: () => import('./prove.mjs'),
  diff: () => import('./diff.mjs'),
  authorize: () => import('./authorize.mjs'),
  http: () => import('./http.mjs'),
  storage: () => import('./storage.mjs'),
  size: () => import('./size.mjs'),
}
