import { expect, it } from 'vitest'
import { isName, nameFault } from '../../../../compiler/model/index.ts'

it.each<[string, string | undefined]>([
  ['planner', undefined],
  ['with blank, comma and "quote"', undefined],
  ['é', undefined],
  ['x'.repeat(128), undefined],
  ['é'.repeat(64), undefined],
  ['', 'is empty'],
  ['a:b', 'holds `:`'],
  ['a*', 'holds `*`'],
  ['a\nb', 'holds a control character'],
  ['a\u007f', 'holds a control character'],
  ['a\u0080', 'holds a control character'],
  ['a\u009f', 'holds a control character'],
  ['a\ufffd', 'holds U+FFFD'],
  ['a\ud800', 'holds a lone surrogate'],
  ['\udc00a', 'holds a lone surrogate'],
  ['x'.repeat(129), 'is longer than 128 bytes'],
  ['é'.repeat(65), 'is longer than 128 bytes'],
  ['😀'.repeat(33), 'is longer than 128 bytes'],
  ['e\u0301', 'is not in Unicode normal form C'],
])('%j', (text, fault) => {
  expect([nameFault(text), isName(text)]).toEqual([fault, fault === undefined])
})
