import { expect, test } from 'vitest'
import { toSchema } from '../../../../compiler/analyze/cedar/schema.ts'
import { createCedar } from '../../../properties/cedar/cedar.ts'
import { answersOf, exportOf } from './evaluate.ts'

test('the schema names the actions, one for all others, and the arguments that are asked about', () => {
  const args = new Map([
    ['path', ['path']],
    ['deep."odd name"', ['deep', 'odd name']],
  ])
  const schema = toSchema({ actions: new Set(['read', 'é "x"']), args })
  expect(schema).toContain('action "read", "é \\"x\\"", "*" appliesTo {')
  expect(schema).toContain('    args: {\n      "path"?: Argument,\n      "deep.\\"odd name\\""?: Argument,\n    },\n')
  expect(schema).toContain('  s29?: String, s30?: String, s31?: String,\n};')
})

test('Cedar accepts the schema of a policy that asks nothing', () => {
  expect(() => createCedar(exportOf('policy p\nservice agent a {\n}\n'))).not.toThrow()
})

test('an action that no rule names is every other action', () => {
  const text = 'policy p\nservice agent a {\n  allow * on x\n  allow read on y\n}\n'
  const ask = (action: string, resource: string) => ({ agent: 'a', action, resource })
  expect(answersOf(text, [ask('other', 'x'), ask('other', 'y'), ask('read', 'y'), ask('*', 'x')])).toEqual([
    'allow',
    'deny',
    'allow',
    'refused',
  ])
})
