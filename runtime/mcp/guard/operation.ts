/** What a request of MCP asks for, in the words of policies. What has no mapping is refused. */
import { isName } from '../../../compiler/model/index.ts'
import { type ToolHints, toolAction, toolResource } from '../../index.ts'
import type { McpSettings } from '../settings.ts'
import { hasLookAlike, isObject, type Params, type RpcRequest } from './rpc.ts'

export type GuardedResource = McpSettings['resources'][number]

export interface Target {
  readonly action: string
  readonly resource: string
}

/** What something stands for that a list shows. */
export type Listed = 'tools' | 'resources' | 'prompts'

export type Operation =
  /** Whoever has a token may do it. */
  | { readonly kind: 'protocol' }
  /** One decision, with its arguments. */
  | { readonly kind: 'call'; readonly target: Target; readonly args?: Params; readonly isTool: boolean }
  /** A decision for each. */
  | { readonly kind: 'watch'; readonly targets: readonly Target[] }
  /** Whether it could be asked for is enough. */
  | { readonly kind: 'suggest'; readonly target: Target }
  /** What the server says of its tools must be known first. */
  | { readonly kind: 'unlearnt'; readonly tool: string }
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'unmapped'; readonly why: string }

/** What is known of a tool from the server; nothing when the server has not spoken of it. */
export type KnownHints = (tool: string) => ToolHints | undefined

const PROTOCOL: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'logging/setLevel',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'resources/unsubscribe',
  'prompts/list',
])

/** @see DECISIONS 42 */
export function operationOf(
  { method, params = {} }: Pick<RpcRequest, 'method' | 'params'>,
  resource: GuardedResource,
  hintsOf: KnownHints,
): Operation {
  if (PROTOCOL.has(method)) return { kind: 'protocol' }
  switch (method) {
    case 'tools/call':
      return toolCall(params, resource, hintsOf)
    case 'resources/read':
    case 'resources/subscribe':
      return call(resourceTarget(resource.server, params.uri), 'this resource')
    case 'prompts/get': {
      const operation = call(promptTarget(resource.server, params.name), 'this prompt')
      return withArguments(operation, params)
    }
    case 'completion/complete':
      return suggestion(params.ref, resource.server)
    case 'subscriptions/listen':
      return watch(params.notifications, resource.server)
    default:
      return { kind: 'unmapped', why: `\`${method.slice(0, 64)}\` has no mapping to what policies speak of` }
  }
}

/** What an entry of a list stands for; nothing where nobody could ask for it. */
export function targetOfListed(
  list: Listed,
  entry: unknown,
  resource: GuardedResource,
  hintsOf: KnownHints,
): Target | undefined {
  if (!isObject(entry)) return undefined
  if (list === 'resources') return resourceTarget(resource.server, entry.uri)
  if (list === 'prompts') return promptTarget(resource.server, entry.name)
  const { name } = entry
  if (typeof name !== 'string') return undefined
  return toolTarget(name, resource, hintsOf(name) ?? {})
}

function toolCall(params: Params, resource: GuardedResource, hintsOf: KnownHints): Operation {
  const { name, arguments: args, task } = params
  if (typeof name !== 'string') return { kind: 'malformed', why: 'the name of a tool is a text' }
  // What comes of a task is asked for later, by a method that has no mapping.
  if (task !== undefined)
    return { kind: 'unmapped', why: 'a call as a task has no mapping; call the tool without `task`' }
  const hints = resource.map === 'hints' && !Object.hasOwn(resource.tools, name) ? hintsOf(name) : {}
  if (hints === undefined) return { kind: 'unlearnt', tool: name }
  const target = toolTarget(name, resource, hints)
  if (target === undefined) return { kind: 'unmapped', why: 'the name of this tool cannot stand in a policy' }
  return withArguments({ kind: 'call', target, isTool: true }, { arguments: args })
}

function toolTarget(name: string, { server, tools, map }: GuardedResource, hints: ToolHints): Target | undefined {
  const mapping = Object.hasOwn(tools, name) ? tools[name] : undefined
  if (mapping !== undefined) return mapping
  const resource = toolResource(server, name)
  return resource === undefined ? undefined : { action: toolAction(hints, map), resource }
}

/** A URI is one segment: `:`, `*` and controls are percent-encoded. Dot segments would be another resource to its server. */
function resourceTarget(server: string, uri: unknown): Target | undefined {
  if (typeof uri !== 'string' || DOT_SEGMENT.test(uri)) return undefined
  const segment = uri.replace(/[:*\p{Cc}]/gu, (character) =>
    [...new TextEncoder().encode(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )
  return isName(segment) ? { action: 'read', resource: `mcp:${server}:resource:${segment}` } : undefined
}

const DOT_SEGMENT = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:$|[/\\?#]|%2f|%5c)/i

function promptTarget(server: string, name: unknown): Target | undefined {
  if (typeof name !== 'string' || !isName(name)) return undefined
  return { action: 'read', resource: `mcp:${server}:prompt:${name}` }
}

function call(target: Target | undefined, what: string): Operation {
  return target === undefined ? unnamable(what) : { kind: 'call', target, isTool: false }
}

function withArguments(operation: Operation, { arguments: args }: Params): Operation {
  if (operation.kind !== 'call' || args === undefined) return operation
  return isObject(args) ? { ...operation, args } : { kind: 'malformed', why: '`arguments` must be an object' }
}

function suggestion(ref: unknown, server: string): Operation {
  if (!isObject(ref) || hasLookAlike(ref)) return { kind: 'malformed', why: '`ref` must be an object' }
  const { type, name, uri } = ref
  const target =
    type === 'ref/prompt'
      ? promptTarget(server, name)
      : type === 'ref/resource'
        ? resourceTarget(server, uri)
        : undefined
  return target === undefined ? unnamable('what is to be completed') : { kind: 'suggest', target }
}

/** What is listened to: changes of lists, and resources one by one. */
function watch(filter: unknown, server: string): Operation {
  if (filter === undefined) return { kind: 'protocol' }
  if (!isObject(filter) || hasLookAlike(filter)) return { kind: 'malformed', why: '`notifications` must be an object' }
  const uris = filter.resourceSubscriptions ?? []
  if (!Array.isArray(uris) || uris.length > MAX_WATCHED) {
    return { kind: 'malformed', why: `\`resourceSubscriptions\` must be a list of at most ${MAX_WATCHED} URIs` }
  }
  const targets = uris.map((uri: unknown) => resourceTarget(server, uri))
  const named = targets.filter((target) => target !== undefined)
  if (named.length < targets.length) return unnamable('one of these resources')
  return named.length === 0 ? { kind: 'protocol' } : { kind: 'watch', targets: named }
}

const MAX_WATCHED = 100

function unnamable(what: string): Operation {
  return { kind: 'unmapped', why: `${what} cannot stand in a policy` }
}
