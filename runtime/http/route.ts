/** A route: who may use it, what it takes and answers, and what it does. The router and the OpenAPI document are made of these. */
import type { z } from 'zod'
import type { Kavach, KavachErrorCode, KeyScope, OpenedHost } from '../index.ts'
import type { Caller } from './credential.ts'

export interface RoutePlace extends Pick<OpenedHost, 'site'> {
  readonly kavach: Kavach
}

/** A request to a route whose caller was found to be one that may. */
export interface Call<Query, Body> {
  readonly request: Request
  readonly requestId: string
  /** Of the path, as they were before they were encoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  readonly body: Body
  readonly caller: Caller
  readonly source: string | undefined
}

export type Access =
  | { readonly kind: 'anyone' }
  /** A project key with this scope. */
  | { readonly kind: 'key'; readonly scope: KeyScope }
  /** The same, or a token of an agent. */
  | { readonly kind: 'key-or-agent'; readonly scope: KeyScope }

/** JSON by its schema, which may be left out where all of its members may; or the bytes of a policy. */
export type BodySpec =
  | { readonly kind: 'json'; readonly schema: z.ZodType; readonly isOptional?: true }
  | { readonly kind: 'policy' }

/** Types of answers that are no JSON. */
export type AnswerSpec = z.ZodType | { readonly mediaTypes: readonly string[] }

interface RouteFacts {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** `/v1/agents/{agentId}`, as OpenAPI writes it. */
  readonly path: string
  /** Name of the operation. */
  readonly id: string
  readonly summary: string
  readonly tag: string
  readonly access: Access
  readonly status?: 200 | 201
  readonly answer: AnswerSpec
  /** Further answers with bodies of their own. */
  readonly otherAnswers?: { readonly [status: number]: z.ZodType }
  /** Headers beside those that every route reads. */
  readonly headers?: readonly HeaderSpec[]
  /** What a wrong body is called; by default KVCH_E_REQUEST_INVALID. */
  readonly invalid?: KavachErrorCode
}

export interface HeaderSpec {
  readonly name: string
  readonly description: string
  readonly isRequired: boolean
}

/** What the document says of a route. */
export interface RouteDoc extends RouteFacts {
  readonly query?: z.ZodObject | undefined
  readonly body?: BodySpec | undefined
}

export interface Route extends RouteDoc {
  /** The answer, or what becomes one as JSON. */
  run(place: RoutePlace, call: Call<unknown, unknown>): Promise<unknown>
}

/** A route that takes no body. */
export function route<Q extends z.ZodObject = z.ZodObject<Record<never, never>>>(
  facts: RouteFacts & {
    readonly query?: Q
    run(place: RoutePlace, call: Call<z.output<Q>, undefined>): Promise<unknown>
  },
): Route {
  return facts
}

/** A route that takes JSON. */
export function jsonRoute<B extends z.ZodType>(
  facts: RouteFacts & {
    readonly body: { readonly schema: B; readonly isOptional?: true }
    run(place: RoutePlace, call: Call<unknown, z.output<B>>): Promise<unknown>
  },
): Route {
  return { ...facts, body: { ...facts.body, kind: 'json' } }
}

/** A route that takes a policy: an image or a module. */
export function policyRoute<Q extends z.ZodObject = z.ZodObject<Record<never, never>>>(
  facts: RouteFacts & {
    readonly query?: Q
    run(place: RoutePlace, call: Call<z.output<Q>, ArrayBuffer>): Promise<unknown>
  },
): Route {
  return { ...facts, body: { kind: 'policy' } }
}

/** Names in the braces of a path. */
export function paramsOf(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}
