import { expect, test } from 'vitest'
import { type Line, readLines } from '../../cli/lines.ts'

async function linesOf(chunks: readonly (string | Uint8Array)[], maxBytes?: number): Promise<Line[]> {
  async function* stream() {
    for (const chunk of chunks) yield Buffer.from(chunk)
  }
  const lines: Line[] = []
  for await (const more of readLines(stream(), maxBytes)) lines.push(...more)
  return lines
}

test('lines are counted from 1 and lose their ends, whatever chunks they come in', async () => {
  const lines = [
    { number: 1, text: 'a' },
    { number: 2, text: '' },
    { number: 3, text: 'über' },
    { number: 4, text: 'last' },
  ]
  const bytes = Buffer.from('a\r\n\nüber\nlast')
  expect(await linesOf([bytes])).toEqual(lines)
  expect(await linesOf([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(lines)
})

test('a last line end starts no line', async () => {
  expect(await linesOf(['a\n'])).toEqual([{ number: 1, text: 'a' }])
  expect(await linesOf([''])).toEqual([])
})

test('a byte order mark at the start of a line is dropped', async () => {
  expect(await linesOf(['\ufeffa\nb'])).toEqual([
    { number: 1, text: 'a' },
    { number: 2, text: 'b' },
  ])
})

test('a line is read at the limit and refused one byte past it, and the next line is read', async () => {
  expect(await linesOf(['12345\n123456\n1'], 5)).toEqual([
    { number: 1, text: '12345' },
    { number: 2, fault: 'it has 6 bytes, more than 5' },
    { number: 3, text: '1' },
  ])
})

test('a line that is not UTF-8 is refused, and the next line is read', async () => {
  expect(await linesOf([Uint8Array.of(0xc3, 0x28, 0x0a), 'b'])).toEqual([
    { number: 1, fault: 'it is not UTF-8' },
    { number: 2, text: 'b' },
  ])
})
