import { expect, test } from 'vitest'
import { fromFragment, type Shared, toFragment } from '../../../site/playground/link.ts'

const SHARED: Shared = {
  text: 'policy p generation 1\n// å, 中 and 🙂\n',
  request: '{ "agent": "a" }',
  state: '',
}

test('a link gives back what it was made of, in characters that an address may hold', async () => {
  const fragment = await toFragment(SHARED)
  expect(fragment).toMatch(/^v1\.[\w-]+$/)
  expect(await fromFragment(fragment)).toEqual(SHARED)
})

test('a policy of many lines makes a short link', async () => {
  const text = 'autonomous agent a { allow read on mcp:docs:** }\n'.repeat(500)
  expect((await toFragment({ ...SHARED, text })).length).toBeLessThan(600)
})

/** The fragment of other JSON than pages make. */
async function fragmentOf(value: unknown): Promise<string> {
  return toFragment(value as Shared) // It is not, which is the point.
}

test.each([
  ['nothing', ''],
  ['another version', 'v2.AAAA'],
  ['characters that are none of base64', 'v1.a+b/'],
  ['base64 cut short', 'v1.A'],
  ['what is not deflated', 'v1.AAAAAAAA'],
])('%s is no link', async (_, fragment) => {
  expect(await fromFragment(fragment)).toBeUndefined()
})

test.each([null, 7, [], {}, { text: 'a', request: 7, state: '' }])('JSON such as %j is no link', async (value) => {
  expect(await fromFragment(await fragmentOf(value))).toBeUndefined()
})

test('a link cut anywhere is no link', async () => {
  const fragment = await toFragment(SHARED)
  for (let length = 4; length < fragment.length - 1; length += 7) {
    expect(await fromFragment(fragment.slice(0, length))).toBeUndefined()
  }
})

test('a small link that would fill the memory is no link', async () => {
  const fragment = await toFragment({ ...SHARED, text: ' '.repeat(50_000_000) })
  expect(fragment.length).toBeLessThan(100_000)
  expect(await fromFragment(fragment)).toBeUndefined()
})
