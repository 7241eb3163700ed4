/** The Cedar schema of an export: what the mapping of requests gives. */

import { quote } from './quote.ts'
import { MAX_RESOURCE_SEGMENTS } from './resource.ts'

/** What a policy names. */
export interface Vocabulary {
  readonly actions: ReadonlySet<string>
  /** Paths of arguments that conditions ask about, by their keys in `context.args`. */
  readonly args: ReadonlyMap<string, readonly string[]>
}

/** Stands for every action that no rule names: those are all alike, and no action may be called so. */
export const OTHER_ACTION = '*'

export function toSchema({ actions, args }: Vocabulary): string {
  const segments = Array.from({ length: MAX_RESOURCE_SEGMENTS - 1 }, (_, index) => `s${index + 1}?: String`)
  const names = [...actions, OTHER_ACTION].map(quote).join(', ')
  const members = [...args.keys()].map((key) => `      ${quote(key)}?: Argument,\n`)
  return `// A number and its 10^9-fold, rounded down and up.
type Number = { floor: Long, ceiling: Long, nanoFloor: Long, nanoCeiling: Long };

// An argument as each type that it is: a text may be an address and a time too.
type Argument = {
  text?: String,
  length?: Long,
  number?: Number,
  truth?: Bool,
  ip?: ipaddr,
  minuteOfWeek?: Long,
};

entity Role;

entity Agent in [Role] = {
  "type": String,
  owner?: String,
};

entity Resource = {
  count: Long,
  s0: String,
${chunk(segments)}};

action ${names} appliesTo {
  principal: Agent,
  resource: Resource,
  context: {
    mapping?: Long,
    now?: Long,
    minuteOfWeek?: Long,
    ip?: ipaddr,
    trust?: Number,
    cost?: Number,
    argNames?: Set<String>,
    args: {${members.length === 0 ? '' : `\n${members.join('')}    `}},
  },
};
`
}

function chunk(texts: readonly string[]): string {
  const lines: string[] = []
  for (let at = 0; at < texts.length; at += 7) lines.push(`  ${texts.slice(at, at + 7).join(', ')},\n`)
  return lines.join('')
}
