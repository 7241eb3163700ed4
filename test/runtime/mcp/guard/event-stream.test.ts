import { expect, test } from 'vitest'
import { changeEvents } from '../../../../runtime/mcp/guard/event-stream.ts'

async function changed(text: string, size: number): Promise<string> {
  const bytes = new TextEncoder().encode(text)
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
      controller.close()
    },
  })
  const change = async (data: string) => (data === 'drop' ? undefined : data.toUpperCase())
  return new Response(changeEvents(stream, change)).text()
}

test.each([1, 2, 5, 1000])('data is changed and all else kept, in pieces of %s bytes', async (size) => {
  const cases = [
    ['data: a\n\n', 'data: A\n\n'],
    ['data:a\r\n\r\n', 'data: A\n\n'],
    ['id: 1\nevent: x\ndata: ä\ndata: b\n\n', 'id: 1\nevent: x\ndata: Ä\ndata: B\n\n'],
    [': note\n\ndata: a\n\n', ': note\n\ndata: A\n\n'],
    ['data: drop\n\ndata: a\n\n', 'data: A\n\n'],
    ['data: a\n\ndata: never ended', 'data: A\n\n'],
    ['', ''],
  ] as const
  const results = await Promise.all(cases.map(([text]) => changed(text, size)))
  expect(results).toEqual(cases.map(([, expected]) => expected))
})
