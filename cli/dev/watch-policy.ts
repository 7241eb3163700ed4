/** `watchPolicy`: a running host enforces the policy text of a folder, as it is saved. */
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Diagnostic } from '../../grammar/index.ts'
import { type Kavach, KavachError } from '../../runtime/index.ts'
import { EXIT_NO_INPUT } from '../exit.ts'
import { findingsText } from '../findings.ts'
import { Terminal } from '../terminal.ts'
import { followPolicy, type Outcome } from './follow.ts'
import { raisedImage } from './raise.ts'

type PolicyIdentity = Awaited<ReturnType<Kavach['policy']['current']>>

export interface PolicyFindings {
  /** True: the policy that was enforced before stays enforced. */
  readonly isRefused: boolean
  /** As `kavach check` prints them. */
  readonly text: string
  readonly findings: readonly Diagnostic[]
}

export interface WatchPolicyOptions {
  /** Called when another policy is enforced. */
  readonly onReload?: ((policy: PolicyIdentity) => void) | undefined
  /** Called when there is something to say about a policy; without it that goes to standard error. */
  readonly onFindings?: ((found: PolicyFindings) => void) | undefined
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined
}

export interface PolicyWatch {
  /** Ends the watch, when what is under way is done. */
  readonly close: () => Promise<void>
}

/** Another process may bring a policy into force between our look and ours. */
const TRIES = 5

/**
 * Compiles, proves and enforces the policy text of a folder, or of one file, and does so again for each change of it, until
 * `close` or `signal`. Resolves when the text as it is was looked at. A policy with errors, or one that claims what does not hold
 * or could not be proved, leaves the one before enforced.
 *
 * Each edit has a generation above the one that is enforced, so the database of a host under development is not one that a
 * deployed policy can be loaded into later.
 *
 * @throws {KavachError} KVCH_E_POLICY_SOURCE when there is no policy at the start; what `kavach.policy.reload` throws then
 */
export async function watchPolicy(
  kavach: Pick<Kavach, 'policy'>,
  folder: string | URL,
  { onReload, onFindings = printFindings, signal }: WatchPolicyOptions = {},
): Promise<PolicyWatch> {
  const ending = new AbortController()
  const signals = signal === undefined ? ending.signal : AbortSignal.any([ending.signal, signal])
  let isFirst = true

  async function handle(outcome: Outcome): Promise<void> {
    if (isFirst && outcome.kind === 'unreadable' && outcome.error.code === EXIT_NO_INPUT) {
      // A name that was mistyped is no policy to wait for.
      throw new KavachError('KVCH_E_POLICY_SOURCE', outcome.error.message, { cause: outcome.error })
    }
    const found = await findingsOf(outcome)
    try {
      const enforced = outcome.kind === 'sound' ? await enforce(kavach, outcome) : undefined
      if (found !== undefined) onFindings(found)
      if (enforced !== undefined) onReload?.(enforced)
    } catch (error) {
      if (isFirst || !(error instanceof KavachError)) throw error
      // A store that does not answer now may answer at the next change.
      onFindings({ isRefused: true, text: `kavach: the policy was not enforced: ${error.message}\n`, findings: [] })
    } finally {
      isFirst = false
    }
  }

  const named = folder instanceof URL ? fileURLToPath(folder) : folder
  const following = followPolicy(quietTerminal(), named, { signal: signals, handle })
  await Promise.race([following.first, following.ended])
  return {
    close() {
      ending.abort()
      return following.ended
    },
  }
}

async function enforce(
  kavach: Pick<Kavach, 'policy'>,
  { model }: Extract<Outcome, { kind: 'sound' }>,
): Promise<PolicyIdentity | undefined> {
  for (let tries = 1; ; tries++) {
    const image = raisedImage(model, await kavach.policy.current())
    if (image === undefined) return undefined
    try {
      return await kavach.policy.reload(image, { actor: 'kavachos/dev' })
    } catch (error) {
      const isLate = error instanceof KavachError && error.code === 'KVCH_E_POLICY_OUTDATED'
      if (!isLate || tries === TRIES) throw error
    }
  }
}

async function findingsOf(outcome: Outcome): Promise<PolicyFindings | undefined> {
  if (outcome.kind === 'unreadable') {
    const { message, help } = outcome.error
    const text = `kavach: ${message}\n${help === undefined ? '' : `  = help: ${help}\n`}`
    return { isRefused: true, text, findings: [] }
  }
  const { folder, checked, kind } = outcome
  const { diagnostics: findings } = checked
  if (findings.length === 0) return undefined
  const text = await findingsText(quietTerminal(), folder, findings, 'text')
  return { isRefused: kind === 'refused', text, findings }
}

function printFindings({ text }: PolicyFindings): void {
  process.stderr.write(text)
}

/** For what is shared with the command line, which prints nothing here. */
function quietTerminal(): Terminal {
  return new Terminal({
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    cwd: process.cwd(),
    color: false,
    errorColor: false,
    isTyped: false,
    isScreen: false,
    isWatched: false,
    debug: false,
    now: () => Date.now(),
    interrupt: new AbortController().signal,
    takeInterrupts: () => undefined,
  })
}
