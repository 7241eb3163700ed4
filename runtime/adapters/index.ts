/** Door of the adapters, for whoever puts a host together. */
export { createFace, type Decider, type Face, type Part } from './face.ts'
