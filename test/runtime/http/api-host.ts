/** A host with its HTTP API, asked as a client would: with requests, and nothing else. Its clock stands still until it is moved. */
import { onTestFinished } from 'vitest'
import { createHttpApi, type HttpOptions } from '../../../runtime/http/index.ts'
import {
  type HostOptions,
  hashingOf,
  type KeyScope,
  type NewAgent,
  type OpenedHost,
  openHost,
  type PolicySource,
  type Store,
} from '../../../runtime/index.ts'
import { createMemoryStore } from '../../../storage/index.ts'
import { hostAt, NOW, sha256, type TestHost } from '../site.ts'

export interface ApiHost extends OpenedHost {
  readonly host: TestHost
  readonly warnings: readonly string[]
  /** Sends a request, and gives what came back. */
  readonly ask: (method: string, path: string, asked?: Asked) => Promise<Answer>
  /** The same, as it came. */
  readonly send: (method: string, path: string, asked?: Asked) => Promise<Response>
  /** A project key with these scopes. */
  readonly key: (...scopes: readonly KeyScope[]) => Promise<string>
  /** An agent that may read what is `doc:`, unless it is said otherwise. */
  readonly agent: (agent?: Partial<NewAgent>) => Promise<{ readonly id: string; readonly token: string }>
}

export interface Asked {
  /** Bearer. */
  readonly as?: string | undefined
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly body?: BodyInit | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly ip?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON where it is JSON, otherwise the text; nothing where there is none. */
  readonly body: unknown
}

export interface ApiHostParts {
  readonly options?: (HostOptions & { readonly policy?: PolicySource }) | undefined
  readonly http?: HttpOptions
  readonly store?: Store
}

export const ORIGIN = 'https://kavach.example'
/** Where requests come from unless it is said otherwise. */
export const CLIENT = '192.0.2.7'

export async function openApi({
  options = {},
  http = {},
  store = createMemoryStore(),
}: ApiHostParts = {}): Promise<ApiHost> {
  const host = hostAt(NOW)
  const warnings: string[] = []
  const opened = await openHost(
    { warn: (message) => void warnings.push(message), ...options },
    { host, store, hashing: hashingOf(sha256), isProduction: false },
  )
  onTestFinished(() => opened.kavach.close())
  const api = createHttpApi(opened, http)
  let made = 0

  async function send(method: string, path: string, asked: Asked = {}): Promise<Response> {
    const { as, json, headers, ip = CLIENT, signal } = asked
    const body = json === undefined ? asked.body : JSON.stringify(json)
    const request = new Request(ORIGIN + path, {
      method,
      headers: {
        ...(as !== undefined && { authorization: `Bearer ${as}` }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body, duplex: 'half' }),
      ...(signal !== undefined && { signal }),
    })
    const answer = await api.fetch(request, { ip })
    if (answer === undefined) throw new Error(`${path} is not a path of the API`)
    return answer
  }

  return {
    ...opened,
    host,
    warnings,
    send,
    ask: async (method, path, asked) => read(await send(method, path, asked)),
    key: async (...scopes) => (await opened.kavach.keys.create({ name: 'test', scopes })).key,
    async agent(agent = {}) {
      const { id, token } = await opened.kavach.agents.create({
        ownerId: 'ann',
        name: `agent-${made++}`,
        type: 'autonomous',
        permissions: agent.type === 'delegated' ? [] : [{ resource: 'doc:**', actions: ['read'] }],
        ...agent,
      })
      return { id, token }
    },
  }
}

export async function read(answer: Response): Promise<Answer> {
  const text = await answer.text()
  const headers = Object.fromEntries(answer.headers)
  const isJson = headers['content-type'] === 'application/json' && text !== ''
  return { status: answer.status, headers, body: isJson ? JSON.parse(text) : text === '' ? undefined : text }
}

export const READ = { action: 'read', resource: 'doc:1' }
