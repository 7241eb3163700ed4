/** A witness as a row of a test. */
import { formatPattern, formatString, type PatternLiteral, parseDecimal } from '../model/index.ts'
import { nameText } from './describe-rule.ts'
import type { ToldApart } from './mutate-apart.ts'
import type { AskedRequest } from './mutate-decide.ts'

export interface BoundaryRow {
  readonly agent: string
  /** What the row is for. */
  readonly said: string
  /** Not yet formatted. */
  readonly text: string
}

/** Why there is no such row, lower case and without a final stop. */
export interface NoRow {
  readonly why: string
}

/** Longer rows help nobody. */
const MAX_ROW = 2000

/** The row that expects what the first policy decides. */
export function toRow({ request, state, verdicts }: ToldApart, said: string): BoundaryRow | NoRow {
  if (state !== undefined) return { why: 'it needs an agent or a delegation that is made at run time' }
  if (request.approvedAt !== undefined) return { why: 'a test does not say when something was approved' }
  const [{ decision, reason }] = verdicts
  const facts = factsOf(request)
  if ('why' in facts) return facts
  const parts = [decision, nameText(request.action), 'on', resourceText(request.resource), ...facts, 'because', reason]
  const text = parts.join(' ')
  if (text.length > MAX_ROW) return { why: `the row would have ${text.length} characters` }
  return { agent: request.agent, said, text }
}

function resourceText(resource: string): string {
  const segments = resource.split(':').map((text) => [{ kind: 'text', text } as const])
  const literal: PatternLiteral = { segments, rest: false }
  return formatPattern(literal)
}

function factsOf(request: AskedRequest): readonly string[] | NoRow {
  const { via, now, since, ip, args, trust, cost, approvedBy, readings } = request
  const facts: string[] = []
  if (via !== undefined) facts.push(`via ${via.join(', ')}`)
  for (const [word, stamp] of [
    ['at', now],
    ['since', since],
  ] as const) {
    if (stamp === undefined) continue
    const text = stampText(stamp)
    if (text === undefined) return { why: 'its time cannot be written' }
    facts.push(`${word} ${text}`)
  }
  if (ip !== undefined) facts.push(`from ${ip}`)
  if (args !== undefined) facts.push(`with ${jsonText(args)}`)
  if (trust !== undefined) {
    if (!isDecimal(trust)) return { why: `a trust of ${trust} cannot be written` }
    facts.push(`trust ${trust}`)
  }
  if (cost !== undefined) {
    if (!isDecimal(cost)) return { why: `a cost of ${cost} USD cannot be written` }
    facts.push(`cost ${cost} USD`)
  }
  for (const label of approvedBy ?? []) facts.push(`approved by ${formatString(label)}`)
  for (const [window, used] of Object.entries(readings?.used ?? {})) facts.push(`used ${used} per ${window}`)
  for (const [window, spent] of Object.entries(readings?.spent ?? {})) facts.push(`spent ${spent} USD per ${window}`)
  return facts
}

const LAST_STAMP = Date.parse('9999-12-31T23:59:59.999Z')

function stampText(stamp: number | string): string | undefined {
  if (typeof stamp === 'string') return /^\d{4}-/.test(stamp) ? stamp : undefined
  if (!(stamp >= 0 && stamp <= LAST_STAMP)) return undefined
  return new Date(stamp).toISOString().replace('.000Z', 'Z')
}

function isDecimal(value: number): boolean {
  return parseDecimal(String(value)).ok
}

/** Names without quotes, as people write them. */
function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => `${nameText(name)}: ${jsonText(member)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}
