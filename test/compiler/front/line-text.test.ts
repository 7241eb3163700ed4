import { expect, it } from 'vitest'
import { lineText } from '../../../compiler/front/index.ts'
import { parse } from './findings.ts'

function textOf(assertion: string): string {
  const [file] = parse(`policy p\nservice agent a { allow read on x }\n${assertion}\n`)
  const node = file?.declarations.find(({ kind }) => kind === 'assert')
  return file === undefined || node === undefined ? '' : lineText(file, node)
}

it('several lines become one', () => {
  expect(textOf('assert never a\n  can   read\n  on x')).toBe('assert never a can read on x')
})

it('a comment in between is no part of what is said', () => {
  expect(textOf('assert every read on x needs approval // for now, by "nobody"\n  by "lead"')).toBe(
    'assert every read on x needs approval by "lead"',
  )
})

it('the inside of strings and regexes stays', () => {
  expect(textOf('assert never a can read on x when args.p matches /a  b/ and args.q = "c  // d"')).toBe(
    'assert never a can read on x when args.p matches /a  b/ and args.q = "c  // d"',
  )
})

it('the slash of a network is no regex', () => {
  expect(textOf('assert never a can read on x when ip in cidr [10.0.0.0/8,\n    11.0.0.0/8]')).toBe(
    'assert never a can read on x when ip in cidr [10.0.0.0/8, 11.0.0.0/8]',
  )
})
