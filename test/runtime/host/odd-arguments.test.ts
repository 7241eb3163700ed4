/** What callers write is not checked by anybody before: whatever it is, it is a denial, an error with a code, or an answer. */
import { expect, test } from 'vitest'
import type { Kavach } from '../../../index.ts'
import { makeAgent, openHost } from './hosts.ts'

const ODD: readonly unknown[] = [
  undefined,
  null,
  5,
  Number.NaN,
  10n,
  true,
  '',
  '\ud800',
  'x'.repeat(100_000),
  [],
  [null],
  {},
  { keys: 5 },
  { checkpoints: [5] },
  { keys: 'abc' },
  new Date(Number.NaN),
  () => 1,
  { actor: 5 },
  { actor: '' },
  { actor: '\ud800' },
  { limit: -1 },
  { limit: 1.5 },
  { cursor: 5 },
  { reason: 5 },
  { reason: '\ud800' },
  { unknown: 1 },
]

/** These wait, end the host, give no promise, or take a `Request`, which the platform makes. */
const LEFT_OUT = ['close', 'guard', 'owns', 'fetch', 'sessions.verify', 'approvals.wait']

type Method = (...args: readonly unknown[]) => unknown

test('no method answers odd arguments with anything but a code', async () => {
  const warnings: string[] = []
  const kavach = await openHost({ warn: (message) => void warnings.push(message) })
  const { id } = await makeAgent(kavach)
  const wrong: string[] = []
  const methods = methodsOf(kavach)
  for (const [name, method] of methods) {
    for (const odd of ODD) {
      for (const args of [[odd], [id, odd], [odd, odd], [id, {}, odd]]) {
        const code = await codeOf(method, args)
        if (!/^(none|KVCH_E_(?!POLICY_ENGINE))/.test(code)) wrong.push(`${name}(${args.map(describe)}): ${code}`)
      }
    }
  }
  expect(wrong).toEqual([])
  expect(warnings.filter((message) => message.includes('failed'))).toEqual([])
  expect(methods.length).toBeGreaterThan(40)
  expect(await kavach.audit.verify()).toMatchObject({ isIntact: true })
})

function methodsOf(kavach: Kavach): readonly (readonly [string, Method])[] {
  const found: [string, Method][] = []
  const add = (name: string, member: unknown) => {
    // Anything may be given to it, which is what is tried.
    if (typeof member === 'function' && !LEFT_OUT.includes(name)) found.push([name, member as Method])
  }
  for (const [name, part] of Object.entries(kavach)) {
    if (name === 'agent') continue
    if (typeof part === 'object' && part !== null) {
      for (const [member, method] of Object.entries(part)) add(`${name}.${member}`, method)
    } else add(name, part)
  }
  return found
}

/** Of what it throws or rejects with, or of the denial that it gives. */
async function codeOf(method: Method, args: readonly unknown[]): Promise<string> {
  try {
    const given = method(...args)
    if (typeof given === 'object' && given !== null && Symbol.asyncIterator in given) {
      // It has an iterator of that kind.
      for await (const _ of given as AsyncIterable<unknown>) break
      return 'none'
    }
    const answer = await given
    const isDenial = typeof answer === 'object' && answer !== null && 'code' in answer
    return isDenial ? String(answer.code) : 'none'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

function describe(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 20)) : (JSON.stringify(value) ?? String(value))
}
