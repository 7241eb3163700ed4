/** Door of the authorization server and of what guards MCP servers. */
export type { ClientRange, Clients, StoredClient } from './clients/index.ts'
export {
  type AskServer,
  type AuthInfo,
  type Caller,
  errorAnswer,
  type GuardableServer,
  type GuardOptions,
  type HonoProtected,
  type Judged,
  keyOfId,
  type McpGuard,
  type MessageGuard,
  type NodeMiddleware,
  type NodeRequest,
  type NodeResponse,
  type ProtectedContext,
  type ProtectedHandler,
  type ProtectOptions,
  type RpcMessage,
  type RpcRequest,
  type RpcResponse,
  readMessage,
} from './guard/index.ts'
export { createMcp, type Mcp } from './mcp.ts'
export type {
  ClientMetadataOptions,
  ConfiguredClient,
  ConsentPort,
  ConsentQuestion,
  GrantSubject,
  GrantType,
  LoginPort,
  McpOptions,
  McpResource,
  McpScope,
  RegistrationOptions,
  SignedIn,
  TokenOptions,
  ToolMapping,
} from './options.ts'
export type { FetchedDocument, McpPlace, PinnedFetch, PinnedFetchOptions, RequestContext } from './place.ts'
export type { Actor, Principal } from './principal.ts'
export { ownedPaths } from './router.ts'
export { type EndpointUrls, type McpServer, type McpSettings, resolveMcp } from './settings.ts'
export type { Grant, GrantFilter, GrantPage, GrantRevocation, Grants } from './tokens/index.ts'
