/** Texts that come in pieces, as the body of an answer. */

/**
 * A stream that reads no further than it is read itself. The first piece is waited for, so that what is wrong from the start is an
 * error and no broken answer.
 */
export async function streamOf(pieces: AsyncIterable<string>): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder()
  const iterator = pieces[Symbol.asyncIterator]()
  let next: IteratorResult<string> | undefined = await iterator.next()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = next ?? (await iterator.next())
      next = undefined
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}
