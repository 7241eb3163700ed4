/** The tree over the log. @see RFC 9162 section 2.1, which is that of RFC 6962 */

export type Sha256 = (bytes: Uint8Array) => Uint8Array

export const HASH_BYTES = 32
export const LEAF_PREFIX = 0
export const NODE_PREFIX = 1
