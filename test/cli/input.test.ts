import { expect, test } from 'vitest'
import { openInput } from '../../cli/input.ts'
import { folderOf } from './command.ts'
import { machineIn } from './machine.ts'

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

test('a file is read, and what is missing or a folder is refused at once', async () => {
  const { terminal } = machineIn(folderOf({ 'a.txt': 'one\ntwo\n', 'folder/x': '' }))
  expect(await textOf(openInput(terminal, 'a.txt', 'lines'))).toBe('one\ntwo\n')
  expect(() => openInput(terminal, 'b.txt', 'lines')).toThrow('there is no `b.txt`')
  expect(() => openInput(terminal, 'folder', 'lines')).toThrow('`folder` is a folder, a file is wanted')
})

test('Ctrl-C ends standard input without an error', async () => {
  const { terminal } = machineIn(folderOf(), { interruptAtOnce: true })
  const read = textOf(openInput(terminal, '-', 'lines'))
  terminal.parts.takeInterrupts()
  expect(await read).toBe('')
})
