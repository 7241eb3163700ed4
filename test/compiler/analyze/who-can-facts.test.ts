import { expect, test } from 'vitest'
import { createUniverse } from '../../../compiler/algebra/index.ts'
import { readRequest } from '../../../compiler/analyze/explain-request.ts'
import { knownBox } from '../../../compiler/analyze/who-can-facts.ts'
import { modelOf } from './sound.ts'

const MODEL = modelOf(
  'autonomous agent a { allow read on x when args.n <= 5 } forbid read on y unless args.deep.x = "z"',
)

function dimensions(members: object, known: Parameters<typeof knownBox>[0]['known']): readonly string[] {
  const read = readRequest({ agent: 'a', action: 'read', resource: 'x', ...members })
  if (!read.ok) throw new TypeError(read.message)
  return [...knownBox({ facts: read.facts, known }, MODEL, createUniverse()).keys()].sort()
}

test('only what is known is fixed', () => {
  expect(dimensions({ ip: '10.0.0.1', trust: 4 }, ['ip'])).toEqual(['ip'])
})

test('known arguments fix every argument that a rule asks about, and those that are there', () => {
  expect(dimensions({ args: { other: 1 } }, ['args'])).toEqual([
    'arg:["deep","x"]',
    'arg:["n"]',
    'arg:["other"]',
    'args',
  ])
})
