/** What scripts/playground.mjs puts into the bundle. */

declare module 'playground:engine' {
  /** The bytes of build/engine.wasm. */
  export const engineWasm: Uint8Array<ArrayBuffer>
}

declare module 'playground:examples' {
  /** Policies to begin with. */
  export const examples: readonly {
    /** In links. */
    readonly id: string
    readonly title: string
    readonly text: string
    /** As the form takes it; empty when the first test of the policy is asked. */
    readonly request: string
  }[]
  /** Texts of catalogs, by the path that policies name. */
  export const catalogs: Readonly<Record<string, string>>
}
