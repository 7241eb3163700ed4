/** Writes the playground to `out`, build/playground when nothing is said, and returns the names of the bundled files. */
export function buildPlayground(out?: string): Promise<readonly string[]>
