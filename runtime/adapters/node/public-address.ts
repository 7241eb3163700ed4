/** Which addresses are on the public internet, by the registries of special-purpose addresses of IANA. */
import { parseAddress, parseCidr } from '../../../compiler/model/index.ts'

/**
 * Whether everybody reaches the same machine there. What is no address is not public.
 *
 * An address of NAT64 is what the IPv4 address in it is. Those of 6to4 and Teredo lead through tunnels to wherever the address
 * in them says, and are refused as a whole, because nobody offers a service there.
 *
 * @see RFC 6890 and the registries `iana-ipv4-special-registry` and `iana-ipv6-special-registry`
 */
export function isPublicAddress(text: string): boolean {
  const parsed = parseAddress(text)
  return parsed.ok && isPublic(parsed.value)
}

/** Whether it is this machine: 127.0.0.0/8 or ::1. */
export function isLoopbackAddress(text: string): boolean {
  const parsed = parseAddress(text)
  return parsed.ok && LOOPBACK.some((network) => contains(network, parsed.value))
}

function isPublic(address: bigint): boolean {
  if (contains(MAPPED, address)) return !SPECIAL_V4.some((network) => contains(network, address))
  if (contains(NAT64, address)) return isPublic(MAPPED.low + (address - NAT64.low))
  // All others that there are, and nothing else, are global unicast (RFC 4291 section 2.4).
  return contains(GLOBAL_UNICAST, address) && !SPECIAL_V6.some((network) => contains(network, address))
}

interface Network {
  readonly low: bigint
  readonly high: bigint
}

function networkOf(text: string): Network {
  const parsed = parseCidr(text)
  if (!parsed.ok) throw new TypeError(`\`${text}\` is no network`)
  return parsed.value
}

function contains({ low, high }: Network, address: bigint): boolean {
  return low <= address && address <= high
}

/** All of IPv4, also where it is written as an IPv6 address. */
const MAPPED = networkOf('::ffff:0:0/96')
const NAT64 = networkOf('64:ff9b::/96')
const GLOBAL_UNICAST = networkOf('2000::/3')
const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(networkOf)

const SPECIAL_V4 = [
  '0.0.0.0/8', // This network.
  '10.0.0.0/8', // Private.
  '100.64.0.0/10', // Shared by the customers of a carrier.
  '127.0.0.0/8', // Loopback.
  '169.254.0.0/16', // Link-local, with the metadata of cloud machines.
  '172.16.0.0/12', // Private.
  '192.0.0.0/24', // Protocol assignments.
  '192.0.2.0/24', // Documentation.
  '192.31.196.0/24', // AS112.
  '192.52.193.0/24', // Automatic multicast tunneling.
  '192.88.99.0/24', // Relays of 6to4.
  '192.168.0.0/16', // Private.
  '192.175.48.0/24', // AS112.
  '198.18.0.0/15', // Benchmarks.
  '198.51.100.0/24', // Documentation.
  '203.0.113.0/24', // Documentation.
  '224.0.0.0/4', // Multicast.
  '240.0.0.0/4', // Reserved, and the broadcast address.
].map(networkOf)

const SPECIAL_V6 = [
  '2001::/23', // Protocol assignments: Teredo, benchmarks, ORCHID and others.
  '2001:db8::/32', // Documentation.
  '2002::/16', // 6to4.
  '2620:4f:8000::/48', // AS112.
  '3fff::/20', // Documentation.
].map(networkOf)
