import { expect } from 'vitest'

/** Expects `found` to be `expected`, and names the input otherwise. For tens of thousands of inputs `expect` alone is slow. */
export function agree(input: unknown, found: unknown, expected: unknown): void {
  if (!Object.is(found, expected)) expect([input, found]).toEqual([input, expected])
}
