import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createUniverse, decideAttenuation, type HeldGrants } from '../../../compiler/algebra/index.ts'
import { grantText, HOLDER, hold } from './conditions.ts'

function heldBy(texts: readonly string[], expiresAt?: number): HeldGrants {
  return { grants: hold(texts).grants, subject: HOLDER, ...(expiresAt !== undefined && { expiresAt }) }
}

function decide(given: HeldGrants, ways: readonly (readonly HeldGrants[])[]): string {
  const held = ways.map((factors) => ({ factors: factors.map((factor) => [factor]) }))
  return decideAttenuation({ given, held }, createUniverse()).kind
}

describe('what may be delegated', () => {
  it('everybody may pass on what they hold, and a union of it', () => {
    fc.assert(
      fc.property(fc.array(grantText, { minLength: 1, maxLength: 3 }), (texts) => {
        expect(decide(heldBy(texts), [[heldBy(texts)]])).toBe('within')
      }),
    )
  })

  it('read and write through two grants may be given in one, and nothing beyond', () => {
    const held = [[heldBy(['allow read on x:a', 'allow write on x:a'])]]
    expect(decide(heldBy(['allow read, write on x:a']), held)).toBe('within')
    expect(decide(heldBy(['allow read, write on x:*']), held)).toBe('wider')
  })

  it('every factor above must hold it', () => {
    const factors = [heldBy(['allow * on x:*']), heldBy(['allow read on **'])]
    expect(decide(heldBy(['allow read on x:a']), [factors])).toBe('within')
    expect(decide(heldBy(['allow write on x:a']), [factors])).toBe('wider')
  })

  it('an expiry that is stated may not be later, one that is not stated is that above', () => {
    const at = (expiresAt: number | undefined) => heldBy(['allow read on x:a'], expiresAt)
    expect([decide(at(6), [[at(5)]]), decide(at(5), [[at(5)]]), decide(at(undefined), [[at(5)]])]).toEqual([
      'wider',
      'within',
      'within',
    ])
  })

  it('a question that is too hard is not answered', () => {
    const [given, held] = [heldBy(['allow read on x:a*']), heldBy(['allow read on x:{a,b}'])]
    const answer = decideAttenuation({ given, held: [{ factors: [[held]] }] }, createUniverse(2))
    expect(answer.kind).toBe('unknown')
  })
})
