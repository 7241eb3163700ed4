/** What the lints say of a service agent and the guardrails around it. */
import type { CheckOptions } from '../../../../compiler/front/index.ts'
import { findings } from '../findings.ts'

/** Lines of the agent's block, then declarations beside it. */
export function lintBot(
  members: readonly string[],
  beside: readonly string[] = [],
  options: CheckOptions = {},
): string {
  const lines = ['policy p', 'service agent bot {', ...members.map((member) => `  ${member}`), '}', ...beside]
  return findings(`${lines.join('\n')}\n`, options)
}

export const NOTHING = '\n\n'
