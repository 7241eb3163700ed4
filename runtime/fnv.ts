/** A quick hash of names, for tables and for choosing; whoever can choose names can make two collide. */

/** FNV-1a over the UTF-16 units; 32 bits, not negative. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
