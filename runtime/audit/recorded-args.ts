/** Which arguments of a call are recorded with their values. */
import { canonicalJson } from '../../compiler/model/index.ts'

/** UTF-16 units of a text that a row keeps. */
export const MAX_RECORDED = 1024

/**
 * Canonical JSON of the arguments on the list, and an empty text when there are none. A value that is long, or that looks like
 * a secret anywhere inside, is left out, list or not: the digest of all arguments still tells it from another.
 *
 * @throws {TypeError} when a value is no JSON
 */
export function recordedArgs(args: Readonly<Record<string, unknown>>, allowed: ReadonlySet<string>): string {
  const kept: Record<string, unknown> = Object.create(null)
  let isEmpty = true
  for (const name of allowed) {
    if (!Object.hasOwn(args, name)) continue
    const value = args[name]
    if (value === undefined) continue
    const text = canonicalJson(value)
    if (text.length > MAX_RECORDED || looksSecret(text)) continue
    kept[name] = value
    isEmpty = false
  }
  return isEmpty ? '' : canonicalJson(kept)
}

/** Credentials that can be told by their form. */
const SECRETS: readonly RegExp[] = [
  /\bkv[acprs]?_[0-9A-Za-z]{16}/, // ours: agents, projects, clients
  /\bbearer\s+\S/i,
  /\bbasic\s+[A-Za-z0-9+/=]{8}/i,
  /\beyJ[\w-]+\.[\w-]+\./, // JWT
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b/, // AWS
  /\bgh[oprsu]_[A-Za-z0-9]{20}|\bgithub_pat_\w{20}|\bglpat-[\w-]{16}/, // GitHub, GitLab
  /\b[rs]k[-_](?:live|test|proj|ant|or)?[-_]?[\w-]{16}/, // Stripe, OpenAI, Anthropic
  /\bxox[abeoprs]-[\w-]{8}/, // Slack
  /\bAIza[\w-]{30}/, // Google
  /:\/\/[^\s/:@"]*:[^\s/@"]+@/, // a password inside an address
]

/** True for what holds a credential that can be told by its form. */
export function looksSecret(text: string): boolean {
  return SECRETS.some((pattern) => pattern.test(text))
}
