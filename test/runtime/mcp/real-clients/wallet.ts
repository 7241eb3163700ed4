/** What a host of MCP clients keeps for one server, for OAuth clients of either generation of the SDK. */
import { expect } from 'vitest'
import type { Deployment, Visitor } from '../deployment.ts'

export const REDIRECT = 'http://127.0.0.1:33418/callback'

export class Wallet<Information, Tokens> {
  readonly redirectUrl: string = REDIRECT
  readonly clientMetadata
  /** Where the user was sent, the last one last. */
  readonly asked: URL[] = []
  information: Information | undefined
  kept: Tokens | undefined
  private verifier = ''

  constructor(grantTypes: readonly string[] = ['authorization_code', 'refresh_token']) {
    this.clientMetadata = {
      client_name: 'A client on the SDK',
      redirect_uris: [REDIRECT],
      grant_types: [...grantTypes],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
  }

  state = (): string => 'a state'
  clientInformation = (): Information | undefined => this.information
  saveClientInformation = (information: Information): void => {
    this.information = information
  }
  tokens = (): Tokens | undefined => this.kept
  saveTokens = (tokens: Tokens): void => {
    this.kept = tokens
  }
  redirectToAuthorization = (url: URL): void => {
    this.asked.push(url)
  }
  saveCodeVerifier = (verifier: string): void => {
    this.verifier = verifier
  }
  codeVerifier = (): string => this.verifier
  invalidateCredentials = (scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): void => {
    if (scope === 'all' || scope === 'client') this.information = undefined
    if (scope === 'all' || scope === 'tokens') this.kept = undefined
  }
}

/** The user agrees to what was asked last, and this is what the client is told. */
export async function agreedTo(wallet: { readonly asked: readonly URL[] }, visitor: Visitor): Promise<URLSearchParams> {
  const led = await visitor.answer(wallet.asked.at(-1) ?? expect.fail('nobody was asked'))
  expect(`${led.origin}${led.pathname}`).toBe(REDIRECT)
  return led.searchParams
}

/** Sends as `fetch` does, and remembers what was sent and answered, streams excepted: `POST issuer/oauth/token 200`. */
export function recorded({ issuer, tools, files }: Deployment) {
  const seen: string[] = []
  let streaming = (): void => undefined
  const streams = new Promise<void>((resolve) => {
    streaming = resolve
  })
  const names = { issuer, tools: new URL(tools).origin, files: new URL(files).origin }
  return {
    fetch: async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const response = await fetch(input, init)
      const { origin, pathname } = new URL(input instanceof Request ? input.url : input)
      const [name] = Object.entries(names).find(([, known]) => known === origin) ?? [origin]
      const method = init?.method ?? 'GET'
      if (method === 'GET' && pathname === '/mcp') streaming()
      else seen.push(`${method} ${name}${pathname} ${response.status}`)
      return response
    },
    /** The client has its stream for what the server says unasked; until then it does two things at once. */
    streams,
    /** Since the last time. */
    steps: (): readonly string[] => seen.splice(0),
  }
}

/** The text in the answer of a tool. */
export function textOf(answer: object): string {
  const [first] = 'content' in answer && Array.isArray(answer.content) ? answer.content : []
  return String(first?.text)
}
