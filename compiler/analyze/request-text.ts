/** A witness request on one line, as people read it. */
import type { WitnessRequest } from './counterexample.ts'

/** `planner via root  write  mcp:github:a  from 10.0.0.1 at 2026-04-01T10:00:00Z with {...}`. */
export function requestText(
  request: Omit<WitnessRequest, 'agent' | 'via'> & Pick<Partial<WitnessRequest>, 'agent' | 'via'>,
): string {
  const { agent, via, action, resource, ip, now, args, trust, cost, approvedBy, approvedAt } = request
  const who = [agent, via === undefined ? undefined : `via ${via.join(', ')}`].filter((part) => part !== undefined)
  const facts = [
    ip === undefined ? undefined : `from ${ip}`,
    now === undefined ? undefined : `at ${stampText(now)}`,
    args === undefined ? undefined : `with ${JSON.stringify(args)}`,
    trust === undefined ? undefined : `trust ${trust}`,
    cost === undefined ? undefined : `cost ${cost} USD`,
    ...(approvedBy ?? []).map((label) => `approved by ${JSON.stringify(label)}`),
    approvedAt === undefined ? undefined : `approved at ${stampText(approvedAt)}`,
  ].filter((part) => part !== undefined)
  return [who.join(' '), action, resource, facts.join(' ')].filter((part) => part !== '').join('  ')
}

const MAX_DATE = 8.64e15

function stampText(stamp: number | string): string {
  if (typeof stamp === 'string') return stamp
  return stamp <= MAX_DATE ? new Date(stamp).toISOString().replace('.000Z', 'Z') : String(stamp)
}
