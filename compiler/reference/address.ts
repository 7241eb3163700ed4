/**
 * The address in a request as an unsigned 128-bit number, IPv4 as `::ffff:a.b.c.d`; nothing for any other text.
 *
 * @see RFC 4291 section 2.2 for the three forms; a `::` stands for at least one group
 */
export function parseAddress(value: unknown): bigint | undefined {
  if (typeof value !== 'string') return undefined
  if (!value.includes(':')) {
    const v4 = parseV4(value)
    return v4 === undefined ? undefined : 0xffff_0000_0000n | v4
  }
  const halves = value.split('::')
  if (halves.length > 2) return undefined
  const [head = '', tail] = halves
  const before = parseGroups(head, tail === undefined)
  const after = tail === undefined ? [] : parseGroups(tail, true)
  if (before === undefined || after === undefined) return undefined
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...Array<bigint>(missing).fill(0n), ...after]
  return groups.reduce((sum, group) => (sum << 16n) | group, 0n)
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let address = 0n
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined
    address = (address << 8n) | BigInt(part)
  }
  return address
}

/** Groups between colons; the last one may be an IPv4 address when these groups end the address. */
function parseGroups(text: string, mayEndInV4: boolean): bigint[] | undefined {
  if (text === '') return []
  const groups: bigint[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(BigInt(`0x${part}`))
      continue
    }
    const v4 = mayEndInV4 && index === parts.length - 1 ? parseV4(part) : undefined
    if (v4 === undefined) return undefined
    groups.push(v4 >> 16n, v4 & 0xffffn)
  }
  return groups
}
