/**
 * Fetches what strangers name, from the public internet alone.
 *
 * The name is resolved here, once, and the connection goes to the addresses that were looked at: a name that leads somewhere
 * else a moment later (DNS rebinding) leads nowhere. The certificate is still that of the name.
 */
import { lookup as resolveName } from 'node:dns/promises'
import type { IncomingMessage } from 'node:http'
import { request as sendRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { KavachError } from '../../index.ts'
import type { FetchedDocument, PinnedFetch, PinnedFetchOptions } from '../../mcp/index.ts'
import { isLoopbackAddress, isPublicAddress } from './public-address.ts'

/** All addresses of a name. */
export type ResolveName = (name: string) => Promise<readonly string[]>

export interface PinnedFetchPorts {
  /** Default: as this machine resolves names. */
  readonly resolve?: ResolveName | undefined
}

/**
 * A fetch for https URLs that connects to public addresses only, follows no redirect, takes no compressed answer, and ends in
 * time whatever the other side does. A name is refused when any of its addresses is not public.
 */
export function createPinnedFetch({ resolve = systemResolve }: PinnedFetchPorts = {}): PinnedFetch {
  return async (url, options) => {
    const target = readUrl(url)
    const deadline = startDeadline(options)
    try {
      const addresses = await deadline.within(addressesOf(target, resolve, options.allowLoopback ?? false))
      return await deadline.within(get({ target, addresses, options, signal: deadline.signal }))
    } catch (cause) {
      if (cause instanceof KavachError) throw cause
      return fail(`\`${target.host}\` could not be reached`, cause)
    } finally {
      deadline.end()
    }
  }
}

const MAX_HEADER_BYTES = 8192
const MAX_ADDRESSES = 32

function readUrl(url: string): URL {
  if (!URL.canParse(url)) fail(`\`${url.slice(0, 200)}\` is no URL`)
  const target = new URL(url)
  if (target.protocol !== 'https:') fail(`\`${target.protocol}\` is not fetched, only \`https:\` is`)
  if (target.username !== '' || target.password !== '') fail('a URL with a user in it is not fetched')
  return target
}

interface Deadline {
  /** Aborted when the time is over, or by the caller. */
  readonly signal: AbortSignal
  /** Rejects then, whatever the work does. */
  readonly within: <T>(work: Promise<T>) => Promise<T>
  readonly end: () => void
}

function startDeadline({ timeoutMs, signal }: PinnedFetchOptions): Deadline {
  const stopped = new AbortController()
  const late = () => stopped.abort(toError(`there was no answer within ${timeoutMs} ms`))
  const abort = () => stopped.abort(toError('the fetch was aborted', signal?.reason))
  const timer = setTimeout(late, timeoutMs)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  return {
    signal: stopped.signal,
    within: (work) =>
      new Promise((resolve, reject) => {
        const stop = () => reject(stopped.signal.reason)
        if (stopped.signal.aborted) stop()
        stopped.signal.addEventListener('abort', stop, { once: true })
        work.then(resolve, reject).finally(() => stopped.signal.removeEventListener('abort', stop))
      }),
    end() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}

/** Where to connect to, all of it looked at. */
async function addressesOf(
  { hostname }: URL,
  resolve: ResolveName,
  allowLoopback: boolean,
): Promise<readonly [string, ...string[]]> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const [first, ...others] = isIP(host) === 0 ? await resolve(host) : [host]
  if (first === undefined) return fail(`\`${host}\` has no address`)
  if (others.length >= MAX_ADDRESSES) fail(`\`${host}\` has more than ${MAX_ADDRESSES} addresses`)
  for (const address of [first, ...others]) {
    const isAccepted =
      isIP(address) !== 0 && (isPublicAddress(address) || (allowLoopback && isLoopbackAddress(address)))
    // A name says no more about the network here than that.
    if (!isAccepted) fail(`\`${host}\` leads to an address that is not public`)
  }
  return [first, ...others]
}

async function systemResolve(name: string): Promise<readonly string[]> {
  return (await resolveName(name, { all: true, verbatim: true })).map(({ address }) => address)
}

interface Get {
  readonly target: URL
  readonly addresses: readonly [string, ...string[]]
  readonly options: PinnedFetchOptions
  readonly signal: AbortSignal
}

function get({ target, addresses, options, signal }: Get): Promise<FetchedDocument> {
  const host = target.hostname.replace(/^\[(.*)\]$/, '$1')
  const isLoopbackOnly = options.allowLoopback === true && addresses.every(isLoopbackAddress)
  return new Promise((resolve, reject) => {
    const request = sendRequest({
      // No connection of others is used, and none is kept.
      agent: false,
      method: 'GET',
      host,
      port: target.port === '' ? 443 : Number(target.port),
      path: `${target.pathname}${target.search}`,
      lookup: pinnedTo(addresses),
      ...(isIP(host) === 0 && { servername: host }),
      // Said here, so that no variable of the environment says otherwise.
      rejectUnauthorized: !isLoopbackOnly,
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
      signal,
      headers: {
        host: target.host,
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'kavachos',
        connection: 'close',
      },
    })
    let isAnswered = false
    request.on('response', (response) => {
      isAnswered = true
      read(response, options.maxBytes).then(resolve, reject)
    })
    request.on('upgrade', (_, socket) => {
      socket.destroy()
      reject(toError('the answer is for another protocol'))
    })
    request.on('error', reject)
    // Whatever ended it: nobody waits for ever. An answer that has begun tells of its end itself.
    request.on('close', () => {
      if (!isAnswered) reject(toError('the connection ended before there was an answer'))
    })
    request.end()
  })
}

/** A resolver that knows one name and its addresses. */
function pinnedTo([first, ...others]: readonly [string, ...string[]]): LookupFunction {
  return (_, { all }, callback) => {
    const addresses = [first, ...others].map((address) => ({ address, family: isIP(address) }))
    if (all === true) callback(null, addresses)
    else callback(null, first, isIP(first))
  }
}

async function read(response: IncomingMessage, maxBytes: number): Promise<FetchedDocument> {
  try {
    const { statusCode: status = 0, headers } = response
    const encoding = headers['content-encoding'] ?? 'identity'
    // What unpacks to more than it is would pass the bound.
    if (encoding.toLowerCase() !== 'identity') fail('the answer is compressed, which was not asked for')
    if (Number(headers['content-length'] ?? 0) > maxBytes) fail(`the answer is longer than ${maxBytes} bytes`)
    const parts: Buffer[] = []
    let length = 0
    for await (const part of response) {
      // No encoding was set, so the parts are bytes.
      const bytes = part as Buffer
      length += bytes.length
      if (length > maxBytes) fail(`the answer is longer than ${maxBytes} bytes`)
      parts.push(bytes)
    }
    const bytes = new Uint8Array(Buffer.concat(parts))
    return { status, headers: textsOf(headers), bytes }
  } catch (cause) {
    throw cause instanceof KavachError ? cause : toError('the answer ended too early', cause)
  } finally {
    response.destroy()
  }
}

function textsOf(headers: IncomingMessage['headers']): { readonly [name: string]: string } {
  const texts: { [name: string]: string } = Object.create(null)
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) texts[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return texts
}

function fail(message: string, cause?: unknown): never {
  throw toError(message, cause)
}

function toError(message: string, cause?: unknown): KavachError {
  return new KavachError('KVCH_E_MCP_METADATA_FETCH_FAILED', message, { cause })
}
