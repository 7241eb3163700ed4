/** What may happen to a database, by what it is; each throws when something is not as it should be. */
export const FAULTS: readonly (readonly [name: string, keep: (place: unknown) => Promise<void>])[]
