/** Automata of a policy's regexes: the same text gives the same object. */
import type { RegexNode } from '../../grammar/index.ts'
import { compileRegex, type Dfa } from '../algebra/index.ts'

/** Compiles each distinct regex text once. */
export interface RegexPool {
  /** `undefined` when the regex needs more states than the format allows. */
  readonly get: (node: RegexNode) => Dfa | undefined
}

/** An empty pool. */
export function createRegexPool(): RegexPool {
  const automata = new Map<string, Dfa | undefined>()
  return {
    get: (node) => {
      const known = automata.get(node.text)
      if (known !== undefined || automata.has(node.text)) return known
      const compiled = compileRegex(node.value)
      const dfa = compiled.ok ? compiled.dfa : undefined
      automata.set(node.text, dfa)
      return dfa
    },
  }
}
