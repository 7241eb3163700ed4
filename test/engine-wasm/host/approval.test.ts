import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type EngineRequest, loadEngine } from '../../../engine-wasm/host/index.ts'
import { compilePolicy } from '../../abi/compiled.ts'

const imageOf = (generation: number) =>
  compilePolicy(`policy p generation ${generation}
autonomous agent a { allow do on r:** needs approval
  may delegate depth 1 }
delegated agent d { }
delegate a -> d { allow do on r:** }`).image
const engine = loadEngine(imageOf(4))
const ASKED = { agent: 'a', action: 'do', resource: 'r:x' }

function digestOf(request: EngineRequest): string | undefined {
  return engine.decide(request).approvalDigest
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

describe('the digest of an approval', () => {
  test('is of the canonical request, a line feed and the generation', () => {
    expect(digestOf(ASKED)).toBe(sha256('{"action":"do","agent":"a","chain":["a"],"resource":"r:x"}\n4'))
    const args = { b: [1, null, 'x'], a: { z: 1.5, y: true }, é: 1e21, '\u20ac': -0, '\ud83d\ude00': '\u0007"' }
    expect(digestOf({ ...ASKED, agent: 'd', via: [{ agent: 'a', since: 0 }], args })).toBe(
      sha256(
        '{"action":"do","agent":"d","args":{"a":{"y":true,"z":1.5},"b":[1,null,"x"],"é":1e+21,"€":0,"😀":"\\u0007\\""},' +
          '"chain":["a","d"],"resource":"r:x"}\n4',
      ),
    )
  })

  test('is the same whatever else the request says, and whatever the order of its members', () => {
    const digest = digestOf({ ...ASKED, args: { a: 1, b: 2 } })
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(digestOf({ ...ASKED, args: { b: 2, c: undefined, a: 1 } })).toBe(digest)
    expect(digestOf({ ...ASKED, args: { a: 1, b: 2 }, now: 5, ip: '::1', cost: 1, trust: 1, tenant: 't' })).toBe(digest)
    const approved = engine.decide({ ...ASKED, args: { a: 1, b: 2 }, approvedBy: 'x' }, { charge: 'caller' })
    expect([approved.allowed, approved.approvalDigest]).toEqual([true, digest])
  })

  test('is another for another request or generation', () => {
    const all = [
      digestOf(ASKED),
      digestOf({ ...ASKED, resource: 'r:y' }),
      digestOf({ ...ASKED, args: {} }),
      digestOf({ ...ASKED, args: { a: 1 } }),
      digestOf({ ...ASKED, args: { a: '1' } }),
      digestOf({ ...ASKED, args: { a: null } }),
      loadEngine(imageOf(5)).decide(ASKED).approvalDigest,
    ]
    expect(new Set(all).size).toBe(all.length)
  })

  test.each([
    ['NaN', { x: Number.NaN }],
    ['a bigint', { x: 1n }],
    ['a function', { x: () => 1 }],
    ['a lone surrogate', { x: '\ud800' }],
    ['a lone surrogate in a name', { '\ud800': 1 }],
    ['a hole in a list', { x: Array(2) }],
    ['a circle', circle()],
  ])('is not there when the arguments hold %s: nobody can approve that', (_, args) => {
    const decision = engine.decide({ ...ASKED, args })
    expect([decision.reason, decision.allowed, decision.approvalDigest]).toEqual([
      'approval-required',
      false,
      undefined,
    ])
  })
})

function circle(): object {
  const ring: { next?: object } = {}
  ring.next = ring
  return ring
}
