/** Door of the stores. */
export { createMemoryStore } from './memory.ts'
