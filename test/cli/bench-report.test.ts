import { expect, test } from 'vitest'
import { amountText } from '../../cli/bench-report.ts'

test.each([
  [0, 'ns', '0.00 ns'],
  [4.123, 'ns', '4.12 ns'],
  [41.23, 'ns', '41.2 ns'],
  [999.4, 'ns', '999 ns'],
  [1000, 'ns', '1.00 us'],
  [1.5e6, 'ns', '1.50 ms'],
  [2e9, 'ns', '2.00 s'],
  [999, 'bytes', '999 B'],
  [18_715, 'bytes', '18.7 kB'],
  [2_883_584, 'bytes', '2.88 MB'],
] as const)('%d %s is %s', (value, unit, text) => {
  expect(amountText(value, unit)).toBe(text)
})
