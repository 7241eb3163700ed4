/** Types of the writer of NOTICE and THIRD_PARTY.md. */
export function thirdParty(folder: string): string
