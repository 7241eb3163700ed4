/** Where a request comes from. */
import { type CidrLiteral, parseAddress, parseCidr } from '../../compiler/model/index.ts'
import { failOption } from '../index.ts'
import type { HttpOptions, RequestContext } from './options.ts'

/** The address of the client as a text without a zone or a port, or nothing when nobody knows it. */
export type ClientAddress = (request: Request, context: RequestContext) => string | undefined

/**
 * Finds the client behind the proxies that are trusted. Each of them adds who called it to the end of `X-Forwarded-For`; what
 * stands before that was written by anybody.
 *
 * @throws {KavachError} KVCH_E_CONFIG_INVALID for a `trustProxy` that is neither a number nor a list of networks
 */
export function createClientAddress(trustProxy: HttpOptions['trustProxy']): ClientAddress {
  const isTrusted = readTrust(trustProxy)
  return ({ headers }, { ip }) => {
    const socket = ip === undefined ? undefined : normalized(ip)
    if (isTrusted === undefined || socket === undefined) return socket
    const forwarded = headers.get('x-forwarded-for')
    const hops = forwarded === null ? [] : forwarded.split(',')
    let address: string | undefined = socket
    for (let hop = 0; address !== undefined && hop < hops.length && isTrusted(address, hop); hop++) {
      address = normalized(hops[hops.length - 1 - hop]?.trim() ?? '')
    }
    return address
  }
}

type IsTrusted = (address: string, hop: number) => boolean

function readTrust(trustProxy: HttpOptions['trustProxy']): IsTrusted | undefined {
  if (trustProxy === undefined || trustProxy === 0) return undefined
  if (typeof trustProxy === 'number') {
    if (!Number.isSafeInteger(trustProxy) || trustProxy < 0) failOption(PATH, 'must be how many proxies there are')
    return (_, hop) => hop < trustProxy
  }
  if (!Array.isArray(trustProxy)) failOption(PATH, 'must be a number or a list of addresses and networks')
  const networks = trustProxy.map(readNetwork)
  return (address) => {
    const parsed = parseAddress(address)
    return parsed.ok && networks.some(({ low, high }) => low <= parsed.value && parsed.value <= high)
  }
}

function readNetwork(text: unknown): CidrLiteral {
  const parsed = typeof text === 'string' ? parseCidr(text) : undefined
  return parsed?.ok === true ? parsed.value : failOption(PATH, `\`${text}\` is neither an address nor a network`)
}

const PATH = 'trustProxy'

/** A socket that takes both families says `::ffff:192.0.2.1` for an address of IPv4. */
function normalized(text: string): string | undefined {
  const bare = text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text
  return parseAddress(bare).ok ? bare : undefined
}
