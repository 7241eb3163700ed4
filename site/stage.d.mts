export const ROOT: string
export const PAGES: string
export function slugOf(heading: string): string
export function stage(): number
