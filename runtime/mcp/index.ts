/** Door of the authorization server and of what guards MCP servers. */
export type { FetchedDocument, PinnedFetch, PinnedFetchOptions } from './place.ts'
