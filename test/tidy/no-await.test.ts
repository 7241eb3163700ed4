/** Nothing behind a door awaits at top level: otherwise `require()` of the door fails, and a Worker waits before its first request. */
import { expect, test } from 'vitest'
import { DOORS } from '../../scripts/doors.mjs'
import { awaitsAtTop, graphOf } from '../../scripts/graph.mjs'

test.each(DOORS)('no module behind $door on $platform awaits at top level', async ({ door, platform }) => {
  const { awaits, modules } = await graphOf({ door, platform })
  expect({ awaits, looked: modules.length > 0 }).toEqual({ awaits: [], looked: true })
})

test.each([
  'await ready',
  'export const file = await import("./file.js")',
  'if (isLate) { await ready }',
  'for await (const part of parts) use(part)',
  'export class Later extends (await base) {}',
  'export const methods = { [await name]() {} }',
  'await using file = open()',
  'export default await ready',
])('`%s` is found', (code) => {
  expect(awaitsAtTop(code)).toBe(true)
})

test.each([
  'export async function load() { await ready; for await (const part of parts) use(part) }',
  'export const load = async () => (await import("./file.js")).default',
  'export class File { async read() { await this.open() } later = async () => await ready }',
  'export const methods = { async read() { return await ready } }',
])('`%s` waits for nobody', (code) => {
  expect(awaitsAtTop(code)).toBe(false)
})
