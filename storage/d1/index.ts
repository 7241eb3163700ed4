/** Door of the store for Cloudflare D1. */
export { type D1Binding, type GivenD1, givenD1 } from './binding.ts'
export { type D1Drizzle, type D1Options, openD1Store } from './store.ts'
