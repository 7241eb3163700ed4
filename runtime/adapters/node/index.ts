/** Door `kavachos/node`: what a host needs of Node. */
export { type ListenerOptions, type NodeFace, toNodeListener } from './listener.ts'
