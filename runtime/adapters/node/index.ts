/** Door `kavachos/node`: what a host needs of Node. */
export { type ListenerOptions, type NodeFace, toNodeListener } from './listener.ts'
export { createPinnedFetch, type PinnedFetchPorts, type ResolveName } from './pinned-fetch.ts'
export { type Handler, type Served, type ServeOptions, serveNode } from './serve.ts'
