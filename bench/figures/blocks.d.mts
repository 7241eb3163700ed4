/** Types of the blocks of figures. */

/** Results of suites by name, as `npm run bench` writes them. */
export type Results = Readonly<Record<string, unknown>>

export const BLOCKS: Readonly<Record<string, (results: Results) => string | undefined>>

export function fillBlocks(page: string, results: Results): string

/** Sentences on where the results come from, or on why they do not belong together. */
export function originOf(
  suites: readonly { readonly suite: string; readonly origin?: object | undefined }[],
): readonly string[]
