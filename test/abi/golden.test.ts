/**
 * Requests that the loader and an encoder written from docs/abi.md alone put to the same modules. It shows that the page is
 * complete, and that the decision is made in the module: neither side knows a policy.
 */
import { describe, expect, test } from 'vitest'
import { type Decision, EngineError, type EngineRequest, loadLiveEngine } from '../../engine-wasm/host/index.ts'
import { compileFolder, recordsOf } from './compiled.ts'
import { GOLDEN, type Golden } from './golden.ts'
import { open, type Second, type SecondAnswer } from './second-encoder.mjs'

const FOLDERS = ['acme', 'browser', 'everything', 'filesystem', 'git', 'memory', 'starter']

function both({ module, state }: Golden): {
  readonly engine: ReturnType<typeof loadLiveEngine>
  readonly second: Second
} {
  const engine = loadLiveEngine(module)
  const second = open(module)
  for (const record of recordsOf(state)) {
    const handle = second.put(record)
    try {
      engine.putRecord(record)
      expect(handle).toBeGreaterThan(0)
    } catch (error) {
      expect([error instanceof EngineError && error.code, handle]).toEqual(['name-taken', -10])
    }
  }
  for (const [flag, bits] of [
    ['revoked', 1],
    ['suspended', 2],
  ] as const) {
    for (const id of state[flag]) {
      engine.setFlag(id, flag)
      second.revoke(id, state.revoked.includes(id) && state.suspended.includes(id) ? 3 : bits)
    }
  }
  return { engine, second }
}

/** What both say, in the words of the loader. */
function spoken(answer: SecondAnswer): unknown {
  const { decision, reason, hops, guard, failed, meters, approvals } = answer
  const isAllowed = decision === 'allow' || decision === 'throttle'
  return {
    decision,
    reason,
    hops,
    guard,
    failed: KINDS.filter((_, kind) => (failed >> kind) & 1),
    chosen: answer.chosen ?? [],
    reservations: isAllowed
      ? meters.map(({ key, window, limit, amount, start, isMoney }) => ({
          key,
          window,
          windowStart: start < 0n ? null : Number(start),
          limit: `${limit}`,
          amount: `${amount}`,
          unit: isMoney ? 'nanoUsd' : 'calls',
        }))
      : [],
    approvals: approvals.map(({ by, within }) => ({
      ...(by !== undefined && { by }),
      ...(within >= 0n && { withinMs: Number(within) }),
    })),
  }
}

const KINDS = ['ip-not-allowed', 'outside-hours', 'arg-mismatch', 'unexpected-arg', 'trust-too-low', 'cost-too-high']

function said({ decision, reason, hops, guard, failed, charged, grant, reservations, approvals }: Decision): unknown {
  return {
    decision,
    reason,
    hops,
    guard,
    failed: failed ?? [],
    chosen: charged ?? (grant === undefined ? [] : [grant]),
    reservations: reservations ?? [],
    approvals: approvals ?? [],
  }
}

describe('the loader and an encoder of the page docs/abi.md', () => {
  test('get the same answers to 500 requests', () => {
    let asked = 0
    for (const golden of GOLDEN) {
      const { engine, second } = both(golden)
      for (const { value, possible } of golden.requests) {
        // The second encoder is asked for what is an object; what is none is the loader's affair.
        const request = Object.assign({}, value) as EngineRequest
        const readings = request.readings ?? {}
        const found = engine.decide({ ...request, readings }, { charge: 'caller', possible })
        expect(said(found), JSON.stringify(value)).toEqual(spoken(second.ask(request, possible)))
        asked++
      }
    }
    expect(asked).toBe(500)
  })

  test('are asked with every member of a request, and give every outcome', () => {
    const members = new Set(GOLDEN.flatMap(({ requests }) => requests.flatMap(({ value }) => Object.keys(value ?? {}))))
    const known = ['agent', 'action', 'resource', 'via', 'args', 'ip', 'now', 'since', 'cost', 'trust', 'tenant']
    expect([...members]).toEqual(expect.arrayContaining([...known, 'approvedBy', 'approvedAt', 'readings']))
    const outcomes = new Set(
      GOLDEN.flatMap((golden) => {
        const { second } = both(golden)
        return golden.requests.map(({ value, possible }) => second.ask(Object.assign({}, value), possible).decision)
      }),
    )
    expect([...outcomes].sort()).toEqual(['allow', 'approval', 'deny', 'limited', 'throttle'])
  })

  test('agree on every policy of the repository', () => {
    for (const folder of FOLDERS) {
      const { module } = compileFolder(folder)
      const engine = loadLiveEngine(module)
      const second = open(module)
      for (const resource of ['mcp:github:repos', 'mcp:filesystem:read_file', 'mcp:git:git_log', 'a']) {
        const request = { agent: 'triager', action: 'execute', resource, args: { path: '/docs/a.md' }, now: 0 }
        expect(said(engine.decide({ ...request, readings: {} }, { charge: 'caller' }))).toEqual(
          spoken(second.ask(request)),
        )
      }
    }
  })
})
