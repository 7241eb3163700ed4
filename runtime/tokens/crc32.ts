/**
 * CRC-32, which misses no error that lies within 32 bits in a row: neither a wrong character nor two that changed places.
 *
 * @see ITU-T V.42, section 8.1.1.6.2; the check value of `123456789` is 0xcbf43926
 */

/** Of the first `length` characters of a text; all of them are ASCII. */
export function crc32(text: string, length: number): number {
  let crc = -1
  for (let at = 0; at < length; at++) {
    // The index is a byte, and the table has an entry for each.
    crc = (crc >>> 8) ^ (TABLE[(crc ^ text.charCodeAt(at)) & 0xff] as number)
  }
  return (crc ^ -1) >>> 0
}

const POLYNOMIAL = 0xedb88320

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  return crc
})
