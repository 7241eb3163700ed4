import { expect, test } from 'vitest'
import { type Ask, type Inputs, isStale } from '../../../site/playground/messages.ts'

const INPUTS: Inputs = { text: 'policy a', request: '{}', state: '' }
const OTHERS: readonly Inputs[] = [
  INPUTS,
  { ...INPUTS, text: 'policy b' },
  { ...INPUTS, request: '{"agent":"a"}' },
  { ...INPUTS, state: '{"agents":[]}' },
]

test.each<[Ask, readonly boolean[]]>([
  [{ kind: 'check', text: INPUTS.text }, [false, true, false, false]],
  [{ kind: 'prove', text: INPUTS.text }, [false, true, false, false]],
  [{ kind: 'decide', ...INPUTS }, [false, true, true, true]],
  [{ kind: 'explain', ...INPUTS }, [false, true, true, true]],
])('the answer to %j is stale once something that was sent differs', (ask, expected) => {
  expect(OTHERS.map((now) => isStale(ask, now))).toEqual(expected)
})
