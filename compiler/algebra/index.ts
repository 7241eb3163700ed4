/** Door of the algebra: automata of regexes and patterns, and sets of addresses. */
export { type Budget, createBudget, TooHard } from './budget.ts'
export type { Dfa } from './dfa.ts'
export { createLanguages, type Language, type Languages } from './language.ts'
export { compilePattern, isSmallPattern } from './pattern.ts'
export { type BigRange, intersectRanges, mergeRanges, subtractRanges } from './ranges.ts'
export { type CompiledRegex, compileRegex } from './regex.ts'
export { acceptsText } from './run.ts'
export { AutomatonTooLarge } from './table.ts'
