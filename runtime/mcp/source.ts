/** Where requests come from. */
import { parseAddress } from '../../compiler/model/index.ts'

/** What requests are counted by: an address, of IPv6 the network that one customer has. */
export function sourceOf(ip: string | undefined): string | undefined {
  const address = ip === undefined ? undefined : parseAddress(ip)
  if (address === undefined || !address.ok) return ip
  const isV4 = address.value >> 32n === 0xffffn
  return String(isV4 ? address.value : address.value >> 64n)
}
