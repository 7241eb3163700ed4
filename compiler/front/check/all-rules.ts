/** The rules in the order in which they run. They do not depend on each other; diagnostics are sorted afterwards. */
import { checkCatalogTools } from './catalog-tools.ts'
import { checkCompanionFiles } from './companion-files.ts'
import { checkConditions } from './conditions.ts'
import type { Rule } from './context.ts'
import { checkDelegatedAgents } from './delegated-agents.ts'
import { checkDelegations } from './delegations.ts'
import { checkEstimates } from './estimates.ts'
import { checkExpired } from './expired.ts'
import { checkHeader } from './header.ts'
import { checkImpossible } from './impossible.ts'
import { checkKnownNames } from './known-names.ts'
import { checkNameText } from './name-text.ts'
import { checkNumbers } from './numbers.ts'
import { checkOnce } from './once.ts'
import { checkPatterns } from './patterns.ts'
import { checkRepeats } from './repeats.ts'
import { checkRoleCycles } from './role-cycles.ts'
import { checkTests } from './tests.ts'
import { checkUniqueNames } from './unique-names.ts'
import { checkUnused } from './unused.ts'

/** Every rule of this folder. */
export const RULES: readonly Rule[] = [
  checkHeader,
  checkCompanionFiles,
  checkUniqueNames,
  checkKnownNames,
  checkRoleCycles,
  checkNameText,
  checkOnce,
  checkDelegatedAgents,
  checkDelegations,
  checkNumbers,
  checkPatterns,
  checkConditions,
  checkImpossible,
  checkTests,
  checkCatalogTools,
  checkUnused,
  checkEstimates,
  checkRepeats,
  checkExpired,
]
